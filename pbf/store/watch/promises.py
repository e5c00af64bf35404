"""The promises that people made."""

from collections import defaultdict

from sqlalchemy import Delete, delete, select
from sqlalchemy.exc import IntegrityError

from pbf.store.database import Database
from pbf.store.watch.tables import Promise


class Promises:
    """The promises of all groups; there is one for each scope and target."""

    def __init__(self, database: Database) -> None:
        """Keep the promises in a database."""
        self._database = database

    def listed(self, group_id: str) -> list[Promise]:
        """Return a group's promises, the most general first."""
        query = select(Promise).where(Promise.group_id == group_id)
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(Promise.scope.desc(), Promise.target)))

    def by_group(self) -> dict[str, list[Promise]]:
        """Return all promises by group."""
        groups: defaultdict[str, list[Promise]] = defaultdict(list)
        with self._database.reading() as session:
            for row in session.scalars(select(Promise).order_by(Promise.id)):
                groups[row.group_id].append(row)
        return groups

    def put(self, promise: Promise) -> None:
        """Store a promise in place of the one with its scope and target, if there is one."""
        try:
            self._replace(promise)
        except IntegrityError:  # another process stored one at this moment
            self._replace(promise)

    def remove(self, group_id: str, scope: str, target: str) -> bool:
        """Delete a promise; False if there is none."""
        statement = _of(group_id, scope, target).returning(Promise.id)
        with self._database.session() as session:
            return session.execute(statement).first() is not None

    def _replace(self, promise: Promise) -> None:
        values = {column.key: getattr(promise, column.key) for column in Promise.__table__.columns}
        with self._database.session() as session:
            session.execute(_of(promise.group_id, promise.scope, promise.target))
            session.add(Promise(**values))


def _of(group_id: str, scope: str, target: str) -> Delete:
    row = Promise
    return delete(row).where(row.group_id == group_id, row.scope == scope, row.target == target)
