"""Request schemas of the JSON API, and a sentence for each way in which a request is invalid."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from pbf.errors import InputError, InvalidName
from pbf.fivetran.models import Connector, Schedule
from pbf.paths import LONGEST_SEARCH
from pbf.rules import health
from pbf.rules.access.colleague_links import DEFAULT_HOURS, DURATIONS, LONGEST_NOTE
from pbf.rules.parsed_schedule import DAILY, LONGEST_INTERVAL
from pbf.rules.permanent_names import MAX_TYPED_LENGTH
from pbf.rules.schedule import FREQUENCIES, ONLY_DAILY

Model = TypeVar("Model", bound=BaseModel)

Day = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]

HOUR = r"^([01][0-9]|2[0-3]):00$"
LONGEST_QUOTE = 40
STATUSES: dict[str, health.Word] = {status.casefold(): status for status in health.TONES}

KEY_HEADER = "Idempotency-Key"
LONGEST_KEY = 255

OBJECTS = {
    "NewInvitation": 'Send a JSON object: {"note": "...", "hours": 24}; both may be left out.',
    "NewConnector": 'Send a JSON object: {"service": "...", "name": "..."}.',
    "Change": 'Send a JSON object with what to change, such as {"paused": true}.',
}
FIELDS = {
    "note": f"The field note must be text of at most {LONGEST_NOTE} characters.",
    "hours": f"The field hours must be one of {', '.join(map(str, DURATIONS))}.",
    "service": "The field service is missing. Send the id of a service.",
    "name": "The field name is missing. Send a name for the connector.",
    "paused": "The field paused must be true or false.",
    "sync_frequency": "The field sync_frequency must be a number of minutes: "
    f"{', '.join(str(minutes) for minutes in FREQUENCIES)}.",
    "schedule_type": 'The field schedule_type must be "auto" or "manual".',
    "daily_sync_time": "The field daily_sync_time must be a full hour in UTC, "
    'from "00:00" to "23:00".',
    "schedule": 'The field schedule must be an object with schedule_type "INTERVAL" and interval '
    '(minutes), "TIME_OF_DAY" and time_of_day ("00:00" to "23:00", UTC), "CRON" and cron, or '
    '"MANUAL"; days_of_week is a list such as ["MONDAY"].',
}
# Errors that concern more than one field.
COMBINATIONS = {
    "both_forms": "Send schedule or the fields sync_frequency, schedule_type and daily_sync_time, "
    "not both.",
    "only_daily": ONLY_DAILY,
}


def _optional(schema: dict[str, Any]) -> None:
    """Remove the default: None stands for a field that was not sent, and cannot be sent."""
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
        description=f"One line of at most {MAX_TYPED_LENGTH} visible characters; its letters and "
        "digits make the permanent name.",
        examples=["Sales"],
    )


class NewInvitation(BaseModel):
    """A link with which a colleague finishes or renews the set-up of a connector."""

    model_config = ConfigDict(extra="forbid", strict=True)

    note: str = Field(
        default="",
        max_length=LONGEST_NOTE,
        description="What the colleague reads, as plain text.",
        examples=["You have the admin account of our shop."],
    )
    hours: int = Field(
        default=DEFAULT_HOURS,
        description="How long the link works.",
        json_schema_extra={"enum": list(DURATIONS)},
        examples=[DEFAULT_HOURS],
    )

    @field_validator("hours")
    @classmethod
    def _offered(cls, value: int) -> int:
        if value not in DURATIONS:
            raise ValueError("not a duration that is offered")
        return value


class NewSchedule(BaseModel):
    """The schedule that a connector shall have."""

    model_config = ConfigDict(extra="forbid", strict=True)

    schedule_type: Literal["INTERVAL", "TIME_OF_DAY", "CRON", "MANUAL"] = Field(
        description="INTERVAL needs interval, TIME_OF_DAY time_of_day, CRON cron; MANUAL: only "
        "when a sync is requested.",
        examples=["TIME_OF_DAY"],
    )
    interval: Annotated[int, Field(ge=1, le=LONGEST_INTERVAL)] | SkipJsonSchema[None] = Field(
        default=None,
        description="Minutes between syncs.",
        json_schema_extra=_optional,
        examples=[90],
    )
    time_of_day: Annotated[str, Field(pattern=HOUR)] | SkipJsonSchema[None] = Field(
        default=None, description="In UTC.", json_schema_extra=_optional, examples=["02:00"]
    )
    days_of_week: list[Day] = Field(
        default=[], description="Every day if empty.", max_length=7, examples=[["MONDAY"]]
    )
    cron: Annotated[str, Field(min_length=1, max_length=100)] | SkipJsonSchema[None] = Field(
        default=None, json_schema_extra=_optional, examples=["0 9 * * 1-5"]
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Accept exactly the fields that the schedule type needs."""
        needed = {"INTERVAL": "interval", "TIME_OF_DAY": "time_of_day", "CRON": "cron"}
        given = {name for name in needed.values() if getattr(self, name) is not None}
        field = needed.get(self.schedule_type)
        if given != ({field} if field else set()) or (
            self.days_of_week and self.schedule_type in ("CRON", "MANUAL")
        ):
            raise ValueError("the fields do not fit the schedule type")
        return self


