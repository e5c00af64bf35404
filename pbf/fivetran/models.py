"""The objects that Fivetran's API returns, parsed at the border.

Unknown fields are dropped and unknown values are kept as text, so that additions by Fivetran
break no screen. A connection's `config` is never read, because it may hold credentials.
"""

from typing import Annotated, Any, ClassVar

from pydantic import (
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from pbf.fivetran.fields import (
    UNREADABLE,
    FilledText,
    Flag,
    Id,
    Moment,
    Name,
    Number,
    State,
    Text,
    Texts,
    an_object,
    mark_unreadable,
    named_objects,
    objects,
    readable,
    readable_objects,
)
from pbf.visible_text import shown


def _card_or_none(value: object) -> object:
    """Return None for a card without an address, so that it does not fail a whole list."""
    uri = value.get("uri") if isinstance(value, dict) else None
    return value if uri and readable(uri) else None


def _schedule_or_none(value: object, info: ValidationInfo) -> "Schedule | None":
    """Return a schedule, or None for one without values, so that the older fields apply.

    One that cannot be read as a whole is of the type UNREADABLE: it still takes precedence.
    """
    if not value:
        return None
    if isinstance(value, Schedule):
        return value
    unread: set[str] = set()
    schedule = Schedule.model_validate(value if isinstance(value, dict) else {}, context=unread)
    if unread or not isinstance(value, dict):
        mark_unreadable(info)
        return schedule.model_copy(update={"schedule_type": UNREADABLE})
    return schedule if any(value for _, value in schedule) else None


class _Response(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Feature(_Response):
    """A feature that a service supports, such as API_CONFIGURABLE."""

    id: Text = ""
    notes: Text = ""


class Service(_Response):
    """A kind of source one can connect (Fivetran: connector type)."""

    id: Id
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
    # Only in the metadata of a single service, and not of every service.
    supports_schema_reload: Flag = None
    required: Annotated[Texts, Field(validation_alias=AliasPath("config", "required"))] = ()

    @property
    def title(self) -> str:
        """The name to show: Fivetran's name, else the id."""
        return shown(self.name or self.id)

    @property
    def is_creatable(self) -> bool:
        """Whether the API can create it; true unless the metadata lists features without that."""
        features = {feature.id for feature in self.supported_features}
        return not features or "API_CONFIGURABLE" in features


class StatusMessage(_Response):
    """A task (a person must act) or a warning (for information) of a connector."""

    code: Text = ""
    message: Text = ""
    details: Text = ""


StatusMessages = Annotated[tuple[StatusMessage, ...], BeforeValidator(objects)]


class ConnectorStatus(_Response):
    """The states of set-up and sync, in Fivetran's terms."""

    setup_state: State = ""
    sync_state: State = ""
    update_state: State = ""
    is_historical_sync: Flag = None
    rescheduled_for: Moment = None
    tasks: StatusMessages = ()
    warnings: StatusMessages = ()


class ConnectCard(_Response):
    """The page hosted by Fivetran where one connector is authorised.

    Its address is a secret that lives for one day.
    """

    uri: str = Field(repr=False, min_length=1)


class SetupTest(_Response):
    """The result of one setup test."""

    title: Text = ""
    status: Text = ""
    message: Text = ""


class Schedule(_Response):
    """When a connector syncs; takes precedence over the older fields."""

    schedule_type: Text = ""
    interval: Number = None
    cron: Text = ""
    days_of_week: Texts = ()
    time_of_day: Text = ""


class Connector(_Response):
    """One configured instance of a service (Fivetran: connection)."""

    id: Id
    group_id: Name = ""
    service: Name = ""
    schema_name: Annotated[Name, Field(alias="schema")] = ""
    created_at: Moment = None
    succeeded_at: Moment = None
    failed_at: Moment = None
    paused: Flag = None
    sync_frequency: Number = None
    schedule_type: FilledText = ""
    daily_sync_time: FilledText = ""
    schedule: Annotated[Schedule | None, BeforeValidator(_schedule_or_none)] = None
    status: Annotated[ConnectorStatus, BeforeValidator(an_object)] = ConnectorStatus()
    connect_card: Annotated[ConnectCard | None, BeforeValidator(_card_or_none)] = Field(
        default=None, repr=False
    )
    # Only in the response to a call that ran them.
    setup_tests: Annotated[tuple[SetupTest, ...], BeforeValidator(objects)] = ()
    # From our store: the name as a person typed it.
    display_name: Text = ""
    # From our store: until when its deletion can be undone, if it is deleted.
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


class Lock(_Response):
    """Whether a table can be switched on or off, and if not, why."""

    allowed: Flag = None
    reason: Text = ""
    reason_code: Text = ""


class Table(_Response):
    """One table of the source."""

    name_in_destination: Text = ""
    enabled: Flag = None
    enabled_patch_settings: Annotated[Lock, BeforeValidator(an_object)] = Lock()


class _Counted(_Response):
    """Objects by name in the field `_counted`; `unread` is how many could not be read."""

    _counted: ClassVar[str]

    unread: int = 0

    @model_validator(mode="before")
    @classmethod
    def _count_unread(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        items = value.get(cls._counted)
        items = items if isinstance(items, dict) else {}
        return {**value, "unread": len(items) - len(readable_objects(items))}


class Schema(_Counted):
    """One schema of the source, with its tables by name."""

    _counted = "tables"

    name_in_destination: Text = ""
    enabled: Flag = None
    tables: Annotated[dict[str, Table], BeforeValidator(named_objects)] = {}


class SchemaConfig(_Counted):
    """Which schemas and tables of the source are synced."""

    _counted = "schemas"

    schema_change_handling: Text = ""
    schemas: Annotated[dict[str, Schema], BeforeValidator(named_objects)] = {}


class Account(_Response):
    """The account that a key belongs to."""

    account_id: Text = ""
    account_name: Text = ""


class Group(_Response):
    """The set of connectors that share one destination."""

    id: Id
    name: Text = ""


class Destination(_Response):
    """Where a group's data goes."""

    id: Id
    service: Text = ""
    setup_status: Text = ""


class RateLimit(_Response):
    """The account's hourly limit of requests, and how many are left."""

    limit: Number = None
    remaining: Number = None
