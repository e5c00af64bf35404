"""The tables of the sync history. All times are in seconds since 1970."""

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pbf.store.tables import Base

KEY = String(64)
SHORT = String(40)


class Sync(Base, kw_only=True):
    """One sync of a connector, merged from all sources that reported it.

    `key` is the sync's id, or made of its start where it has none. `outcome` is a word of
    rules.history. `sources` are the sources that reported it, separated by commas. `volumes` and
    `unknown` are JSON objects: numbers by stage, and the fields that are not understood.
    """

    __tablename__ = "syncs"
    __table_args__ = (
        Index("syncs_of_connector", "group_id", "connector_id", "started_at"),
        Index("syncs_of_group", "group_id", "started_at"),
    )

    group_id: Mapped[str] = mapped_column(primary_key=True)
    connector_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    sync_id: Mapped[str] = mapped_column(KEY, default="")
    started_at: Mapped[float | None] = mapped_column(default=None)
    ended_at: Mapped[float | None] = mapped_column(default=None)
    outcome: Mapped[str] = mapped_column(SHORT)
    reason: Mapped[str] = mapped_column(Text, default="")
    volumes: Mapped[str] = mapped_column(Text, default="")
    unknown: Mapped[str] = mapped_column(Text, default="")
    sources: Mapped[str] = mapped_column(SHORT)
    seen_at: Mapped[float]


class SyncDay(Base, kw_only=True):
    """The syncs of a connector on one day in UTC, summed up; `day` is days since 1970.

    The older half of the history is kept in this form only.
    """

    __tablename__ = "sync_days"
    __table_args__ = (Index("sync_days_of_group", "group_id", "day"),)

    group_id: Mapped[str] = mapped_column(primary_key=True)
    connector_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    other: Mapped[int] = mapped_column(default=0)
    busy_seconds: Mapped[float] = mapped_column(default=0.0)


class Observation(Base, kw_only=True):
    """A period in which a source was listened to: for a connector, or with "" for its group.

    What lies in no such period was not observed.
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
    """What a list said of a connector last; `history_until` is how far its history was read."""

    __tablename__ = "last_seen"

    group_id: Mapped[str] = mapped_column(primary_key=True)
    connector_id: Mapped[str] = mapped_column(primary_key=True)
    schema_name: Mapped[str]
    succeeded_at: Mapped[float | None] = mapped_column(default=None)
    failed_at: Mapped[float | None] = mapped_column(default=None)
    sync_state: Mapped[str] = mapped_column(SHORT, default="")
    setup_state: Mapped[str] = mapped_column(SHORT, default="")
    paused: Mapped[bool] = mapped_column(default=False)
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
    body: Mapped[str] = mapped_column(Text, repr=False)
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
