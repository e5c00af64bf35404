"""Connect Card tokens: JWTs signed with HS256 like Fivetran's, without an `exp` claim."""

import base64
import hashlib
import hmac
import json
from typing import Any


class BadToken(ValueError):
    """Raised when a token is malformed or has another signature."""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _dump(value: dict[str, Any]) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _signature(secret: bytes, body: str) -> str:
    return _encode(hmac.new(secret, body.encode(), hashlib.sha256).digest())


def sign(claims: dict[str, Any], secret: bytes) -> str:
    """Return a signed token with these claims."""
    body = _dump({"typ": "JWT", "alg": "HS256"}) + "." + _dump(claims)
    return f"{body}.{_signature(secret, body)}"


def read(token: str, secret: bytes) -> dict[str, Any]:
    """Return the claims of a token; raise BadToken if this secret did not sign it."""
    body, _, signature = token.rpartition(".")
    if not token.isascii() or not hmac.compare_digest(signature, _signature(secret, body)):
        raise BadToken("the token was not signed here")
    try:
        claims = json.loads(_decode(body.partition(".")[2]))
    except ValueError as error:
        raise BadToken("the token cannot be read") from error
    if not isinstance(claims, dict):
        raise BadToken("the token has no claims")
    return claims
