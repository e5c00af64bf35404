"""The store's tables. The migrations create them, except in a database in memory."""

from sqlalchemy import DDL, Boolean, Double, Index, Integer, String, Text, UniqueConstraint, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The tables."""


class TypedName(Base):
    """The name of a connector as a person typed it."""

    __tablename__ = "typed_names"

    connector_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    # A restarted sandbox issues the same ids again; the permanent name tells connectors apart.
    schema_name: Mapped[str] = mapped_column(String(200), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))


class UsedToken(Base):
    """The hash of a signed token that was used; times are seconds since 1970."""

    __tablename__ = "used_tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[float] = mapped_column(Double)


class CreationRow(Base):
    """An attempt to create a connector, written before the call."""

    __tablename__ = "creations"
    __table_args__ = (UniqueConstraint("group_id", "reserved", name="one_creation_for_a_name"),)

    group_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    # The hash of the caller's key.
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    service: Mapped[str] = mapped_column(String(200))
    typed: Mapped[str] = mapped_column(String(200))
    schema_name: Mapped[str] = mapped_column(String(200))
    # The permanent name while it is reserved for this attempt.
    reserved: Mapped[str | None] = mapped_column(String(200))
    # The naming fields that the service required when the attempt began, separated by commas.
    naming_fields: Mapped[str] = mapped_column(String(200), server_default="")
    # By Fivetran's clock.
    sent_at: Mapped[float | None] = mapped_column(Double)
    connector_id: Mapped[str | None] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[float] = mapped_column(Double)
    changed_at: Mapped[float] = mapped_column(Double)


class DeletionRow(Base):
    """A hidden connector whose deletion is pending."""

    __tablename__ = "deletions"

    group_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    connector_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    service: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    schema_name: Mapped[str] = mapped_column(String(200))
    was_paused: Mapped[bool] = mapped_column(Boolean)
    due_at: Mapped[float] = mapped_column(Double)
    # When Fivetran reported it as paused, by Fivetran's clock.
    paused_at: Mapped[float | None] = mapped_column(Double)
    setup_state: Mapped[str] = mapped_column(String(40), server_default="")
    owner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[float] = mapped_column(Double)


class AuditEntry(Base):
    """Who did what to which connector, when, and with what outcome; rows never change."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_of_group", "group_id", "id"),
        Index("audit_of_connector", "group_id", "connector_id", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    # In UTC, in ISO 8601.
    at: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(100))
    connector_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(Text)
    group_id: Mapped[str] = mapped_column(String(200), server_default="")
    details: Mapped[str] = mapped_column(String(200), server_default="")


# The same triggers as in the first migration, which does not change with this module.
for _event, _condition in (
    ("UPDATE", ""),
    ("DELETE", ""),
    # SQLite replaces a row without firing the trigger for deletions.
    ("INSERT", "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "),
):
    event.listen(
        AuditEntry.__table__,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER audit_only_grows_{_event} BEFORE {_event} ON audit {_condition}"
            "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
        ).execute_if(dialect="sqlite"),
    )
