"""Creations: attempts to create a connector, stored with their reserved name before the call.

The process that works on an attempt holds a lease on it. When the lease runs out, because the
process died or gave up, one other process may take the attempt over.
"""

import time

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from pbf.fivetran.models import Connector
from pbf.store.database import Database
from pbf.store.records import Creation
from pbf.store.tables import CreationRow, TypedName

# How long the same key leads to the same connector, in seconds.
LIFETIME = 7 * 24 * 3600.0


class Creations:
    """The creation attempts of all groups."""

    def __init__(self, database: Database) -> None:
        """Store attempts in a database."""
        self._database = database

    def find(self, group_id: str, key: str) -> Creation | None:
        """Return the attempt with a key, if any."""
        with self._database.session() as session:
            row = session.get(CreationRow, (group_id, key))
            return _read(row) if row else None

    def holder(self, group_id: str, name: str) -> Creation | None:
        """Return the attempt that has reserved a permanent name, if any."""
        reserved = (CreationRow.group_id == group_id) & (CreationRow.reserved == name)
        return next(iter(self._select(reserved)), None)

    def unsettled(self, group_id: str) -> list[Creation]:
        """Return the attempts whose outcome is not known yet."""
        unsettled = CreationRow.connector_id.is_(None)
        return self._select((CreationRow.group_id == group_id) & unsettled)

    def open(self, creation: Creation, owner: str, lease: float) -> bool:
        """Store a new attempt, held for `lease` seconds; False if its key or name exists."""
        now = time.time()
        row = CreationRow(
            group_id=creation.group_id,
            key=creation.key,
            fingerprint=creation.fingerprint,
            service=creation.service,
            typed=creation.typed,
            schema_name=creation.schema_name,
            reserved=creation.reserved,
            naming_fields=",".join(creation.naming_fields),
            owner=owner,
            lease_until=now + lease,
            changed_at=now,
        )
        expired = CreationRow.connector_id.is_not(None) & (CreationRow.changed_at < now - LIFETIME)
        try:
            with self._database.session() as session:
                session.execute(delete(CreationRow).where(expired))
                session.add(row)
        except IntegrityError:
            return False
        return True

    def take(self, creation: Creation, owner: str, lease: float) -> bool:
        """Take over an attempt that nobody holds; of several concurrent calls one succeeds."""
        now = time.time()
        free = CreationRow.connector_id.is_(None) & (CreationRow.lease_until <= now)
        return self._write(_this(creation) & free, owner=owner, lease_until=now + lease)

    def hold(self, creation: Creation, owner: str, lease: float, *, sent_at: float) -> bool:
        """Extend the lease before the call is sent; False if somebody else holds the attempt."""
        owned = _owned(creation, owner)
        return self._write(owned, sent_at=sent_at, lease_until=time.time() + lease)

    def release(self, creation: Creation, owner: str, *, sent_at: float | None) -> None:
        """End the lease; `sent_at` is when a call was sent whose outcome is uncertain."""
        self._write(_owned(creation, owner), lease_until=0.0, sent_at=sent_at)

    def drop(self, creation: Creation, owner: str) -> None:
        """Delete an attempt that created nothing, and free its name."""
        with self._database.session() as session:
            session.execute(delete(CreationRow).where(_owned(creation, owner)))

    def forget(self, creation: Creation) -> None:
        """Delete an attempt whose connector no longer exists."""
        gone = _this(creation) & (CreationRow.connector_id == creation.connector_id)
        with self._database.session() as session:
            session.execute(delete(CreationRow).where(gone))

    def finish(self, creation: Creation, connector: Connector) -> None:
        """Store which connector an attempt created, and the name as typed."""
        name = TypedName(
            connector_id=connector.id, schema_name=connector.schema_name, name=creation.typed
        )
        done = {"connector_id": connector.id, "reserved": None, "sent_at": None}
        with self._database.session() as session:
            session.merge(name)
            session.execute(
                update(CreationRow)
                .where(_this(creation))
                .values(**done, lease_until=0.0, changed_at=time.time())
            )

    def _write(self, condition: ColumnElement[bool], **values: object) -> bool:
        with self._database.session() as session:
            statement = (
                update(CreationRow).where(condition).values(**values, changed_at=time.time())
            )
            return bool(session.execute(statement.returning(CreationRow.key)).first())

    def _select(self, condition: ColumnElement[bool]) -> list[Creation]:
        with self._database.session() as session:
            return [_read(row) for row in session.scalars(select(CreationRow).where(condition))]


def _this(creation: Creation) -> ColumnElement[bool]:
    return (CreationRow.group_id == creation.group_id) & (CreationRow.key == creation.key)


def _owned(creation: Creation, owner: str) -> ColumnElement[bool]:
    return _this(creation) & (CreationRow.owner == owner)


def _read(row: CreationRow) -> Creation:
    values = {name: getattr(row, name) for name in Creation.__dataclass_fields__}
    values["naming_fields"] = tuple(filter(None, row.naming_fields.split(",")))
    return Creation(**values)
