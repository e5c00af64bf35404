"""Verification of what a provider signs: ID tokens and logout tokens.

https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from pbf.clock import current_time
from pbf.errors import UntrustedToken
from pbf.identity.oidc.discovery import Discovery
from pbf.identity.oidc.providers import Provider

log = logging.getLogger(__name__)

# By algorithm, the type of key that it needs. None of them uses a shared secret.
KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
# Seconds by which clocks may differ.
LEEWAY = 60
LOGOUT_TOKEN_AGE = 5 * 60
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_TOKEN = 100_000


@dataclass(frozen=True)
class LogoutToken:
    """Whose sessions a provider has ended; one of `subject` and `sid` may be empty."""

    issuer: str
    subject: str
    sid: str


class TokenVerifier:
    """Verifies the tokens of one provider."""

    def __init__(
        self, provider: Provider, discovery: Discovery, *, clock: Callable[[], float] = current_time
    ) -> None:
        """Verify with the keys that the provider publishes; `clock` returns the time."""
        self._provider = provider
        self._discovery = discovery
        self._clock = clock

    def id_token(self, token: str, *, nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token; raise UntrustedToken if a check fails."""
        claims = self._claims(token, ["iss", "aud", "sub", "exp", "iat", "nonce"])
        if not claims["sub"]:
            raise self._untrusted("sub")
        if claims["nonce"] != nonce:
            raise self._untrusted("nonce")
        return claims

    def logout_token(self, token: str, *, use_once: Callable[[str, float], bool]) -> LogoutToken:
        """Return whose sessions to end; raise UntrustedToken if a check fails.

        `use_once` is called with an id and the time until which to keep it, and returns whether
        the id is new.
        """
        claims = self._claims(token, ["iss", "aud", "iat", "jti", "events"])
        events, issued = claims["events"], claims["iat"]
        if "nonce" in claims or not isinstance(events, dict) or LOGOUT_EVENT not in events:
            raise self._untrusted("events")
        if abs(self._clock() - float(issued)) > LOGOUT_TOKEN_AGE:
            raise self._untrusted("iat")
        subject, sid = (text_or_empty(claims.get(name)) for name in ("sub", "sid"))
        if not subject and not sid:
            raise self._untrusted("sub")
        key = f"logout:{self._provider.id}:{text_or_empty(claims['jti'])}"
        if not use_once(key, float(issued) + 2 * LOGOUT_TOKEN_AGE):
            raise self._untrusted("jti")
        return LogoutToken(claims["iss"], subject, sid)

    def _claims(self, token: str, required: list[str]) -> dict[str, Any]:
        """Return a token's claims after the checks that all tokens have in common."""
        import jwt

        if len(token) > LONGEST_TOKEN:
            raise self._untrusted("size")
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg", "")
            key = jwt.PyJWK(self._key(header), algorithm)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._provider.client_id,
                issuer=self._provider.issuers(),
                options={
                    "require": required,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as exc:
            # The type says which check failed. The texts may contain claims.
            raise self._untrusted(type(exc).__name__) from exc
        # PyJWT accepts a token that is meant for others as well.
        if claims["aud"] not in (self._provider.client_id, [self._provider.client_id]):
            raise self._untrusted("aud")
        self._check_parties(claims)
        self._check_times(claims)
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        """Check by our clock when a token is valid; PyJWT would do so by this machine's."""
        now = self._clock()
        for name in ("exp", "iat", "nbf"):
            if name not in claims:
                continue
            if not _is_number(claims[name]):
                raise self._untrusted(name)
            is_over = name == "exp" and claims[name] <= now - LEEWAY
            is_to_come = name != "exp" and claims[name] > now + LEEWAY
            if is_over or is_to_come:
                raise self._untrusted(name)

    def _check_parties(self, claims: Mapping[str, Any]) -> None:
        """Check for whom a token was issued, and by which of several Entra tenants."""
        if claims.get("azp", self._provider.client_id) != self._provider.client_id:
            raise self._untrusted("azp")
        tid = claims.get("tid")
        if self._provider.is_shared and (
            tid not in self._provider.trusted_tids or f"/{tid}/" not in claims["iss"]
        ):
            raise self._untrusted("tid")

    def _key(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Return the key of a token's header; read the keys again if it is not among them."""
        if header.get("alg") not in KEY_TYPES:
            raise self._untrusted("alg")
        for newer in (False, True):
            keys = [key for key in self._discovery.keys(newer=newer) if _can_verify(key, header)]
            if len(keys) == 1:
                return dict(keys[0])
        raise self._untrusted("kid")

    def _untrusted(self, check: str) -> UntrustedToken:
        return untrusted(self._provider, check)


def untrusted(provider: Provider, check: str) -> UntrustedToken:
    """Return the error of a failed check, whose name is logged."""
    log.warning("provider %s: an answer was refused: %s", provider.id, check)
    return UntrustedToken(
        f"The answer of {provider.label} could not be verified. Sign in again. If it happens "
        "again, tell your administrator."
    )


def _can_verify(key: Mapping[str, Any], header: Mapping[str, Any]) -> bool:
    """Return whether a JWK is the one that a token's header names."""
    algorithm = header["alg"]
    return (
        key.get("kty") == KEY_TYPES[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and ("kid" not in header or key.get("kid") == header["kid"])
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def text_or_empty(value: object) -> str:
    """Return a claim that is a text; of another type it counts as missing."""
    return value if isinstance(value, str) else ""
