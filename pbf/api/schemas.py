"""What goes out through the JSON door, as models; its description is made of them.

It is read off our own objects by attribute: only the fields named here leave, under Fivetran's
names.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from pbf.fivetran import models
from pbf.paths import absolute
from pbf.rules import actions, health


def _linked(url: str, info: ValidationInfo) -> str:
    return absolute(url, (info.context or {}).get("base", ""))


Link = Annotated[str, AfterValidator(_linked)]


class Shape(BaseModel):
    """Something that goes out."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Feature(Shape):
    """Something that a service supports."""

    id: str = Field(examples=["RE_SYNC"])
    notes: str = Field(examples=[""])


class Service(Shape):
    """A kind of source one can connect (Fivetran: connector type)."""

    id: str = Field(examples=["google_sheets"])
    name: str = Field(validation_alias="title", examples=["Google Sheets"])
    type: str = Field(examples=["File"])
    description: str = Field(examples=["Spreadsheets that a team edits together."])
    icon_url: Link = Field(examples=["https://connect.example.com/icons/google_sheets.svg"])
    icons: tuple[Link, ...]
    link_to_docs: str = Field(examples=["https://fivetran.com/docs/connectors/files/google-sheets"])
    link_to_erd: str = Field(examples=[""])
    connector_class: str = Field(examples=["standard"])
    service_status: str = Field(examples=["general_availability"])
    supported_features: tuple[Feature, ...]


class Note(Shape):
    """A task (somebody must act) or a warning (for information)."""

    code: str = Field(examples=["reconnect"])
    message: str = Field(examples=["Reconnect"])
    details: str = Field(examples=["The source no longer accepts the stored credentials."])


class Status(Shape):
    """Where set-up and syncing stand, in Fivetran's own words; it may add words."""

    setup_state: str = Field(
        description="incomplete, connected or broken, so far.", examples=["connected"]
    )
    sync_state: str = Field(
        description="scheduled, syncing, paused or rescheduled, so far.", examples=["scheduled"]
    )
    update_state: str = Field(
        description="on_schedule or delayed, so far.", examples=["on_schedule"]
    )
    is_historical_sync: bool | None = Field(examples=[False])
    rescheduled_for: datetime | None = Field(examples=[None])
    tasks: tuple[Note, ...] = Field(examples=[[]])
    warnings: tuple[Note, ...] = Field(examples=[[]])


class Schedule(Shape):
    """When a connector syncs; it rules over the older fields beside it."""

    schedule_type: str = Field(
        description="INTERVAL, TIME_OF_DAY, CRON or MANUAL, so far.", examples=["TIME_OF_DAY"]
    )
    interval: int | None = Field(description="Minutes between syncs.", examples=[None])
    cron: str = Field(examples=[""])
    days_of_week: tuple[str, ...] = Field(examples=[["MONDAY"]])
    time_of_day: str = Field(examples=["02:00"])


class Connector(Shape):
    """One configured instance of a service (Fivetran: connection), as lists show it."""

    id: str = Field(examples=["bubbly_lamp"])
    service: str = Field(description="The id of its service.", examples=["google_sheets"])
    schema_name: str = Field(
        serialization_alias="schema",
        description="Its permanent name in the destination.",
        examples=["sales.sales"],
    )
    display_name: str = Field(
        validation_alias="title", description="The name as it was typed.", examples=["Sales"]
    )
    paused: bool | None = Field(examples=[False])
    created_at: datetime | None = Field(examples=["2026-11-20T12:00:00Z"])
    succeeded_at: datetime | None = Field(examples=["2026-11-21T06:04:00Z"])
    failed_at: datetime | None = Field(examples=[None])
    sync_frequency: int | None = Field(description="Minutes between syncs.", examples=[360])
    schedule_type: str = Field(
        description="auto: by sync_frequency; manual: on request alone.", examples=["auto"]
    )
    daily_sync_time: str = Field(
        description="When a daily sync starts, in UTC; empty where it is not told.", examples=[""]
    )
    schedule: Schedule | None = Field(
        description="Rules over sync_frequency, schedule_type and daily_sync_time; null where "
        "Fivetran sends none.",
        examples=[None],
    )
    status: Status


