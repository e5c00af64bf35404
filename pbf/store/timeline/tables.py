"""The tables of the sync history. All times are in seconds since 1970."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from pbf.store.column_types import LongText, ShortText
from pbf.store.tables import Base

# In the place of a connector's id: what holds for all connectors of a group.
WHOLE_GROUP = ""
KEY = ShortText(64)
SHORT = ShortText(40)
OF_CONNECTOR = (
    "group_id",
    "connector_id",
    "at",
    "part_of",
    "outcome",
    "started_at",
    "ended_at",
)


class Sync(Base, kw_only=True):
    """What is known of one sync of a connector, under one key.

    `key` is the sync's id, or made of its start or end where it has none. `at` is its start, else
    its end, else when it was first reported. `part_of` is set if it is a part of another row, which
    then has its values; such a row keeps its own ones in `own` (JSON). `outcome` is an Outcome.
    `sources` are separated by commas. `volumes` and `unknown` are JSON objects or empty. The
    ranks say how much a value counts when sources differ, and `started_after` is the earliest start
    of a sync of which only the end is known (rules.timeline.merging).
    """

    __tablename__ = "syncs"
    __table_args__ = (
        # With what a summary needs, which then reads no row.
        Index("syncs_of_connector", *OF_CONNECTOR),
        Index("syncs_by_time", "at"),
    )

    group_id: Mapped[str] = mapped_column(primary_key=True)
    connector_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    at: Mapped[float]
    part_of: Mapped[str] = mapped_column(KEY, default="")
    sync_id: Mapped[str] = mapped_column(default="")
    started_at: Mapped[float | None] = mapped_column(default=None)
    ended_at: Mapped[float | None] = mapped_column(default=None)
    outcome: Mapped[str] = mapped_column(SHORT)
    reason: Mapped[str] = mapped_column(LongText, default="")
    volumes: Mapped[str] = mapped_column(LongText, default="")
    unknown: Mapped[str] = mapped_column(LongText, default="")
    sources: Mapped[str] = mapped_column(SHORT)
    seen_at: Mapped[float]
    start_rank: Mapped[int] = mapped_column(default=0)
    end_rank: Mapped[int] = mapped_column(default=0)
    reason_rank: Mapped[int] = mapped_column(default=0)
    started_after: Mapped[float | None] = mapped_column(default=None)
    own: Mapped[str] = mapped_column(LongText, default="")


class SyncDay(Base, kw_only=True):
    """The syncs of a connector on one day in UTC, summed up; `day` is days since 1970.

    The row of the connector "" has the sum of its group. The older part of the history is kept in
    this form only.
    """

    __tablename__ = "sync_days"
    __table_args__ = (Index("sync_days_by_day", "day"),)

    group_id: Mapped[str] = mapped_column(primary_key=True)
    connector_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    other: Mapped[int] = mapped_column(default=0)
    busy_seconds: Mapped[float] = mapped_column(default=0.0)


class SyncHour(Base, kw_only=True):
    """The syncs of a group in one hour, summed up; `hour` is hours since 1970."""

    __tablename__ = "sync_hours"

    group_id: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True)
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    other: Mapped[int] = mapped_column(default=0)


class Observation(Base, kw_only=True):
    """A period in which a source was listened to: for a connector, or with "" for its group.

    What lies in no such period was not observed. The source is "history", or "list" with the class
    of connectors that lists came often enough for (rules.timeline.coverage). With the group "" and
    the source "refused", it is when the account refused to show histories.
    """

    __tablename__ = "observations"
    __table_args__ = (Index("observations_of_group", "group_id", "connector_id", "until"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True, init=False)
    group_id: Mapped[str]
    connector_id: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(SHORT)
    since: Mapped[float]
    until: Mapped[float]


class LastSeen(Base, kw_only=True):
    """What a list said of a connector last; `history_until` is how far its history was read.

    `spacing` is the minutes between two syncs since `spacing_since`, `earlier_spacing` the
    shortest before. `paused_since` and `broken_since` are when a list first showed it so.
    """

    __tablename__ = "last_seen"

    group_id: Mapped[str] = mapped_column(primary_key=True)
    connector_id: Mapped[str] = mapped_column(primary_key=True)
    schema_name: Mapped[str]
    succeeded_at: Mapped[float | None] = mapped_column(default=None)
    failed_at: Mapped[float | None] = mapped_column(default=None)
    sync_state: Mapped[str] = mapped_column(SHORT, default="")
    setup_state: Mapped[str] = mapped_column(SHORT, default="")
    paused: Mapped[bool] = mapped_column(default=False)
    spacing: Mapped[float] = mapped_column(default=0.0)
    spacing_since: Mapped[float] = mapped_column(default=0.0)
    earlier_spacing: Mapped[float] = mapped_column(default=0.0)
    paused_since: Mapped[float | None] = mapped_column(default=None)
    broken_since: Mapped[float | None] = mapped_column(default=None)
    seen_at: Mapped[float]
    history_until: Mapped[float | None] = mapped_column(default=None)
    # Whether something moved since its history was read.
    has_moved: Mapped[bool] = mapped_column(default=False)


class ReceivedEvent(Base, kw_only=True):
    """A webhook of Fivetran's, stored before it is worked off; `digest` tells replays apart.

    Until `claimed_until`, one process works on it. Its body is emptied when it is done.
    """

    __tablename__ = "received_events"
    __table_args__ = (
        Index("received_events_to_do", "done_at", "received_at"),
        Index("received_events_of_group", "group_id", "created_at"),
    )

    digest: Mapped[str] = mapped_column(KEY, primary_key=True)
    event: Mapped[str] = mapped_column(SHORT)
    group_id: Mapped[str]
    connector_id: Mapped[str]
    sync_id: Mapped[str] = mapped_column(default="")
    created_at: Mapped[float | None] = mapped_column(default=None)
    received_at: Mapped[float]
    body: Mapped[str] = mapped_column(LongText, repr=False)
    claimed_until: Mapped[float] = mapped_column(default=0.0)
    done_at: Mapped[float | None] = mapped_column(default=None)


class EventCount(Base, kw_only=True):
    """How many webhooks of a kind arrived, and when the last one did.

    The kinds are the outcomes of `timeline.webhooks`.
    """

    __tablename__ = "event_counts"

    kind: Mapped[str] = mapped_column(SHORT, primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[float]
