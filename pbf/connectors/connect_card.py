"""The signed slips of the way to the Connect Card and back.

A *ticket* stands in our pages and leads to the card of one connector; it is no secret of
Fivetran's. An *invitation* is the same for a colleague without our pages, and may be opened again
within its day. A *state* travels in the redirect and comes back once. All are signed and expire.
"""

import hashlib
import secrets
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeTimedSerializer

DAY = 24 * 60 * 60
# Ours have about 200 characters.
LONGEST_TOKEN = 1_000


@dataclass(frozen=True)
class State:
    """What a return tells us: whose connector, and which (by id, or by permanent name)."""

    tenant_id: str
    connector_id: str
    schema_name: str
    nonce: str


class Signer:
    """Makes and reads tickets and states."""

    def __init__(self, key: str, *older: str) -> None:
        """Sign with a key that all processes share, and accept what older keys signed, too."""
        # itsdangerous signs with the last of its keys.
        keys = [*reversed(older), key]
        options = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        self._links = URLSafeTimedSerializer(keys, salt="ticket", signer_kwargs=options)
        self._invitations = URLSafeTimedSerializer(keys, salt="invitation", signer_kwargs=options)
        self._states = URLSafeTimedSerializer(keys, salt="state", signer_kwargs=options)

    def link(self, tenant_id: str, connector_id: str) -> str:
        """Return a ticket to one connector's card."""
        return self._dump(self._links, [tenant_id, connector_id])

    def read_link(self, ticket: str, tenant_id: str) -> str | None:
        """Return the connector id of a ticket that is ours, this tenant's and not expired."""
        match self._load(self._links, ticket):
            case [str(owner), str(connector_id)] if owner == tenant_id:
                return connector_id
        return None

    def invitation(self, tenant_id: str, connector_id: str) -> str:
        """Return an invitation to finish the set-up of one connector."""
        return self._dump(self._invitations, [tenant_id, connector_id])

    def read_invitation(self, invitation: str, tenant_id: str) -> str | None:
        """Return the connector id of an invitation that is ours, this tenant's and not expired."""
        match self._load(self._invitations, invitation):
            case [str(owner), str(connector_id)] if owner == tenant_id:
                return connector_id
        return None

    def state(self, tenant_id: str, *, connector_id: str = "", schema_name: str = "") -> str:
        """Return a new state for a connector; before it exists, for its permanent name."""
        nonce = secrets.token_urlsafe(12)
        return self._dump(self._states, [tenant_id, connector_id, schema_name, nonce])

    def read_state(self, state: str, tenant_id: str) -> State | None:
        """Return what a state says if it is ours, this tenant's and not expired."""
        match self._load(self._states, state):
            case [str(owner), str(connector_id), str(schema), str(nonce)] if owner == tenant_id:
                return State(owner, connector_id, schema, nonce)
        return None

    @staticmethod
    def _dump(serializer: URLSafeTimedSerializer, content: list[str]) -> str:
        text = serializer.dumps(content)
        return text if isinstance(text, str) else text.decode()

    @staticmethod
    def _load(serializer: URLSafeTimedSerializer, text: str) -> object:
        if len(text) > LONGEST_TOKEN:
            return None
        try:
            return serializer.loads(text, max_age=DAY)
        except (BadData, UnicodeError):
            return None
