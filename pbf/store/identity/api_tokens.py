"""API tokens: the digests of the bearer tokens of programs."""

from sqlalchemy import delete, or_, select, update

from pbf.store.database import Database
from pbf.store.identity.tables import ApiToken
from pbf.store.retention import ENDED_API_TOKENS

# How often the last use is written, in seconds.
USE_INTERVAL = 3600.0


class ApiTokens:
    """The API tokens of all tenants, and those of operators, which have none."""

    def __init__(self, database: Database) -> None:
        """Keep the tokens in a database."""
        self._database = database

    def add(self, token: ApiToken) -> None:
        """Store a new token."""
        with self._database.session() as session:
            session.add(token)

    def get(self, token_id: str) -> ApiToken | None:
        """Return a token, also one that has ended, or None."""
        with self._database.reading() as session:
            return session.get(ApiToken, token_id)

    def listed(self, tenant_id: str | None) -> list[ApiToken]:
        """Return the tokens of a tenant, or the operators', the newest first."""
        query = select(ApiToken).where(ApiToken.tenant_id == tenant_id)
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(ApiToken.created_at.desc(), ApiToken.id)))

    def revoke(self, token_id: str, tenant_id: str | None, now: float) -> bool:
        """Revoke a token of a tenant, or of the operators; False if there is none to revoke."""
        statement = (
            update(ApiToken)
            .where(ApiToken.id == token_id, ApiToken.tenant_id == tenant_id)
            .where(ApiToken.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(ApiToken.id)
        )
        with self._database.session() as session:
            return session.execute(statement).first() is not None

    def touch(self, token_id: str, now: float) -> bool:
        """Store that a token is in use; False if that was stored less than an hour ago."""
        used_before = or_(ApiToken.used_at.is_(None), ApiToken.used_at <= now - USE_INTERVAL)
        statement = (
            update(ApiToken)
            .where(ApiToken.id == token_id, used_before)
            .values(used_at=now)
            .returning(ApiToken.id)
        )
        with self._database.session() as session:
            return session.execute(statement).first() is not None

    def delete_expired(self, now: float) -> None:
        """Delete tokens that ended some time ago."""
        end = now - ENDED_API_TOKENS
        ended = or_(ApiToken.expires_at < end, ApiToken.revoked_at < end)
        with self._database.session() as session:
            session.execute(delete(ApiToken).where(ended))
