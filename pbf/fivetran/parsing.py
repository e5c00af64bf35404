"""One object of a response, as a model."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from pbf.errors import BadAnswer

Model = TypeVar("Model", bound=BaseModel)


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
