"""The store's tables. The migrations create them, except in a database in memory."""

from datetime import UTC, datetime
from typing import ClassVar

from sqlalchemy import Double, Index, UniqueConstraint
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    mapped_column,
)

from pbf.store.column_types import LongText, ShortText

SHORT_TEXT = ShortText(200)


class Base(MappedAsDataclass, DeclarativeBase):
    """The tables; a row is a dataclass. All times but those of the audit log are in seconds."""

    type_annotation_map: ClassVar = {str: SHORT_TEXT, float: Double}


class TypedName(Base, kw_only=True):
    """The name of a connector as a person typed it."""

    __tablename__ = "typed_names"

    connector_id: Mapped[str] = mapped_column(primary_key=True)
    # A restarted sandbox issues the same ids again; the permanent name tells connectors apart.
    schema_name: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class UsedToken(Base, kw_only=True):
    """The hash of a signed token that was used; times are seconds since 1970."""

    __tablename__ = "used_tokens"

    digest: Mapped[str] = mapped_column(ShortText(64), primary_key=True)
    used_at: Mapped[float]


class Leased(MappedAsDataclass, kw_only=True):
    """A row that one process at a time works on: its `owner`, until `lease_until`.

    Without an owner, `lease_until` is when it may be tried again. It is a time of the database's
    clock.
    """

    group_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    owner: Mapped[str] = mapped_column(ShortText(64), default="")
    lease_until: Mapped[float] = mapped_column(default=0.0)


class Creation(Leased, Base, kw_only=True):
    """An attempt to create a connector, stored before Fivetran is called.

    `key` and `fingerprint` are hashes of the caller's key and request, `reserved` is the permanent
    name while it is reserved. `naming_fields` are those that the service required when the attempt
    began, separated by commas. `sent_at` is when a call was sent whose outcome is not known, by
    Fivetran's clock.
    """

    __tablename__ = "creations"
    __table_args__ = (UniqueConstraint("group_id", "reserved", name="one_creation_for_a_name"),)

    key: Mapped[str] = mapped_column(ShortText(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(ShortText(64))
    service: Mapped[str]
    typed: Mapped[str]
    schema_name: Mapped[str]
    reserved: Mapped[str | None]
    naming_fields: Mapped[str] = mapped_column(server_default="", default="")
    sent_at: Mapped[float | None] = mapped_column(default=None)
    connector_id: Mapped[str | None] = mapped_column(default=None)

    @property
    def required(self) -> tuple[str, ...]:
        """The naming fields that the service required when the attempt began."""
        return tuple(self.naming_fields.split(","))


class Deletion(Leased, Base, kw_only=True):
    """A connector that is hidden until it is deleted, at `due_at`.

    `paused_at` is when Fivetran reported the connector as paused. Both are by Fivetran's clock.
    `setup_state` is the state when the deletion was requested.
    """

    __tablename__ = "deletions"

    connector_id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    name: Mapped[str]
    schema_name: Mapped[str]
    was_paused: Mapped[bool]
    due_at: Mapped[float]
    paused_at: Mapped[float | None] = mapped_column(default=None)
    setup_state: Mapped[str] = mapped_column(ShortText(40), server_default="", default="")

    @property
    def final_at(self) -> datetime:
        """When it can no longer be undone, to the second."""
        return datetime.fromtimestamp(int(self.due_at), UTC)


class Job(Leased, Base, kw_only=True):
    """Background work that repeats, for the whole account ("" as group) or for one group.

    `due_at` is when it is to run next, `started_at` and `succeeded_at` are of its last runs;
    `error` is why the last run failed, and `failures` how many in a row have.
    """

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(ShortText(100), primary_key=True)
    due_at: Mapped[float]
    started_at: Mapped[float | None] = mapped_column(default=None)
    succeeded_at: Mapped[float | None] = mapped_column(default=None)
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(LongText, default="")


class PlannedChange(Leased, Base, kw_only=True):
    """A pause or a resumption of a connector at a time, with a reason that everybody reads.

    `action` is "pause" or "resume". `outcome` says how it went once it is done.
    """

    __tablename__ = "planned_changes"
    __table_args__ = (Index("planned_changes_of_connector", "group_id", "connector_id"),)

    id: Mapped[str] = mapped_column(ShortText(64), primary_key=True)
    connector_id: Mapped[str]
    schema_name: Mapped[str]
    action: Mapped[str] = mapped_column(ShortText(20))
    due_at: Mapped[float]
    reason: Mapped[str] = mapped_column(ShortText(500))
    created_by: Mapped[str]
    created_by_name: Mapped[str] = mapped_column(default="")
    created_at: Mapped[float]
    done_at: Mapped[float | None] = mapped_column(default=None)
    cancelled_at: Mapped[float | None] = mapped_column(default=None)
    outcome: Mapped[str] = mapped_column(LongText, default="")


class Entry(Base, kw_only=True):
    """An entry of the audit log: who did what to which connector; entries never change.

    `at` is a time in UTC, in ISO 8601. `name` is the connector's permanent name, `outcome` is
    "done", "nothing to do", "begun" or the type of an error.
    `actor_name` is the actor's name at that time. `entry_key` tells whether an entry of the spool
    is stored; `stored_at` is when that was, and empty for an entry that did not wait there.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_of_group", "group_id", "id"),
        Index("audit_of_connector", "group_id", "connector_id", "id"),
        Index("audit_by_key", "entry_key", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True, init=False)
    at: Mapped[str] = mapped_column(ShortText(32))
    actor: Mapped[str]
    actor_name: Mapped[str] = mapped_column(server_default="", default="")
    what: Mapped[str] = mapped_column(ShortText(100))
    details: Mapped[str] = mapped_column(server_default="")
    connector_id: Mapped[str]
    name: Mapped[str]
    outcome: Mapped[str] = mapped_column(LongText)
    group_id: Mapped[str] = mapped_column(server_default="")
    # Entries of earlier versions have none.
    entry_key: Mapped[str | None] = mapped_column(ShortText(32), default=None)
    stored_at: Mapped[str] = mapped_column(ShortText(32), server_default="", default="")


class ColleagueLink(Base, kw_only=True):
    """A link with which a colleague without an account finishes the set-up of one connector.

    `digest` is the SHA-256 of the link's secret part. `asker` is who asks, as the colleague reads
    it. `opened_at` is when the colleague first went on to the Connect Card.
    """

    __tablename__ = "colleague_links"
    __table_args__ = (
        Index("colleague_links_of_connector", "group_id", "connector_id"),
        Index("colleague_links_by_end", "expires_at"),
    )

    id: Mapped[str] = mapped_column(ShortText(64), primary_key=True)
    digest: Mapped[str] = mapped_column(ShortText(64), unique=True, repr=False)
    group_id: Mapped[str]
    connector_id: Mapped[str]
    # A restarted sandbox issues the same ids again; the permanent name tells connectors apart.
    schema_name: Mapped[str]
    note: Mapped[str] = mapped_column(ShortText(500))
    asker: Mapped[str]
    created_at: Mapped[float]
    expires_at: Mapped[float]
    opened_at: Mapped[float | None] = mapped_column(default=None)
    finished_at: Mapped[float | None] = mapped_column(default=None)
    revoked_at: Mapped[float | None] = mapped_column(default=None)
