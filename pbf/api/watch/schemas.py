"""Request and response schemas of incidents and promises."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.json_schema import SkipJsonSchema

from pbf.api.schemas import ResponseModel
from pbf.rules.parsed_schedule import clock
from pbf.rules.watch.freshness import DAYS, Promise, Terms, terms_by, terms_within
from pbf.rules.watch.kinds import KINDS

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
EXAMPLE: dict[str, JsonValue] = {
    "scope": "service",
    "target": "google_sheets",
    "kind": "within",
    "hours": 4,
}
SENTENCES = {
    "": 'Send a JSON object: {"scope": "tenant", "kind": "within", "hours": 4}.',
    "scope": "The field scope must be tenant, service or connector.",
    "target": "The field target must be the id of a service or a connector, as text.",
    "kind": "The field kind must be by or within.",
    "hours": "The field hours must be a number of hours, from 0.25 to 744.",
    "time": 'The field time must be a time of day from "00:00" to "23:59".',
    "days": f"The field days must be a list of {', '.join(DAYS)}; leave it out for every day.",
    "time_zone": "The field time_zone must be the name of a time zone, such as Europe/Berlin.",
}


class IncidentEvent(ResponseModel):
    """One event of an incident's thread."""

    at: datetime = Field(examples=["2026-11-26T12:00:00Z"])
    kind: str = Field(description="opened, changed, action or closed.", examples=["opened"])
    text: str = Field(examples=["The last sync failed; Fivetran will try again."])
    actor: str = Field(description="Who did it; empty for the system.", examples=[""])


class Incident(ResponseModel):
    """Something that is or was wrong with a connector, or with several."""

    id: str = Field(examples=["0b7a91c2d4e6f835"])
    kind: str = Field(description=f"Currently {', '.join(KINDS)}.", examples=["failing"])
    title: str = Field(examples=["Sales fails again and again"])
    connector_id: str = Field(
        description="Empty if it is about several connectors.", examples=["bubbly_lamp"]
    )
    connector_name: str = Field(examples=["Sales"])
    opened_at: datetime = Field(examples=["2026-11-26T12:00:00Z"])
    closed_at: datetime | None = Field(description="null while it is open.", examples=[None])
    explained_by: str = Field(
        description="The incident of several connectors that explains it, if any.", examples=[""]
    )
    next_step: str = Field(examples=["Open the connector and see why its syncs fail."])
    events: tuple[IncidentEvent, ...]


class PromiseState(ResponseModel):
    """A promise about fresh data."""

    scope: str = Field(description="tenant, service or connector.", examples=["connector"])
    target: str = Field(description="The id of the service or connector.", examples=["bubbly_lamp"])
    kind: str = Field(description="by or within.", examples=["by"])
    hours: float | None = Field(description="For within.", examples=[None])
    time: str = Field(description="For by: a local time of day.", examples=["08:00"])
    days: tuple[str, ...] = Field(
        description="For by; empty for every day.", examples=[["mon", "tue", "wed", "thu", "fri"]]
    )
    time_zone: str = Field(description="For by.", examples=["Europe/Berlin"])
    text: str = Field(examples=["Fresh by 08:00 on weekdays (Europe/Berlin)"])
    created_by: str = Field(examples=["Ada"])
    created_at: datetime = Field(examples=["2026-11-26T12:00:00Z"])

    @classmethod
    def of(cls, promise: Promise) -> Self:
        """Return a promise as the routes show it."""
        terms = promise.terms
        by = terms.kind == "by"
        return cls(
            scope=promise.scope,
            target=promise.target,
            kind=terms.kind,
            hours=None if by else terms.hours,
            time=f"{terms.at:%H:%M}" if by else "",
            days=tuple(DAYS[day] for day in terms.days),
            time_zone=terms.time_zone if by else "",
            text=terms.text,
            created_by=promise.created_by,
            created_at=promise.created_at,
        )


class RemovedPromise(ResponseModel):
    """A promise that was removed."""

    scope: str = Field(examples=["connector"])
    target: str = Field(examples=["bubbly_lamp"])


def _optional(schema: dict[str, Any]) -> None:
    schema.pop("default")


class NewPromise(BaseModel):
    """A promise to make, in place of the one for the same scope and target."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [EXAMPLE]}
    )

    scope: Literal["tenant", "service", "connector"] = Field(examples=["tenant"])
    target: str = Field(
        default="",
        max_length=200,
        description="The id of the service or connector; empty for the tenant.",
        examples=[""],
    )
    kind: Literal["by", "within"] = Field(
        description="by: fresh by a time of day; within: never older than some hours.",
        examples=["within"],
    )
    hours: float | SkipJsonSchema[None] = Field(
        default=None,
        ge=0.25,
        le=744,
        description="For within.",
        json_schema_extra=_optional,
        examples=[4],
    )
    time: str | SkipJsonSchema[None] = Field(
        default=None,
        pattern=CLOCK,
        description="For by: a local time of day.",
        json_schema_extra=_optional,
    )
    days: list[Day] = Field(default=[], max_length=7, description="For by; every day if empty.")
    time_zone: str = Field(default="UTC", max_length=40, description="For by.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.kind == "within") != (self.hours is not None):
            raise ValueError("hours belong to within")
        if (self.kind == "by") != (self.time is not None):
            raise ValueError("a time belongs to by")
        return self

    @property
    def terms(self) -> Terms:
        """What is promised; raises InputError."""
        if self.hours is not None:
            return terms_within(self.hours)
        days = [DAYS.index(day) for day in self.days]
        return terms_by(clock(self.time or ""), days, self.time_zone)
