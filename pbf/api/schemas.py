"""Response schemas of the JSON API, from which its OpenAPI document is built too.

They read our own objects by attribute: only the fields listed here are sent, under Fivetran's
names.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from pbf.fivetran import models
from pbf.paths import absolute
from pbf.rules import actions, health
from pbf.rules.access import colleague_links


def _linked(url: str, info: ValidationInfo) -> str:
    return absolute(url, (info.context or {}).get("base", ""))


Link = Annotated[str, AfterValidator(_linked)]


class ResponseModel(BaseModel):
    """Base class of everything a route returns."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Feature(ResponseModel):
    """A feature that a service supports."""

    id: str = Field(examples=["RE_SYNC"])
    notes: str = Field(examples=[""])


class Service(ResponseModel):
    """A kind of source that can be connected (Fivetran: connector type)."""

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


class Note(ResponseModel):
    """A task (somebody must act) or a warning (for information)."""

    code: str = Field(examples=["reconnect"])
    message: str = Field(examples=["Reconnect"])
    details: str = Field(examples=["The source no longer accepts the stored credentials."])


class Status(ResponseModel):
    """The state of set-up and syncing, in Fivetran's own words; Fivetran may add words."""

    setup_state: str = Field(
        description="Currently incomplete, connected or broken.", examples=["connected"]
    )
    sync_state: str = Field(
        description="Currently scheduled, syncing, paused or rescheduled.", examples=["scheduled"]
    )
    update_state: str = Field(
        description="Currently on_schedule or delayed.", examples=["on_schedule"]
    )
    is_historical_sync: bool | None = Field(examples=[False])
    rescheduled_for: datetime | None = Field(examples=[None])
    tasks: tuple[Note, ...] = Field(examples=[[]])
    warnings: tuple[Note, ...] = Field(examples=[[]])


class Schedule(ResponseModel):
    """When a connector syncs; it takes precedence over the older fields beside it."""

    schedule_type: str = Field(
        description="Currently INTERVAL, TIME_OF_DAY, CRON or MANUAL.", examples=["TIME_OF_DAY"]
    )
    interval: int | None = Field(description="Minutes between syncs.", examples=[None])
    cron: str = Field(examples=[""])
    days_of_week: tuple[str, ...] = Field(examples=[["MONDAY"]])
    time_of_day: str = Field(examples=["02:00"])


class Connector(ResponseModel):
    """One configured instance of a service (Fivetran: connection), as lists show it."""

    id: str = Field(examples=["bubbly_lamp"])
    service: str = Field(description="The id of its service.", examples=["google_sheets"])
    schema_name: str = Field(
        serialization_alias="schema",
        description="Its permanent name in the destination.",
        examples=["sales.sales"],
    )
    display_name: str = Field(
        validation_alias="title", description="The name as typed.", examples=["Sales"]
    )
    paused: bool | None = Field(examples=[False])
    created_at: datetime | None = Field(examples=["2026-11-20T12:00:00Z"])
    succeeded_at: datetime | None = Field(examples=["2026-11-21T06:04:00Z"])
    failed_at: datetime | None = Field(examples=[None])
    sync_frequency: int | None = Field(description="Minutes between syncs.", examples=[360])
    schedule_type: str = Field(
        description="auto: by sync_frequency; manual: only on request.",
        examples=["auto"],
    )
    daily_sync_time: str = Field(
        description="When a daily sync starts, in UTC; empty if unknown.", examples=[""]
    )
    schedule: Schedule | None = Field(
        description="Takes precedence over sync_frequency, schedule_type and daily_sync_time; null "
        "if Fivetran sends none.",
        examples=[None],
    )
    status: Status


class NextStep(ResponseModel):
    """The next step for a connector."""

    id: health.ActionId = Field(
        description="finish, reconnect and edit happen on the Connect Card: get its address from "
        "/form. sync is /sync, resync is /resync; resume is PATCH with paused false.",
        examples=["sync"],
    )
    label: str = Field(examples=["Sync now"])


