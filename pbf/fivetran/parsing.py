"""What a response holds: its body, the data in it, and one object as a model."""

import json
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from pbf.errors import BadAnswer

if TYPE_CHECKING:
    from requests import Response

Model = TypeVar("Model", bound=BaseModel)

# After decompression; a page of 1,000 connectors takes a few.
MEGABYTES = 64
CHUNK = 64 * 1024
# Python refuses to parse numbers of thousands of digits, and the whole text with them.
LONGEST_NUMBER = 100


def parse(model: type[Model], response: object) -> Model:
    """Return an object of a response; raise BadAnswer if it lacks what the model needs."""
    try:
        return model.model_validate(response)
    except ValidationError as exc:
        # The validation error quotes the response, so it is not chained into logs.
        where = ".".join(str(part) for part in exc.errors(include_input=False)[0]["loc"])
        raise BadAnswer(
            f"Fivetran's response does not have the documented format ({where or model.__name__})."
        ) from None


def content_of(response: "Response") -> bytes:
    """Return the decompressed body; raise BadAnswer as soon as it is too large."""
    content = bytearray()
    for chunk in response.iter_content(CHUNK):
        content += chunk
        if len(content) > MEGABYTES * 1024 * 1024:
            raise BadAnswer(
                f"A response from FIVETRAN_API_URL exceeds {MEGABYTES} MB. Check the address."
            )
    return bytes(content)


def data_of(status: int, content: bytes) -> dict[str, Any]:
    """Return the `data` of a body, empty if there is none.

    Raises BadAnswer for a redirect, and for a body that is not an object of JSON.
    """
    try:
        envelope = decoded(content) if content else {}
    except ValueError:
        envelope = None
    if status >= 300 or not isinstance(envelope, dict):
        raise BadAnswer("The server at FIVETRAN_API_URL is not Fivetran's API. Check the address.")
    data = envelope.get("data")
    return data if isinstance(data, dict) else {}


def decoded(content: bytes) -> Any:
    """Return a body's JSON, or raise ValueError.

    Invalid characters and huge numbers do not fail the whole text.
    """
    try:
        text = content.decode(json.detect_encoding(content), "replace")
        return json.loads(text.removeprefix("\ufeff"), parse_int=_integer)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < LONGEST_NUMBER else inf
