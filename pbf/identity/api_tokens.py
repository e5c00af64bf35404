"""API tokens: their form, how they are made and revoked, and whose identity a bearer token has.

A token is `pbf_`, an id of 10 characters, a secret of 40 and a checksum of 6, all in base62: secret
scanners recognise it, and a typo is noticed without a look-up. Only its SHA-256 is stored; the
secret has 238 bits, so a slow hash would add nothing.
"""

import re
import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Protocol
from zlib import crc32

from pbf.clock import current_time
from pbf.errors import InputError, NotPermitted, UnknownTenant
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Permission, Role, allows, refusal
from pbf.store.identity.tables import ApiToken
from pbf.visible_text import is_one_line

PREFIX = "pbf_"
ID_LENGTH = 10
SECRET_LENGTH = 40
CHECKSUM_LENGTH = 6
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH}}}")

DEFAULT_DAYS = 90
MOST_DAYS = 365
DAY = 24 * 3600.0
HOUR = 3600.0
# For how long another process accepts a token after it was revoked, in seconds.
CACHED_FOR = 5.0
MOST_CACHED = 1_000
LONGEST_NAME = 80


@dataclass(frozen=True)
class Token:
    """A token: its id, which is no secret, and its whole text, which is."""

    id: str
    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """The SHA-256 of the text, as 64 hexadecimal digits."""
        return sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class NewToken:
    """A token that was just made; its text is shown once. Times are seconds since 1970."""

    id: str
    expires_at: float
    text: str = field(repr=False)


class TokenStore(Protocol):
    """Where tokens are stored; times are seconds since 1970."""

    def add(self, token: ApiToken) -> None:
        """Store a new token."""

    def get(self, token_id: str) -> ApiToken | None:
        """Return the token with an id, if there is one."""

    def listed(self, tenant_id: str | None) -> list[ApiToken]:
        """Return the tokens of a tenant, or with None those of the operators."""

    def revoke(self, token_id: str, tenant_id: str | None, now: float) -> bool:
        """Revoke a token of a tenant, or of the operators; False if there is none to revoke."""

    def touch(self, token_id: str, now: float) -> bool:
        """Store that a token is in use; False if that was stored less than an hour ago."""


@dataclass
class CachedRow:
    """A row that was read from the store, until when it counts, and when the token was used."""

    row: ApiToken
    until: float
    used_at: float | None


def make_token() -> Token:
    """Return a new random token."""
    token_id, secret = _random(ID_LENGTH), _random(SECRET_LENGTH)
    body = f"{PREFIX}{token_id}{secret}"
    return Token(token_id, body + _checksum(body))


def parse_token(text: str) -> Token | None:
    """Return a token from its text; None if it has another form or its checksum is wrong."""
    if not FORM.fullmatch(text):
        return None
    body, checksum = text[:-CHECKSUM_LENGTH], text[-CHECKSUM_LENGTH:]
    if checksum != _checksum(body):
        return None
    return Token(body[len(PREFIX) :][:ID_LENGTH], text)


class ApiTokens:
    """Makes, finds, lists and revokes API tokens."""

    def __init__(self, store: TokenStore, *, clock: Callable[[], float] = current_time) -> None:
        """Keep the tokens in a store."""
        self._store = store
        self._clock = clock
        self._cached: dict[str, CachedRow] = {}
        self._lock = threading.Lock()

    def create(
        self,
        name: str,
        *,
        role: Role,
        tenant_id: str | None,
        creator: Identity,
        days: int = DEFAULT_DAYS,
    ) -> NewToken:
        """Make a token of a tenant, or with None one of the operators, that lives for some days.

        Raises NotPermitted, UnknownTenant or InputError.
        """
        _check_creator(creator, role, tenant_id)
        _check_request(name, role, tenant_id, days)
        token, now = make_token(), self._clock()
        new = NewToken(token.id, now + days * DAY, token.text)
        self._store.add(
            ApiToken(
                id=token.id,
                digest=token.digest,
                tenant_id=tenant_id,
                role=role.value,
                name=name.strip(),
                created_by=creator.actor,
                created_at=now,
                expires_at=new.expires_at,
            )
        )
        return new

    def find(self, token: str) -> Identity | None:
        """Return the identity of a bearer token; None if it is wrong, expired or revoked."""
        parsed = parse_token(token)
        entry = self._entry(parsed.id) if parsed else None
        if parsed is None or entry is None or not compare_digest(parsed.digest, entry.row.digest):
            return None
        now = self._clock()
        if entry.row.revoked_at is not None or entry.row.expires_at <= now:
            return None
        if entry.used_at is None or now - entry.used_at >= HOUR:
            entry.used_at = now
            self._store.touch(entry.row.id, now)
        return _identity(entry.row)

    def listed(self, tenant_id: str | None) -> list[ApiToken]:
        """Return the tokens of a tenant, or with None those of the operators, the newest first."""
        return self._store.listed(tenant_id)

    def revoke(self, token_id: str, *, tenant_id: str | None) -> bool:
        """Revoke a token of a tenant, or of the operators; False if there is none to revoke.

        This process refuses the token at once, others within 5 seconds.
        """
        was_revoked = self._store.revoke(token_id, tenant_id, self._clock())
        with self._lock:
            self._cached.pop(token_id, None)
        return was_revoked

    def _entry(self, token_id: str) -> CachedRow | None:
        """Return a stored token as it was at most 5 seconds ago."""
        now = self._clock()
        entry = self._cached.get(token_id)
        if entry and now < entry.until:
            return entry
        # Read and kept under the lock, so that a row read before a revocation is not kept after it.
        with self._lock:
            row = self._store.get(token_id)
            if row is None:
                return None
            if len(self._cached) >= MOST_CACHED:
                self._cached.clear()
            self._cached[token_id] = entry = CachedRow(row, now + CACHED_FOR, row.used_at)
            return entry


def _identity(row: ApiToken) -> Identity:
    return Identity(
        actor=f"token:{row.id}",
        tenant_id=row.tenant_id or "",
        role=Role(row.role),
        name=row.name,
        method="token",
        is_operator=row.tenant_id is None,
    )


def _check_creator(creator: Identity, role: Role, tenant_id: str | None) -> None:
    needed = Permission.MANAGE_TENANTS if tenant_id is None else Permission.MANAGE_PEOPLE
    if not allows(creator.role, needed):
        raise NotPermitted(refusal(creator.role, needed))
    if tenant_id is not None and not creator.is_operator and tenant_id != creator.tenant_id:
        raise UnknownTenant("There is no tenant with this id.")
    if role.rank > creator.role.rank:
        raise NotPermitted(
            f"Your role is {creator.role}, and a token cannot have a higher one. Choose "
            f"{creator.role} or a lower role."
        )


def _check_request(name: str, role: Role, tenant_id: str | None, days: int) -> None:
    if not 0 < len(name.strip()) <= LONGEST_NAME or not is_one_line(name):
        raise InputError(
            f"Give the token a name: one line of at most {LONGEST_NAME} visible characters."
        )
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"A token can live for 1 to {MOST_DAYS} days. Choose another number.")
    if (role is Role.OPERATOR) != (tenant_id is None):
        raise InputError(
            "A tenant's token has the role viewer, editor or admin; only a token of the operators, "
            "without a tenant, has the role operator."
        )


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    """Return the CRC32 of a text in base62, always six characters."""
    number, digits = crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
