"""The store's tables; `pbf/store/migrations` makes them, save in memory."""

from sqlalchemy import DDL, Boolean, Double, Index, Integer, String, Text, UniqueConstraint, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The tables."""


class TypedName(Base):
    """The name of a connector as somebody typed it."""

    __tablename__ = "typed_names"

    connector_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    # A sandbox that starts again hands out the same ids; the permanent name tells them apart.
    schema_name: Mapped[str] = mapped_column(String(200), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))


class UsedSlip(Base):
    """A return state or ticket that has done its work; times are seconds since 1970."""

    __tablename__ = "used_slips"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[float] = mapped_column(Double)


class CreationRow(Base):
    """An attempt to create a connector, written before the call."""

    __tablename__ = "creations"
    __table_args__ = (UniqueConstraint("group_id", "reserved", name="one_creation_for_a_name"),)

    group_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    # The hash of what the caller knows the attempt by.
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    service: Mapped[str] = mapped_column(String(200))
    typed: Mapped[str] = mapped_column(String(200))
    schema_name: Mapped[str] = mapped_column(String(200))
    # The permanent name, for as long as nobody else may have it.
    reserved: Mapped[str | None] = mapped_column(String(200))
    # Those that the service wanted when the attempt began, with commas between them.
    naming_fields: Mapped[str] = mapped_column(String(200), server_default="")
    # By Fivetran's own clock.
    sent_at: Mapped[float | None] = mapped_column(Double)
    connector_id: Mapped[str | None] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[float] = mapped_column(Double)
    changed_at: Mapped[float] = mapped_column(Double)


class DeletionRow(Base):
    """A connector that is hidden and waits to be deleted."""

    __tablename__ = "deletions"

    group_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    connector_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    service: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    schema_name: Mapped[str] = mapped_column(String(200))
    was_paused: Mapped[bool] = mapped_column(Boolean)
    due_at: Mapped[float] = mapped_column(Double)
    # When Fivetran was seen to have it paused, by Fivetran's own clock.
    paused_at: Mapped[float | None] = mapped_column(Double)
    setup_state: Mapped[str] = mapped_column(String(40), server_default="")
    owner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[float] = mapped_column(Double)


class AuditEntry(Base):
    """Who did what to which connector, when, and what came of it; the database keeps it so."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_of_group", "group_id", "id"),
        Index("audit_of_connector", "group_id", "connector_id", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    # In UTC, as ISO 8601 has it.
    at: Mapped[str] = mapped_column(String(32))
    who: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(100))
    connector_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(Text)
    group_id: Mapped[str] = mapped_column(String(200), server_default="")
    details: Mapped[str] = mapped_column(String(200), server_default="")


# As the migrations do it; they tell how a table came to be, and are not changed with it.
for _change, _when in (
    ("UPDATE", ""),
    ("DELETE", ""),
    # SQLite replaces a row without a word to the trigger of a deletion.
    ("INSERT", "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "),
):
    event.listen(
        AuditEntry.__table__,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER audit_only_grows_{_change} BEFORE {_change} ON audit {_when}"
            "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
        ).execute_if(dialect="sqlite"),
    )
