"""Connect Card tokens: JWTs signed with HS256 like Fivetran's, without an `exp` claim."""

import hashlib
import json
from typing import Any

from itsdangerous import Signer
from itsdangerous.encoding import base64_decode, base64_encode

HEADER = b'{"typ":"JWT","alg":"HS256"}'


def sign(claims: dict[str, Any], secret: bytes) -> str:
    """Return a signed token with these claims."""
    payload = json.dumps(claims, separators=(",", ":")).encode()
    body = base64_encode(HEADER) + b"." + base64_encode(payload)
    return _signer(secret).sign(body).decode()


def read(token: str, secret: bytes) -> dict[str, Any]:
    """Return the claims of a token; raise BadSignature if this secret did not sign it."""
    body = _signer(secret).unsign(token)
    claims: dict[str, Any] = json.loads(base64_decode(body.partition(b".")[2]))
    return claims


def _signer(secret: bytes) -> Signer:
    """Return a signer as JWT's HS256 requires: HMAC-SHA256 with the secret itself as the key."""
    return Signer(secret, key_derivation="none", digest_method=hashlib.sha256)