class Health(ResponseModel):
    """A connector's health in one word and one sentence, and the next step."""

    word: health.Word = Field(examples=["Working"])
    tone: health.Tone = Field(description="The colour family of the word.", examples=["good"])
    reason: str = Field(examples=["On schedule."])
    action: NextStep | None = Field(examples=[None])
    since: datetime | None = Field(
        description="Since when it needs attention, if Fivetran reports it.", examples=[None]
    )


class Action(ResponseModel):
    """An action on a connector, or why it would have no effect now."""

    id: actions.Action = Field(examples=["pause"])
    label: str = Field(examples=["Pause"])
    obstacle: str | None = Field(
        description="Why it would have no effect now; null if it would.",
        examples=[None],
    )
    advice: str | None = Field(
        description="What to do first; without it Fivetran may refuse. Trying is still allowed.",
        examples=[None],
    )


class ConnectorDetail(Connector):
    """A connector with its health and its present actions."""

    health: Health
    actions: tuple[Action, ...]

    @classmethod
    def of(cls, connector: models.Connector, now: datetime) -> "ConnectorDetail":
        """Return a connector with its health and actions at a time."""
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


class SetupTest(ResponseModel):
    """The result of one setup test."""

    title: str = Field(examples=["Validating credentials"])
    status: str = Field(
        description="For example PASSED, WARNING, FAILED or SKIPPED.", examples=["PASSED"]
    )
    message: str = Field(examples=[""])


class SetupTestResults(ResponseModel):
    """The results of a connector's setup tests, and the connector after them."""

    setup_tests: tuple[SetupTest, ...]
    connector: ConnectorDetail


class Deletion(ResponseModel):
    """The deletion of a connector, final or delayed."""

    id: str = Field(examples=["bubbly_lamp"])
    deleted: Literal[True] = True
    final_at: datetime | None = Field(
        default=None,
        description="Until when it can be restored; null if the deletion is final.",
        examples=["2026-11-26T12:00:00Z"],
    )


class DeletedConnector(ResponseModel):
    """A deleted connector that can still be restored."""

    id: str = Field(examples=["bubbly_lamp"])
    service: str = Field(examples=["google_sheets"])
    schema_name: str = Field(
        serialization_alias="schema",
        description="Its permanent name, which stays taken until then.",
        examples=["sales.sales"],
    )
    display_name: str = Field(validation_alias="title", examples=["Sales"])
    final_at: datetime = Field(
        description="Until when it can be restored.", examples=["2026-11-26T12:00:00Z"]
    )


class Invitation(ResponseModel):
    """A link for a colleague, without its address."""

    id: str = Field(examples=["0b7a91c2d4e6f835"])
    asker: str = Field(description="Who asks, as the colleague reads it.", examples=["Ada"])
    note: str = Field(examples=["You have the admin account of our shop."])
    state: colleague_links.State = Field(examples=["opened"])
    created_at: datetime = Field(examples=["2026-11-26T12:00:00Z"])
    expires_at: datetime = Field(examples=["2026-11-27T12:00:00Z"])
    opened_at: datetime | None = Field(
        description="When the colleague first went on to the Connect Card.",
        examples=["2026-11-26T12:30:00Z"],
    )
    finished_at: datetime | None = Field(
        description="When the set-up was finished through it.", examples=[None]
    )
    revoked_at: datetime | None = Field(examples=[None])


class CreatedInvitation(ResponseModel):
    """A link that was just made; its address is a secret and is returned only once."""

    id: str = Field(examples=["0b7a91c2d4e6f835"])
    url: str = Field(examples=["https://connect.example.com/_/invite/..."])
    expires_at: datetime = Field(examples=["2026-11-27T12:00:00Z"])


class Form(ResponseModel):
    """The address of a new Connect Card: a secret that is valid for one day."""

    url: str = Field(examples=["https://fivetran.com/connect-card/setup?auth=..."])
    connector_id: str = Field(serialization_alias="connectorId", examples=["bubbly_lamp"])


class ServerStatus(ResponseModel):
    """The health check of this process."""

    status: Literal["ok"] = "ok"


class ErrorDetails(ResponseModel):
    """What went wrong."""

    code: str = Field(description="For programs.")
    message: str = Field(description="One sentence for people, safe to show and to log.")
    request_id: str = Field(description="The id of the request in the server's log.")


class Error(ResponseModel):
    """Every error has this form."""

    error: ErrorDetails
