"""Signed links: to a connector's Connect Card, for a colleague, and the state on the way back.

A *link* stands in our pages and leads to the card of one connector; it contains no secret of
Fivetran's. An *invitation* does the same for a colleague without access to our pages: it contains
the secret by which the store knows it. A *state* travels in the card's `redirect_uri` and is
accepted once.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from itsdangerous import BadData, SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from pbf.clock import SKEW, current_time

Purpose = Literal["link", "invitation", "state"]

DAY = 24 * 60 * 60
# For how long a signature is accepted at most, in seconds; an invitation may end earlier.
LIFETIMES: Mapping[Purpose, int] = {"link": DAY, "invitation": 7 * DAY, "state": DAY}
# Ours have about 200 characters.
LONGEST_TOKEN = 1_000


@dataclass(frozen=True)
class State:
    """What a signed state contains: whose connector, and which (by id, or by permanent name).

    `invitation_id` is set if an invitation led to the card.
    """

    tenant_id: str
    connector_id: str
    schema_name: str
    nonce: str
    invitation_id: str = ""


class SharedTimeSigner(TimestampSigner):
    """Signs with the time that all processes share, and forgives a clock that is a little fast."""

    def get_timestamp(self) -> int:
        """Return the time to sign."""
        return int(current_time())

    def unsign(  # type: ignore[override]
        self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False
    ) -> bytes | tuple[bytes, datetime]:
        """Return what was signed; raise SignatureExpired or another BadData."""
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        age = self.get_timestamp() - signed_at.timestamp()
        if max_age is not None and not -SKEW <= age <= max_age:
            raise SignatureExpired("too old", payload=value, date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


class Signer:
    """Signs and reads links, invitations and states."""

    def __init__(self, key: str, *older: str) -> None:
        """Sign with a key that all processes share; signatures of older keys are accepted, too."""
        # itsdangerous signs with the last of its keys.
        keys = [*reversed(older), key]
        options = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        self._serializers = {
            purpose: URLSafeTimedSerializer(
                keys, salt=purpose, signer=SharedTimeSigner, signer_kwargs=options
            )
            for purpose in get_args(Purpose)
        }

    def tenant_of(self, purpose: Purpose, text: str) -> str:
        """Return the tenant that a link, invitation or state was signed for, "" if not valid."""
        return next(iter(self._loads(purpose, text)), "")

    def link(self, tenant_id: str, connector_id: str) -> str:
        """Return a signed link to one connector's card."""
        return self._sign("link", tenant_id, connector_id)

    def read_link(self, link: str, tenant_id: str) -> str | None:
        """Return the connector id of a link; None if forged, expired or another tenant's."""
        return next(iter(self._read("link", link, tenant_id)), None)

    def invitation(self, tenant_id: str, secret: str) -> str:
        """Return an invitation that contains a secret."""
        return self._sign("invitation", tenant_id, secret)

    def read_invitation(self, invitation: str, tenant_id: str) -> str | None:
        """Return the secret of an invitation; None if forged, expired or another tenant's."""
        return next(iter(self._read("invitation", invitation, tenant_id)), None)

    def state(
        self,
        tenant_id: str,
        *,
        connector_id: str = "",
        schema_name: str = "",
        invitation_id: str = "",
    ) -> str:
        """Return a new state for a connector; before it exists, for its permanent name."""
        nonce = secrets.token_urlsafe(12)
        return self._sign("state", tenant_id, connector_id, schema_name, nonce, invitation_id)

    def read_state(self, state: str, tenant_id: str) -> State | None:
        """Return the contents of a state; None if forged, expired or another tenant's."""
        content = self._read("state", state, tenant_id)
        return State(tenant_id, *content) if content else None

    def _sign(self, purpose: Purpose, *content: str) -> str:
        return str(self._serializers[purpose].dumps(content))

    def _read(self, purpose: Purpose, text: str, tenant_id: str) -> list[str]:
        """Return what was signed for a tenant, or an empty list."""
        owner, *content = self._loads(purpose, text) or [""]
        return content if owner == tenant_id else []

    def _loads(self, purpose: Purpose, text: str) -> list[str]:
        """Return what was signed, the tenant first, or an empty list."""
        if len(text) > LONGEST_TOKEN:
            return []
        try:
            content: list[str] = self._serializers[purpose].loads(text, max_age=LIFETIMES[purpose])
        except (BadData, UnicodeError):
            return []
        return content