class NextStep(Shape):
    """The one thing to do about a connector."""

    id: health.ActionId = Field(
        description="finish, reconnect and edit happen on the Connect Card: ask for its address "
        "with /form. sync is /sync, resync is /resync; resume is PATCH with paused false.",
        examples=["sync"],
    )
    label: str = Field(examples=["Sync now"])


class Health(Shape):
    """How a connector is, in one word and one sentence, and what to do about it."""

    word: health.Word = Field(examples=["Working"])
    tone: health.Tone = Field(description="The colour family of the word.", examples=["good"])
    reason: str = Field(examples=["On schedule."])
    action: NextStep | None = Field(examples=[None])
    since: datetime | None = Field(
        description="Since when it needs somebody, as far as Fivetran tells.", examples=[None]
    )


class Action(Shape):
    """Something that can be done with a connector, or why it would change nothing now."""

    id: actions.Action = Field(examples=["pause"])
    label: str = Field(examples=["Pause"])
    obstacle: str | None = Field(
        description="Why it would change nothing now; null if nothing is in the way.",
        examples=[None],
    )
    advice: str | None = Field(
        description="What to do first, or Fivetran may refuse; it can be tried all the same.",
        examples=[None],
    )


class ConnectorDetail(Connector):
    """A connector with its health, and what can be done with it now."""

    health: Health
    actions: tuple[Action, ...]

    @classmethod
    def of(cls, connector: models.Connector, now: datetime) -> "ConnectorDetail":
        """Return a connector as it is at a time."""
        state = health.health(connector, now)
        step = state.action and NextStep(id=state.action, label=health.ACTIONS[state.action])
        return cls(
            **dict(Connector.model_validate(connector)),
            health=Health(
                word=state.word,
                tone=state.tone,
                reason=state.reason,
                action=step,
                since=health.since(connector, state),
            ),
            actions=tuple(
                Action(
                    id=name,
                    label=label,
                    obstacle=actions.obstacle(name, connector),
                    advice=actions.advice(name, connector),
                )
                for name, label in actions.LABELS.items()
            ),
        )


class SetupTest(Shape):
    """The result of one setup test."""

    title: str = Field(examples=["Validating credentials"])
    status: str = Field(
        description="PASSED, WARNING, FAILED, SKIPPED and others.", examples=["PASSED"]
    )
    message: str = Field(examples=[""])


class SetupTestResults(Shape):
    """The results of a connector's setup tests, and the connector as it is after them."""

    setup_tests: tuple[SetupTest, ...]
    connector: ConnectorDetail


class Deleted(Shape):
    """A connector that is gone, or waits to be."""

    id: str = Field(examples=["bubbly_lamp"])
    deleted: Literal[True] = True
    final_at: datetime | None = Field(
        default=None,
        description="Until when it can be restored; null if it is gone for good.",
        examples=["2026-11-26T12:00:00Z"],
    )


class WaitingConnector(Shape):
    """A connector that is deleted and can be restored."""

    id: str = Field(examples=["bubbly_lamp"])
    service: str = Field(examples=["google_sheets"])
    schema_name: str = Field(
        serialization_alias="schema",
        description="Its permanent name, which is taken as long as it waits.",
        examples=["sales.sales"],
    )
    display_name: str = Field(validation_alias="title", examples=["Sales"])
    final_at: datetime = Field(
        description="Until when it can be restored.", examples=["2026-11-26T12:00:00Z"]
    )


class Form(Shape):
    """The address of a new Connect Card: a secret that lives for one day."""

    url: str = Field(examples=["https://fivetran.com/connect-card/setup?auth=..."])
    connector_id: str = Field(serialization_alias="connectorId", examples=["bubbly_lamp"])


class Alive(Shape):
    """That this process answers."""

    status: Literal["ok"] = "ok"
    sandbox: bool = Field(description="Whether the embedded sandbox stands in for Fivetran.")


class Trouble(Shape):
    """What went wrong."""

    code: str = Field(description="For programs.")
    message: str = Field(description="One sentence for people, safe to show and to log.")
    request_id: str = Field(description="Under which the server's log has it.")


class Error(Shape):
    """The one shape of every error."""

    error: Trouble
