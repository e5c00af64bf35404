"""What callers of the JSON door may ask for, as models; what cannot be is told in a sentence."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.json_schema import SkipJsonSchema

from pbf import health
from pbf.actions import FREQUENCIES
from pbf.errors import InputError, InvalidName
from pbf.models import Connector

Wanted = TypeVar("Wanted", bound=BaseModel)

HOUR = r"^([01][0-9]|2[0-3]):00$"
LONGEST_QUOTE = 40
WORDS: dict[str, health.Word] = {word.casefold(): word for word in health.TONES}

KEY_HEADER = "Idempotency-Key"
LONGEST_KEY = 255

OBJECTS = {
    "NewConnector": 'Send a JSON object: {"service": "...", "name": "..."}.',
    "Change": 'Send a JSON object with what to change, such as {"paused": true}.',
}
FIELDS = {
    "service": "The field service is missing. Send the id of a service.",
    "name": "The field name is missing. Send a name for the connector.",
    "paused": "The field paused must be true or false.",
    "sync_frequency": "The field sync_frequency must be a number of minutes: "
    f"{', '.join(str(minutes) for minutes in FREQUENCIES)}.",
    "schedule_type": 'The field schedule_type must be "auto" or "manual".',
    "daily_sync_time": "The field daily_sync_time must be a full hour in UTC, "
    'from "00:00" to "23:00".',
}


def _optional(schema: dict[str, Any]) -> None:
    """Leave the default out: None is how we note what was not sent, and nothing one can send."""
    schema.pop("default")


def _frequency(schema: dict[str, Any]) -> None:
    _optional(schema)
    schema["enum"] = list(FREQUENCIES)


class NewConnector(BaseModel):
    """A connector to create."""

    model_config = ConfigDict(strict=True)

    service: str = Field(
        min_length=1, description="The id of a service.", examples=["google_sheets"]
    )
    name: str = Field(
        description="One line of at most 100 visible characters; the permanent name is made of its "
        "letters and digits.",
        examples=["Sales"],
    )


class Change(BaseModel):
    """What to change of a connector; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"minProperties": 1, "examples": [{"paused": True}]},
    )

    paused: bool | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=_optional, examples=[False]
    )
    sync_frequency: int | SkipJsonSchema[None] = Field(
        default=None,
        description="Minutes between syncs.",
        json_schema_extra=_frequency,
        examples=[1440],
    )
    schedule_type: Literal["auto", "manual"] | SkipJsonSchema[None] = Field(
        default=None,
        description="auto: by sync_frequency; manual: on request alone.",
        json_schema_extra=_optional,
        examples=["auto"],
    )
    daily_sync_time: Annotated[str, Field(pattern=HOUR)] | SkipJsonSchema[None] = Field(
        default=None,
        description="When a daily sync starts, in UTC.",
        json_schema_extra=_optional,
        examples=["06:00"],
    )

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        if value is None:
            raise ValueError("null changes nothing")
        return value

    @field_validator("sync_frequency")
    @classmethod
    def _allowed(cls, value: int | None) -> int | None:
        if value not in FREQUENCIES:
            raise ValueError("not a frequency of Fivetran's")
        return value

    @property
    def schedule(self) -> dict[str, Any]:
        """What of it concerns the schedule."""
        return self.model_dump(exclude_unset=True, exclude={"paused"})


class Filter(BaseModel):
    """Which connectors a list shall hold; what is empty leaves all."""

    status: health.Word | None = None
    service: str = ""
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filter":
        """Return the filter that a query string asks for, or raise InputError."""
        said = query.get("status", "").strip()
        if said and said.casefold() not in WORDS:
            raise InputError(f"There is no such status. There are {', '.join(WORDS.values())}.")
        return cls(
            status=WORDS.get(said.casefold()),
            service=query.get("service", "").strip(),
            words=tuple(query.get("q", "").casefold().split()),
        )

    def choose(self, connectors: Iterable[Connector], now: datetime) -> list[Connector]:
        """Return those of some connectors that match at a time, in their order."""
        return [connector for connector in connectors if self._matches(connector, now)]

    def _matches(self, connector: Connector, now: datetime) -> bool:
        if self.service and connector.service != self.service:
            return False
        named = f"{connector.title} {connector.schema_name} {connector.service}"
        text = f"{named} {connector.service.replace('_', ' ')}".casefold()
        if not all(word in text for word in self.words):
            return False
        return self.status is None or health.health(connector, now).word == self.status


def read_key(said: str | None) -> str | None:
    """Return the key under which a creation happens once, if one was sent, or raise InputError."""
    if said is None:
        return None
    if not 0 < len(said) <= LONGEST_KEY or not said.isascii() or not said.isprintable():
        raise InputError(
            f"{KEY_HEADER} must be 1 to {LONGEST_KEY} plain characters, such as a random UUID."
        )
    return said


def read_flag(name: str, said: str) -> bool:
    """Return whether a flag of the query string is set, or raise InputError."""
    if said not in ("true", "false"):
        raise InputError(f"{name} must be true or false.")
    return said == "true"


def read(model: type[Wanted], body: object) -> Wanted:
    """Return what a body asks for, or raise InputError with a sentence that names the field."""
    if not isinstance(body, dict) or (model is Change and not body):
        raise InputError(OBJECTS[model.__name__])
    try:
        return model.model_validate(body)
    except ValidationError as exc:
        trouble = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    # The validation error quotes the body, so it is not chained into logs.
    field = str(trouble["loc"][0])
    if trouble["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields)
        raise InputError(f"The field {field[:LONGEST_QUOTE]!r} is not known. Send {known}.")
    raise (InvalidName if field == "name" else InputError)(FIELDS[field])
