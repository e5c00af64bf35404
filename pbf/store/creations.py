"""Creations: attempts that are written, with their permanent name reserved, before the call.

Who works on an attempt holds a lease on it. When the lease has run out, since the process died or
gave up, one other may take it over.
"""

import time

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from pbf.fivetran.models import Connector
from pbf.store.database import Database
from pbf.store.records import Creation
from pbf.store.tables import CreationRow, TypedName

# For so long the same key leads to the same connector.
KEPT = 7 * 24 * 3600.0


class Creations:
    """The attempts of all groups."""

    def __init__(self, database: Database) -> None:
        """Keep them in a database."""
        self._database = database

    def find(self, group_id: str, key: str) -> Creation | None:
        """Return the attempt of a key, if there is one."""
        with self._database.session() as session:
            row = session.get(CreationRow, (group_id, key))
            return _read(row) if row else None

    def holder(self, group_id: str, name: str) -> Creation | None:
        """Return the attempt that has reserved a permanent name, if there is one."""
        mine = (CreationRow.group_id == group_id) & (CreationRow.reserved == name)
        found = self._listed(mine)
        return found[0] if found else None

    def unsettled(self, group_id: str) -> list[Creation]:
        """Return the attempts of which nobody knows yet what came of them."""
        mine = CreationRow.group_id == group_id
        return self._listed(mine & CreationRow.connector_id.is_(None))

    def open(self, creation: Creation, owner: str, lease: float) -> bool:
        """Write a new attempt, held for `lease` seconds; False if its key or name is there."""
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
        old = CreationRow.connector_id.is_not(None) & (CreationRow.changed_at < now - KEPT)
        try:
            with self._database.session() as session:
                session.execute(delete(CreationRow).where(old))
                session.add(row)
        except IntegrityError:
            return False
        return True

    def take(self, creation: Creation, owner: str, lease: float) -> bool:
        """Take over an attempt that nobody holds; of many who try at once, one succeeds."""
        now = time.time()
        free = CreationRow.connector_id.is_(None) & (CreationRow.lease_until <= now)
        return self._write(_this(creation) & free, owner=owner, lease_until=now + lease)

    def hold(self, creation: Creation, owner: str, lease: float, *, sent_at: float) -> bool:
        """Keep an attempt for `lease` more seconds, about to send the call; False if it is lost."""
        mine = _this(creation) & (CreationRow.owner == owner)
        return self._write(mine, sent_at=sent_at, lease_until=time.time() + lease)

    def release(self, creation: Creation, owner: str, *, sent_at: float | None) -> None:
        """Let others have an attempt; `sent_at` is when a call went out that is still in doubt."""
        mine = _this(creation) & (CreationRow.owner == owner)
        self._write(mine, lease_until=0.0, sent_at=sent_at)

    def drop(self, creation: Creation, owner: str) -> None:
        """Forget an attempt that has led to nothing, and give its name free."""
        mine = _this(creation) & (CreationRow.owner == owner)
        with self._database.session() as session:
            session.execute(delete(CreationRow).where(mine))

    def forget(self, creation: Creation) -> None:
        """Forget an attempt whose connector is gone again."""
        gone = _this(creation) & (CreationRow.connector_id == creation.connector_id)
        with self._database.session() as session:
            session.execute(delete(CreationRow).where(gone))

    def finish(self, creation: Creation, connector: Connector) -> None:
        """Write which connector an attempt has led to, and the name as typed."""
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

    def _write(self, which: ColumnElement[bool], **values: object) -> bool:
        with self._database.session() as session:
            statement = update(CreationRow).where(which).values(**values, changed_at=time.time())
            return bool(session.execute(statement.returning(CreationRow.key)).first())

    def _listed(self, which: ColumnElement[bool]) -> list[Creation]:
        with self._database.session() as session:
            return [_read(row) for row in session.scalars(select(CreationRow).where(which))]


def _this(creation: Creation) -> ColumnElement[bool]:
    return (CreationRow.group_id == creation.group_id) & (CreationRow.key == creation.key)


def _read(row: CreationRow) -> Creation:
    values = {name: getattr(row, name) for name in Creation.__dataclass_fields__}
    values["naming_fields"] = tuple(filter(None, row.naming_fields.split(",")))
    return Creation(**values)
