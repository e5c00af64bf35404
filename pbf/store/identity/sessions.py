"""Sessions: who is signed in, until when, and whether that was revoked."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.orm import Session

from pbf.store.database import Database
from pbf.store.identity.tables import Person, SessionRow
from pbf.store.retention import ENDED_SESSIONS

# A statement holds so many values at most.
BATCH = 10_000


@dataclass(frozen=True)
class SignedIn:
    """A session that has not been revoked, and its person's present name and e-mail address.

    `issuer` and `subject` identify the person.
    """

    row: SessionRow
    name: str
    email: str
    issuer: str
    subject: str


class SessionRows:
    """The sessions of all tenants."""

    def __init__(self, database: Database) -> None:
        """Keep the sessions in a database."""
        self._database = database

    def add(self, row: SessionRow) -> None:
        """Store a new session."""
        with self._database.session() as session:
            session.add(row)

    def replace(self, row: SessionRow, old_id: str, reason: str) -> bool:
        """Store a new session in place of an old one; False if the old one is no longer valid."""
        with self._database.session() as session:
            valid = (SessionRow.id == old_id, SessionRow.expires_at > row.created_at)
            if not revoke(session, *valid, reason=reason, now=row.created_at):
                return False
            session.add(row)
        return True

    def get(self, session_id: str) -> SignedIn | None:
        """Return a session; None if it is unknown or revoked, or its person is disabled."""
        query = _in_use().where(SessionRow.id == session_id)
        with self._database.reading() as session:
            result = session.execute(query).first()
        return None if result is None else SignedIn(*result)

    def listed(
        self, now: float, idle: float, *, tenant_id: str | None = None, person_id: str | None = None
    ) -> list[SignedIn]:
        """Return the open sessions, all or those of a tenant or a person, last used first.

        `idle` is the idle timeout in seconds.
        """
        query = _in_use().where(SessionRow.expires_at > now, SessionRow.seen_at > now - idle)
        if tenant_id is not None:
            query = query.where(SessionRow.tenant_id == tenant_id)
        if person_id is not None:
            query = query.where(SessionRow.person_id == person_id)
        query = query.order_by(SessionRow.seen_at.desc(), SessionRow.id)
        with self._database.reading() as session:
            return [SignedIn(*result) for result in session.execute(query)]

    def valid(self, session_ids: Collection[str], now: float, idle: float) -> set[str]:
        """Return which sessions have neither ended nor been idle for `idle` seconds."""
        ids, valid = list(session_ids), set[str]()
        query = (
            select(SessionRow.id)
            .join(Person, Person.id == SessionRow.person_id)
            .where(*_not_revoked(), SessionRow.expires_at > now, SessionRow.seen_at > now - idle)
        )
        with self._database.reading() as session:
            for start in range(0, len(ids), BATCH):
                batch = SessionRow.id.in_(ids[start : start + BATCH])
                valid.update(session.scalars(query.where(batch)))
        return valid

    def touch(self, session_id: str, now: float, idle: float) -> bool:
        """Store that a session is in use; False if it has ended."""
        statement = (
            update(SessionRow)
            .where(
                SessionRow.id == session_id,
                SessionRow.revoked_at.is_(None),
                SessionRow.expires_at > now,
                # What was idle too long stays ended, and time goes only forward.
                SessionRow.seen_at > now - idle,
                SessionRow.seen_at <= now,
            )
            .values(seen_at=now)
            .returning(SessionRow.id)
        )
        with self._database.session() as session:
            return session.execute(statement).first() is not None

    def revoke(self, session_id: str, reason: str, now: float, *, tenant_id: str = "") -> list[str]:
        """Revoke a session, if it is one of the tenant's; return the revoked ids."""
        condition = [SessionRow.id == session_id]
        if tenant_id:
            condition.append(SessionRow.tenant_id == tenant_id)
        return self._revoke(*condition, reason=reason, now=now)

    def revoke_person(
        self, person_id: str, reason: str, now: float, *, tenant_id: str | None = None
    ) -> list[str]:
        """Revoke a person's sessions, all or those of one tenant; return the revoked ids."""
        condition = [SessionRow.person_id == person_id]
        if tenant_id is not None:
            condition.append(SessionRow.tenant_id == tenant_id)
        return self._revoke(*condition, reason=reason, now=now)

    def revoke_tenant(self, tenant_id: str, reason: str, now: float) -> list[str]:
        """Revoke the sessions of a tenant; return the revoked ids."""
        return self._revoke(SessionRow.tenant_id == tenant_id, reason=reason, now=now)

    def revoke_provider_session(
        self, issuer: str, reason: str, now: float, *, sid: str = "", subject: str = ""
    ) -> list[str]:
        """Revoke what a provider ended: its session `sid`, or all of a subject.

        With both, the session must be the subject's; with neither, nothing is revoked.
        """
        if not (sid or subject):
            return []
        persons = select(Person.id).where(Person.issuer == issuer)
        condition = []
        if subject:
            persons = persons.where(Person.subject == subject)
        if sid:
            condition.append(SessionRow.provider_sid == sid)
        condition.append(SessionRow.person_id.in_(persons))
        return self._revoke(*condition, reason=reason, now=now)

    def delete_expired(self, now: float) -> None:
        """Delete sessions that expired some time ago."""
        with self._database.session() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at < now - ENDED_SESSIONS))

    def _revoke(self, *conditions: ColumnElement[bool], reason: str, now: float) -> list[str]:
        with self._database.session() as session:
            return revoke(session, *conditions, reason=reason, now=now)


def revoke(
    session: Session, *conditions: ColumnElement[bool], reason: str, now: float
) -> list[str]:
    """Revoke the sessions that meet conditions, in a transaction; return the revoked ids."""
    statement = (
        update(SessionRow)
        .where(SessionRow.revoked_at.is_(None), *conditions)
        .values(revoked_at=now, reason=reason)
        .returning(SessionRow.id)
        .execution_options(synchronize_session=False)
    )
    return list(session.scalars(statement))


def _in_use() -> Select[SessionRow, str, str, str, str]:
    query = select(SessionRow, Person.name, Person.email, Person.issuer, Person.subject)
    return query.join(Person, Person.id == SessionRow.person_id).where(*_not_revoked())


def _not_revoked() -> tuple[ColumnElement[bool], ...]:
    return SessionRow.revoked_at.is_(None), Person.disabled_at.is_(None)
