"""Response schemas of channels and their messages."""

from datetime import datetime

from pydantic import Field

from pbf.api.schemas import ResponseModel

NOW = "2026-11-21T06:04:00Z"


class Channel(ResponseModel):
    """Where notifications go."""

    id: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015"])
    is_own: bool = Field(description="Whether it is the caller's own, not the tenant's.")
    kind: str = Field(description="mail, message or webhook.", examples=["webhook"])
    name: str = Field(examples=["Our monitoring"])
    address: str = Field(
        description="Without its secret parts.", examples=["https://monitoring.example.com/***"]
    )
    events: tuple[str, ...] = Field(
        description="Kinds of incidents; all if empty.", examples=[["failing", "late"]]
    )
    scope: str = Field(description="tenant, service or connector.", examples=["tenant"])
    target: str = Field(description="The id of the service or connector.", examples=[""])
    digest: str = Field(description="now, hourly or daily.", examples=["now"])
    quiet_from: str = Field(examples=["22:00"])
    quiet_until: str = Field(examples=["07:00"])
    time_zone: str = Field(examples=["Europe/Berlin"])
    escalates_after: float | None = Field(description="In hours.", examples=[None])
    created_at: datetime = Field(examples=[NOW])
    is_disabled: bool
    problem: str = Field(description="Why the last message was not taken.", examples=[""])
    problem_since: datetime | None = Field(examples=[None])


class CreatedChannel(Channel):
    """A channel that was just added."""

    secret: str = Field(
        description="With which a webhook's messages are signed; it is in this response alone. "
        "Empty for other channels.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class TestResult(ResponseModel):
    """How a test went."""

    delivered: bool = Field(examples=[True])
    problem: str = Field(
        description="Why the channel did not take it; empty if it did.", examples=[""]
    )


class Delivery(ResponseModel):
    """A message to a channel."""

    id: str = Field(
        description="Also the header webhook-id.", examples=["msg_9f86d081884c7d659a2feaa0c55ad015"]
    )
    kind: str = Field(description="opened, escalated, closed or test.", examples=["opened"])
    title: str = Field(examples=["Sales fails again and again"])
    status: str = Field(description="waiting, sent, failed or not needed.", examples=["sent"])
    attempts: int = Field(examples=[1])
    problem: str = Field(examples=[""])
    created_at: datetime = Field(examples=[NOW])
    due_at: datetime = Field(description="When it is sent next, or was to be.", examples=[NOW])
    sent_at: datetime | None = Field(examples=[NOW])
