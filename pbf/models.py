"""What Fivetran's API returns, parsed at the border.

Unknown fields are dropped and unknown values are kept as text, so that nothing Fivetran adds
breaks a screen. A connection's `config` is never read: credentials have no business here.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

from pbf.words import shown


def _moment(value: object) -> object:
    """Return None for what is no time, and take times without a zone as UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        except OverflowError:
            return None
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _objects(value: object) -> list[Any]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _card(value: object) -> object:
    """Return None for what holds no address; a list must not break over it."""
    uri = value.get("uri") if isinstance(value, dict) else None
    return value if uri and isinstance(uri, str) else None


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[int | None, BeforeValidator(_number)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


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
    supported_features: Annotated[tuple[Feature, ...], BeforeValidator(_objects)] = ()
    required: Annotated[
        tuple[str, ...],
        BeforeValidator(_texts),
        Field(validation_alias=AliasPath("config", "required")),
    ] = ()

    @property
    def title(self) -> str:
        """The name to show; the id where Fivetran gives none."""
        return shown(self.name or self.id)


class Note(_Answer):
    """A task (the user must act) or a warning (for information) of a connector."""

    code: Text = ""
    message: Text = ""
    details: Text = ""


Notes = Annotated[tuple[Note, ...], BeforeValidator(_objects)]


class ConnectorStatus(_Answer):
    """Where set-up and syncing stand, in Fivetran's own words."""

    setup_state: Text = ""
    sync_state: Text = ""
    update_state: Text = ""
    is_historical_sync: Flag = None
    rescheduled_for: Moment = None
    tasks: Notes = ()
    warnings: Notes = ()


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


class Connector(_Answer):
    """One configured instance of a service (Fivetran: connection)."""

    id: str = Field(min_length=1)
    group_id: Text = ""
    service: Text = ""
    schema_name: Annotated[str, BeforeValidator(_text), Field(alias="schema")] = ""
    created_at: Moment = None
    succeeded_at: Moment = None
    failed_at: Moment = None
    paused: Flag = None
    sync_frequency: Number = None
    schedule_type: Text = ""
    daily_sync_time: Text = ""
    status: Annotated[ConnectorStatus, BeforeValidator(_object)] = ConnectorStatus()
    connect_card: Annotated[ConnectCard | None, BeforeValidator(_card)] = Field(
        default=None, repr=False
    )
    # Only in the answer to a call that ran them.
    setup_tests: Annotated[tuple[SetupTest, ...], BeforeValidator(_objects)] = ()
    # Not Fivetran's: the name as somebody typed it, from our store.
    display_name: Text = ""
    # Not Fivetran's: until when its deletion can be undone, if it is deleted.
    final_at: Moment = None

    @property
    def title(self) -> str:
        """The name to show; the permanent one where nobody typed another."""
        return shown(self.display_name or self.schema_name or self.id)


class SyncRecord(_Answer):
    """One sync of the past, or the one that runs (no end)."""

    sync_id: Text = ""
    start: Moment = None
    end: Moment = None
    status: Text = ""
    reason: Text = ""


class ErrorRecord(_Answer):
    """Something that went wrong, as Fivetran explains it."""

    type: Text = ""
    title: Text = ""
    reason: Text = ""
    message: Text = ""
    created_at: Moment = None


class Lock(_Answer):
    """Whether a table may be switched, and if not, why."""

    allowed: Flag = None
    reason: Text = ""
    reason_code: Text = ""


class Table(_Answer):
    """One table of the source."""

    name_in_destination: Text = ""
    enabled: Flag = None
    enabled_patch_settings: Annotated[Lock, BeforeValidator(_object)] = Lock()


class Schema(_Answer):
    """One schema of the source, with its tables by name."""

    name_in_destination: Text = ""
    enabled: Flag = None
    tables: Annotated[dict[str, Table], BeforeValidator(_object)] = {}


class SchemaConfig(_Answer):
    """What of the source is synced, by schema and table."""

    schema_change_handling: Text = ""
    schemas: Annotated[dict[str, Schema], BeforeValidator(_object)] = {}


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
