"""What the sandbox stores: groups, users, destinations and connections.

Times are seconds since 1970.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

OWNER_ROLE = "Destination Administrator"

MASK = "******"


@dataclass(slots=True)
class Group:
    """A set of connections that share one destination."""

    id: str
    name: str
    created_at: float


@dataclass(slots=True)
class Destination:
    """Where a group's connections write; it has the id of its group.

    `approvals` holds certificates and fingerprints by their hash, None for a revoked one.
    """

    id: str
    group_id: str
    service: str = "snowflake"
    region: str = "GCP_EUROPE_WEST3"
    time_zone_offset: str = "0"
    setup_status: str = "connected"
    config: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    trusted: set[str] = field(default_factory=set)
    made_with_group: bool = False
    approvals: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Member:
    """The role of a user or a team in a group, a connection or a team, and since when."""

    role: str
    created_at: float


@dataclass(slots=True)
class User:
    """A person of the imitated account; `connections` are the roles in single connections."""

    id: str
    email: str
    given_name: str
    family_name: str
    role: str | None
    created_at: float
    phone: str | None = None
    picture: str | None = None
    invited: bool = False
    has_api_key: bool = False
    connections: dict[str, Member] = field(default_factory=dict)


@dataclass(slots=True)
class Team:
    """Users with common roles in the account, in groups and in connections, each by its id."""

    id: str
    name: str
    description: str = ""
    role: str = ""
    users: dict[str, Member] = field(default_factory=dict)
    groups: dict[str, Member] = field(default_factory=dict)
    connections: dict[str, Member] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Permission:
    """What a key may do with one kind of resource: all of them, or some by id or by group."""

    kind: str
    level: str
    ids: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class SystemKey:
    """A key of the account that belongs to no user; of its secret only the digest is stored."""

    id: str
    name: str
    key: str
    permissions: tuple[Permission, ...]
    created_at: float
    digest: bytes = field(default=b"", repr=False)
    updated_at: float | None = None
    expired_at: float | None = None
    last_used_at: float | None = None
    secrets_made: int = 0


@dataclass(slots=True)
class Switches:
    """What the account has: its pricing plan, and whether it takes part in private previews."""

    plan: str
    previews: bool


@dataclass(frozen=True, slots=True)
class Life:
    """The data from which a connection's state at any time follows: see `lifecycle.state_at`.

    `anchor` is when the present series of syncs started: None if there is none, in the future
    while the connection waits. Its first sync takes `first` seconds, every later one `later`.
    `broken` is whether the connection stays broken until a sync succeeds.
    `phase` is how long after the anchor the second one starts, None for one period. All of them
    fail if `fails`, else the first `failures`. `succeeded_at` and `failed_at` are the times before
    the anchor. `past` holds the earlier series: see `sync_history`; `rhythm` is the seconds
    between the syncs before those, 0 if there were none.
    """

    anchor: float | None = None
    first: float = 20.0
    later: float = 30.0
    historical: bool = True
    fails: bool = False
    waiting: str = ""
    broken: bool = False
    succeeded_at: float | None = None
    failed_at: float | None = None
    phase: float | None = None
    failures: int = 0
    rhythm: float = 0.0
    past: tuple["SyncSeries", ...] = ()


class SyncSeries(NamedTuple):
    """A series of syncs that has ended: its life, its period, and when and how it ended."""

    life: Life
    period: float
    until: float
    outcome: str


@dataclass(slots=True)
class Selection:
    """Which of a source's schemas, tables and columns a user selected; only changes are stored.

    `base` is whether the rest is synced; `captured`, whether the source was read.
    """

    handling: str = "ALLOW_ALL"
    base: bool = True
    captured: bool = False
    type_locked: bool = False
    schemas: dict[str, Any] = field(default_factory=dict)
    dropping: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The state that a user wrote for a function, and when."""

    state: dict[str, Any]
    written_at: float


@dataclass(slots=True)
class Connection:
    """One configured instance of a service.

    `reported` replaces its real state until it syncs or is set up again. `static_fields` is a
    cache. `approvals` holds certificates and fingerprints by their hash, None for a revoked one.
    `added` are tables that its source got later: a schema and a table line each, see
    `catalogue.sources`.
    """

    id: str
    group_id: str
    service: str
    schema: str
    created_at: float
    connected_by: str | None
    config: dict[str, Any]
    paused: bool = False
    sync_frequency: int = 360
    schedule_type: str = "auto"
    setup_state: str = "incomplete"
    authorised: bool = False
    life: Life = field(default_factory=Life)
    tasks: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    reported: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    static_fields: dict[str, Any] | None = field(default=None, compare=False)
    selection: Selection | None = None
    cursor: Cursor | None = None
    approvals: dict[str, dict[str, Any]] = field(default_factory=dict)
    added: tuple[tuple[str, str], ...] = ()

    @property
    def period(self) -> float:
        """The seconds from one scheduled sync to the next."""
        return float("inf") if self.schedule_type == "manual" else self.sync_frequency * 60.0


@dataclass(slots=True)
class Resource:
    """One resource of a collection: what requests set, and what happened to it.

    `fields` are those that the API shows; `state` is the rest of its data; `content` is a file.
    `group_id` is empty if it belongs to the account.
    """

    id: str
    created_at: float
    created_by: str
    updated_at: float
    fields: dict[str, Any]
    state: dict[str, Any] = field(default_factory=dict)
    content: bytes = field(default=b"", compare=False, repr=False)

    @property
    def group_id(self) -> str:
        """The id of the group that it belongs to."""
        group_id: str = self.fields.get("group_id") or self.state.get("group_id", "")
        return group_id


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the account; a deprecated one names its replacement."""

    name: str
    scope: str
    description: str
    replacement: str = ""


@dataclass(slots=True)
class Webhook:
    """A URL that receives some events of the account or of one group."""

    id: str
    group_id: str | None
    created_at: float
    created_by: str
    url: str = ""
    events: list[str] = field(default_factory=list)
    active: bool = True
    secret: str = ""

    @property
    def type(self) -> str:
        """Return `group` or `account`."""
        return "account" if self.group_id is None else "group"

    def subscribes_to(self, event: str, group_id: str) -> bool:
        """Return whether to deliver an event of a group's connection here."""
        return self.active and self.group_id in (None, group_id) and event in self.events