class Change(BaseModel):
    """What to change about a connector; fields that are left out stay unchanged."""

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
        description="auto: by sync_frequency; manual: only on request.",
        json_schema_extra=_optional,
        examples=["auto"],
    )
    daily_sync_time: Annotated[str, Field(pattern=HOUR)] | SkipJsonSchema[None] = Field(
        default=None,
        description="When a daily sync starts, in UTC.",
        json_schema_extra=_optional,
        examples=["06:00"],
    )

    schedule: NewSchedule | SkipJsonSchema[None] = Field(
        default=None,
        description="When it syncs; use it instead of the three fields above.",
        json_schema_extra=_optional,
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
            raise ValueError("not a frequency that Fivetran allows")
        return value

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        older = self.model_fields_set - {"paused", "schedule"}
        if self.schedule is not None and older:
            raise PydanticCustomError("both_forms", "two forms of a schedule")
        daily = self.sync_frequency in (None, DAILY) and self.schedule_type != "manual"
        if self.daily_sync_time is not None and not daily:
            raise PydanticCustomError("only_daily", "a time without a daily schedule")
        return self

    @property
    def timing(self) -> dict[str, Any]:
        """The fields that concern the schedule."""
        given = self.model_dump(exclude_unset=True, exclude={"paused", "schedule"})
        if self.schedule is not None:
            given["schedule"] = Schedule.model_validate(self.schedule.model_dump())
        return given


class Filter(BaseModel):
    """Which connectors to list; an empty field matches all."""

    status: health.Word | None = None
    service: str = ""
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filter":
        """Return the filter of a query string, or raise InputError."""
        for name in ("status", "service", "q"):
            if len(query.get(name, "")) > LONGEST_SEARCH:
                raise InputError(f"{name} is longer than {LONGEST_SEARCH} characters.")
        status = query.get("status", "").strip().casefold()
        if status and status not in STATUSES:
            raise InputError(f"There is no such status. Use one of {', '.join(STATUSES.values())}.")
        return cls(
            status=STATUSES.get(status),
            service=query.get("service", "").strip(),
            words=tuple(query.get("q", "").casefold().split()),
        )

    def choose(self, connectors: Iterable[Connector], now: datetime) -> list[Connector]:
        """Return the connectors that match at a time, in their order."""
        return [connector for connector in connectors if self._matches(connector, now)]

    def _matches(self, connector: Connector, now: datetime) -> bool:
        if self.service and connector.service != self.service:
            return False
        named = f"{connector.title} {connector.schema_name} {connector.service}"
        text = f"{named} {connector.service.replace('_', ' ')}".casefold()
        if not all(word in text for word in self.words):
            return False
        return self.status is None or health.health(connector, now).word == self.status


def read_key(key: str | None) -> str | None:
    """Return the idempotency key of a creation if one was sent, or raise InputError."""
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise InputError(
            f"{KEY_HEADER} must be 1 to {LONGEST_KEY} plain characters, such as a random UUID."
        )
    return key


def read_flag(name: str, value: str) -> bool:
    """Return whether a flag of the query string is set, or raise InputError."""
    if value not in ("true", "false"):
        raise InputError(f"{name} must be true or false.")
    return value == "true"


def read(model: type[Model], body: object, *, sentences: Mapping[str, str] | None = None) -> Model:
    """Return a body as a model, or raise InputError with a sentence that names the field.

    `sentences` are those of the model by field, with "" for a body that is no object.
    """
    if not isinstance(body, dict) or (model is Change and not body):
        raise InputError(sentences[""] if sentences else OBJECTS[model.__name__])
    try:
        return model.model_validate(body)
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    # The validation error quotes the body, so it is not chained into logs.
    if not error["loc"] and error["type"] not in COMBINATIONS:
        raise InputError("A field name is not valid text. Send the fields as documented.")
    if error["type"] in COMBINATIONS:
        raise InputError(COMBINATIONS[error["type"]])
    field = str(error["loc"][0])
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        fields = ", ".join(model.model_fields)
        raise InputError(f"There is no field {field[:LONGEST_QUOTE]!r}. Send {fields}.")
    message = (sentences or FIELDS)[field]
    if error["type"] in ("string_type", "string_unicode") and "missing" in message:
        message = f"The field {field} must be text."
    raise (InvalidName if model is NewConnector and field == "name" else InputError)(message)
