"""What Fivetran's API returns, parsed at the border.

Unknown fields are dropped and unknown values are kept as text, so that nothing Fivetran adds
breaks a screen. A connection's `config` is never read: credentials have no business here.
"""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from pbf.fivetran.fields import (
    Flag,
    Moment,
    Number,
    Text,
    Texts,
    an_object,
    named_objects,
    objects,
    readable,
)
from pbf.visible_text import shown


def _card(value: object) -> object:
    """Return None for what holds no address; a list must not break over it."""
    uri = value.get("uri") if isinstance(value, dict) else None
    return value if uri and readable(uri) else None


def _schedule(value: object) -> object:
    """Return None for what is no schedule; a list must not break over it."""
    return value if isinstance(value, Schedule | dict) else None


def _filled(schedule: "Schedule | None") -> "Schedule | None":
    """Return None for a schedule without any values, so that the older fields are read."""
    return schedule if schedule and any(value for _, value in schedule) else None


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Feature(_Answer):
    """Something a service supports, such as API_CONFIGURABLE."""

    id: Text = ""
    notes: Text = ""


class Service(_Answer):
    """A kind of source one can connect (Fivetran: connector type)."""

    id: str = Field(min_length=1)
    name: Text = ""
    type: Text = ""
    description: Text = ""
    icon_url: Text = ""
    icons: Texts = ()
    link_to_docs: Text = ""
    link_to_erd: Text = ""
    connector_class: Text = ""
    service_status: Text = ""
    supported_features: Annotated[tuple[Feature, ...], BeforeValidator(objects)] = ()
    # Told by a service's own metadata, and not by all services.
    supports_schema_reload: Flag = None
    required: Annotated[Texts, Field(validation_alias=AliasPath("config", "required"))] = ()

    @property
    def title(self) -> str:
        """The name to show; the id where Fivetran gives none."""
        return shown(self.name or self.id)

    @property
    def is_creatable(self) -> bool:
        """Whether the API can create it; true unless the catalogue says otherwise."""
        listed = {feature.id for feature in self.supported_features}
        return not listed or "API_CONFIGURABLE" in listed


class StatusMessage(_Answer):
    """A task (the user must act) or a warning (for information) of a connector."""

    code: Text = ""
    message: Text = ""
    details: Text = ""


StatusMessages = Annotated[tuple[StatusMessage, ...], BeforeValidator(objects)]


class ConnectorStatus(_Answer):
    """Where set-up and syncing stand, in Fivetran's own words."""

    setup_state: Text = ""
    sync_state: Text = ""
    update_state: Text = ""
    is_historical_sync: Flag = None
    rescheduled_for: Moment = None
    tasks: StatusMessages = ()
    warnings: StatusMessages = ()


class ConnectCard(_Answer):
    """The page hosted by Fivetran where one connector is authorised.

    Its address is a secret that lives for one day.
    """

    uri: str = Field(repr=False, min_length=1)


class SetupTest(_Answer):
    """The result of one setup test."""

    title: Text = ""
    status: Text = ""
    message: Text = ""


class Schedule(_Answer):
    """When a connector syncs; it rules over the older fields where Fivetran sends it."""

    schedule_type: Text = ""
    interval: Number = None
    cron: Text = ""
    days_of_week: Texts = ()
    time_of_day: Text = ""


class Connector(_Answer):
    """One configured instance of a service (Fivetran: connection)."""

    id: str = Field(min_length=1)
    group_id: Text = ""
    service: Text = ""
    schema_name: Annotated[Text, Field(alias="schema")] = ""
    created_at: Moment = None
    succeeded_at: Moment = None
    failed_at: Moment = None
    paused: Flag = None
    sync_frequency: Number = None
    schedule_type: Text = ""
    daily_sync_time: Text = ""
    schedule: Annotated[Schedule | None, BeforeValidator(_schedule), AfterValidator(_filled)] = None
    status: Annotated[ConnectorStatus, BeforeValidator(an_object)] = ConnectorStatus()
    connect_card: Annotated[ConnectCard | None, BeforeValidator(_card)] = Field(
        default=None, repr=False
    )
    # Only in the answer to a call that ran them.
    setup_tests: Annotated[tuple[SetupTest, ...], BeforeValidator(objects)] = ()
    # Not Fivetran's: the name as somebody typed it, from our store.
    display_name: Text = ""
    # Not Fivetran's: until when its deletion can be undone, if it is deleted.
    final_at: Moment = None

    @property
    def title(self) -> str:
        """The name to show: the typed name, else the permanent one, else the id."""
        return shown(self.display_name or self.schema_name or self.id)

    @property
    def is_paused(self) -> bool:
        """Whether it is paused, by either of the two fields that say so."""
        return bool(self.paused) or self.status.sync_state == "paused"

    @property
    def is_syncing(self) -> bool:
        """Whether a sync is running."""
        return self.status.sync_state == "syncing"

    @property
    def is_set_up(self) -> bool:
        """Whether its set-up is complete and works."""
        return self.status.setup_state == "connected"

    @property
    def is_incomplete(self) -> bool:
        """Whether its set-up was not completed."""
        return self.status.setup_state == "incomplete"

    @property
    def is_broken(self) -> bool:
        """Whether its set-up was complete and no longer works."""
        return self.status.setup_state == "broken"


class Lock(_Answer):
    """Whether a table may be switched, and if not, why."""

    allowed: Flag = None
    reason: Text = ""
    reason_code: Text = ""


class Table(_Answer):
    """One table of the source."""

    name_in_destination: Text = ""
    enabled: Flag = None
    enabled_patch_settings: Annotated[Lock, BeforeValidator(an_object)] = Lock()


class Schema(_Answer):
    """One schema of the source, with its tables by name."""

    name_in_destination: Text = ""
    enabled: Flag = None
    tables: Annotated[dict[str, Table], BeforeValidator(named_objects)] = {}
    # Not Fivetran's: how many of its tables could not be read.
    unread: int = 0

    @model_validator(mode="before")
    @classmethod
    def _count_unread(cls, value: Any) -> Any:
        return _counted(value, "tables")


class SchemaConfig(_Answer):
    """What of the source is synced, by schema and table."""

    schema_change_handling: Text = ""
    schemas: Annotated[dict[str, Schema], BeforeValidator(named_objects)] = {}
    # Not Fivetran's: how many of its schemas could not be read.
    unread: int = 0

    @model_validator(mode="before")
    @classmethod
    def _count_unread(cls, value: Any) -> Any:
        return _counted(value, "schemas")


def _counted(value: Any, name: str) -> Any:
    """Return an object with the number of named objects in it that cannot be read."""
    if not isinstance(value, dict):
        return value
    items = value.get(name)
    items = items if isinstance(items, dict) else {}
    kept = sum(readable(key) and isinstance(item, dict) for key, item in items.items())
    return {**value, "unread": len(items) - kept}


class Account(_Answer):
    """The account that a key belongs to."""

    account_id: Text = ""
    account_name: Text = ""


class Group(_Answer):
    """The set of connectors that share one destination."""

    id: str = Field(min_length=1)
    name: Text = ""


class Destination(_Answer):
    """Where a group's data goes."""

    id: str = Field(min_length=1)
    service: Text = ""
    setup_status: Text = ""


class RateLimit(_Answer):
    """The account's hourly number of requests, and what is left of it."""

    limit: Number = None
    remaining: Number = None
