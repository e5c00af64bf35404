"""The API tokens of a tenant, and those of the operators: made, listed and revoked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pbf.clock import current_time
from pbf.errors import UnknownItem
from pbf.identity.administration.scope import Scope
from pbf.identity.api_tokens import DEFAULT_DAYS, ApiTokens
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.rules.time_zones import moment
from pbf.store.identity.people import People
from pbf.store.identity.tables import ApiToken

NOTHING_TO_REVOKE = "There is no such token to revoke. It may have been revoked already."


@dataclass(frozen=True)
class TokenEntry:
    """A token as it is listed: never its text. `created_by` is who made it, in words."""

    id: str
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    is_active: bool


@dataclass(frozen=True)
class CreatedToken:
    """A token that was just made; its text appears here once."""

    id: str
    name: str
    role: Role
    expires_at: datetime
    text: str = field(repr=False)


class TokenAdministration:
    """Administers API tokens; without a tenant, those of the operators.

    Every method raises NotPermitted, or UnknownTenant for a tenant of others.
    """

    def __init__(
        self,
        scope: Scope,
        tokens: ApiTokens,
        people: People,
        *,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Administer these tokens within a scope."""
        self._scope = scope
        self._tokens = tokens
        self._people = people
        self._clock = clock

    def listed(self, identity: Identity, tenant_id: str | None) -> list[TokenEntry]:
        """Return the tokens, the newest first; also ended ones for a while."""
        self._group(identity, tenant_id)
        rows = [row for row in self._tokens.listed(tenant_id) if row.role in set(Role)]
        names = {actor: self._name(actor) for actor in {row.created_by for row in rows}}
        return [self._entry(row, names[row.created_by]) for row in rows]

    def create(
        self,
        identity: Identity,
        tenant_id: str | None,
        name: str,
        *,
        role: Role,
        days: int = DEFAULT_DAYS,
    ) -> CreatedToken:
        """Make a token that lives for some days; raise InputError if a value is not valid."""
        group_id = self._group(identity, tenant_id)
        details = f"{name.strip()}: {role}, {days} days"
        with self._scope.record(identity, "create an API token", details, group_id=group_id):
            new = self._tokens.create(
                name, role=role, tenant_id=tenant_id, creator=identity, days=days
            )
        return CreatedToken(new.id, name.strip(), role, moment(new.expires_at), new.text)

    def revoke(self, identity: Identity, tenant_id: str | None, token_id: str) -> None:
        """Revoke a token; raise UnknownItem if there is none to revoke."""
        group_id = self._group(identity, tenant_id)
        row = next((row for row in self._tokens.listed(tenant_id) if row.id == token_id), None)
        if row is None:
            raise UnknownItem(NOTHING_TO_REVOKE)
        with self._scope.record(identity, "revoke an API token", row.name, group_id=group_id):
            if not self._tokens.revoke(token_id, tenant_id=tenant_id):
                raise UnknownItem(NOTHING_TO_REVOKE)

    def _group(self, identity: Identity, tenant_id: str | None) -> str:
        """Return the group whose audit log records what is done to tokens."""
        if tenant_id is not None:
            return self._scope.tenant(identity, tenant_id).group_id
        self._scope.require_operator(identity)
        return ""

    def _name(self, actor: str) -> str:
        kind, _, id_ = actor.partition(":")
        person = self._people.get(id_) if kind == "person" else None
        return (person and (person.name or person.email)) or actor

    def _entry(self, row: ApiToken, created_by: str) -> TokenEntry:
        return TokenEntry(
            row.id,
            row.name,
            Role(row.role),
            created_by,
            moment(row.created_at),
            moment(row.expires_at),
            moment(row.used_at),
            moment(row.revoked_at),
            row.revoked_at is None and row.expires_at > self._clock(),
        )
