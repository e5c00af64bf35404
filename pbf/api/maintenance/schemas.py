"""Request and response schemas of planned changes, and a sentence for each invalid field."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator
from pydantic.json_schema import SkipJsonSchema

from pbf.api.schemas import ResponseModel
from pbf.rules import maintenance
from pbf.rules.maintenance import LONGEST_REASON

SENTENCES = {
    "": 'Send a JSON object: {"action": "pause", "at": "2027-01-30T22:00:00Z", "reason": "..."}.',
    "action": 'The field action must be "pause" or "resume".',
    "at": 'The field at must be a time with its offset, such as "2027-01-30T22:00:00Z"; without '
    "the field, it is done now.",
    "reason": f"The field reason must be text of 1 to {LONGEST_REASON} characters. Everybody who "
    "sees the connector reads it.",
}


def _optional(schema: dict[str, Any]) -> None:
    schema.pop("default")


class NewPlannedChange(BaseModel):
    """A pause or a resumption of a connector at a time."""

    model_config = ConfigDict(extra="forbid")

    action: maintenance.Action = Field(examples=["pause"])
    at: AwareDatetime | SkipJsonSchema[None] = Field(
        default=None,
        description="When; now if it is left out.",
        json_schema_extra=_optional,
        examples=["2027-01-30T22:00:00Z"],
    )
    reason: str = Field(
        min_length=1,
        max_length=LONGEST_REASON,
        description="What everybody who sees the connector reads.",
        examples=["The shop's database moves to another server."],
    )

    @field_validator("at", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        if not isinstance(value, str):
            raise ValueError("a time is text; null is no time")
        return value


class PlannedChange(ResponseModel):
    """A planned pause or resumption; it is carried out once."""

    id: str = Field(examples=["0b7a91c2d4e6f835"])
    action: maintenance.Action = Field(examples=["pause"])
    due_at: datetime = Field(examples=["2027-01-30T22:00:00Z"])
    reason: str = Field(examples=["The shop's database moves to another server."])
    planned_by: str = Field(examples=["Ada"])
    created_at: datetime = Field(examples=["2026-11-26T12:00:00Z"])
    state: maintenance.State = Field(
        description="retrying: Fivetran refused it, and it is tried again with growing waits.",
        examples=["planned"],
    )
    done_at: datetime | None = Field(examples=[None])
    cancelled_at: datetime | None = Field(examples=[None])
    outcome: str = Field(
        description="How it went, or why Fivetran refused it last; empty while it is planned.",
        examples=[""],
    )
