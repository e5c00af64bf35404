"""Sign-in links: each leads into a session once, before it expires."""

from sqlalchemy import delete, update

from pbf.store.database import Database
from pbf.store.identity.tables import SignInLink


class SignInLinks:
    """The sign-in links of all tenants, by the SHA-256 of their codes."""

    def __init__(self, database: Database) -> None:
        """Keep the links in a database."""
        self._database = database

    def add(self, digest: str, payload: str, *, tenant_id: str, expires_at: float) -> None:
        """Store a new link; `payload` is a text that `take` returns."""
        link = SignInLink(
            digest=digest, tenant_id=tenant_id, payload=payload, expires_at=expires_at
        )
        with self._database.session() as session:
            session.add(link)

    def take(self, digest: str, now: float) -> str | None:
        """Use a link and return its payload; None if it is unknown, used or expired.

        Of concurrent calls, one succeeds.
        """
        statement = (
            update(SignInLink)
            .where(SignInLink.digest == digest, SignInLink.used_at.is_(None))
            .where(SignInLink.expires_at > now)
            .values(used_at=now)
            .returning(SignInLink.payload)
        )
        with self._database.session() as session:
            return session.scalar(statement)

    def delete_expired(self, now: float) -> None:
        """Delete expired links, used or not."""
        with self._database.session() as session:
            session.execute(delete(SignInLink).where(SignInLink.expires_at < now))
