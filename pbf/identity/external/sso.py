"""SSO tokens: JWTs with which the vendor's own application signs a person in, without asking us."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Annotated

import jwt
from jwt.exceptions import InvalidAudienceError, InvalidIssuerError, PyJWTError
from pydantic import ConfigDict, Field

from pbf.clock import current_time
from pbf.errors import InvalidRedirect, UntrustedToken
from pbf.identity.external.entry import (
    Entry,
    Id,
    Text,
    VendorSignIn,
    check_entry,
    person,
    read,
    vendor_sign_in,
)
from pbf.identity.external.keys import Keys, decode

LONGEST_TOKEN = 8_192
LEEWAY = 60.0
LONGEST_LIFE = 600.0
FORM = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)

NOT_VALID = "The SSO token is not valid: its signature, key or form is wrong."
AGAIN = "Open the page again from the application that sent you here."
NumericDate = Annotated[float, Field(allow_inf_nan=False)]


class SsoClaims(Entry):
    """The claims of an SSO token; others are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")

    sub: Id
    jti: Id
    iat: NumericDate
    exp: NumericDate
    nbf: NumericDate = -math.inf
    name: Text = ""
    email: Text = ""
    session_minutes: int | None = Field(default=None, ge=1)


class SsoTokens:
    """Verifies SSO tokens."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        keys: Keys,
        use_once: Callable[[str], bool],
        tenant_exists: Callable[[str], bool],
        allowed_origins: Collection[str],
        session_hours: float,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Accept the tokens of an issuer for our public URL, `audience`.

        `use_once` returns whether a text is used for the first time; it has to remember it for 12
        minutes. No session becomes longer than `session_hours`.
        """
        self._issuer = issuer
        self._audience = audience.rstrip("/")
        self._keys = keys
        self._use_once = use_once
        self._tenant_exists = tenant_exists
        self._allowed_origins = allowed_origins
        self._most_minutes = max(1, int(session_hours * 60))
        self._clock = clock

    def sign_in(self, token: str) -> VendorSignIn:
        """Use a token up and return whom it signs in.

        Raises UntrustedToken, or ProviderUnavailable if the keys cannot be read.
        """
        claims = read(SsoClaims, self._verified(token), "claim", UntrustedToken)
        self._check_times(claims)
        if not self._tenant_exists(claims.tenant):
            raise UntrustedToken("The SSO token names a tenant that does not exist.")
        try:
            check_entry(claims, "claim", UntrustedToken, self._allowed_origins)
        except InvalidRedirect as exc:
            raise UntrustedToken(str(exc)) from exc
        # The last check, so that a refused token is not used up.
        if not self._use_once(sha256(f"sso\n{self._issuer}\n{claims.jti}".encode()).hexdigest()):
            raise UntrustedToken(f"This SSO token was already used. {AGAIN}")
        signed_in = person("jwt", self._issuer, claims.sub, name=claims.name, email=claims.email)
        minutes = claims.session_minutes
        limited = None if minutes is None else min(minutes, self._most_minutes)
        return vendor_sign_in(claims, signed_in, minutes=limited)

    def _verified(self, token: str) -> Mapping[str, object]:
        """Return the claims of a token whose signature, issuer and audience are right."""
        # PyJWT also accepts base64 with padding, which no vendor's library writes.
        if len(token) > LONGEST_TOKEN or not FORM.fullmatch(token):
            raise UntrustedToken(NOT_VALID)
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = self._keys.key_for(kid) if isinstance(kid, str) else None
            if key is None:
                raise UntrustedToken(
                    "The SSO token is signed with an unknown key. Its header needs the kid of a "
                    "key in PBF_JWT_KEYS."
                )
            ours = [self._audience, f"{self._audience}/"]
            return decode(token, key, audience=ours, issuer=self._issuer)
        except InvalidIssuerError as exc:
            raise UntrustedToken("The claim iss of the SSO token is not PBF_JWT_ISSUER.") from exc
        except InvalidAudienceError as exc:
            raise UntrustedToken("The claim aud of the SSO token is not PBF_PUBLIC_URL.") from exc
        except PyJWTError as exc:
            raise UntrustedToken(NOT_VALID) from exc

    def _check_times(self, claims: SsoClaims) -> None:
        now = self._clock()
        if not 0 < claims.exp - claims.iat <= LONGEST_LIFE:
            raise UntrustedToken("The SSO token must expire at most 10 minutes after it was made.")
        if claims.exp <= now - LEEWAY:
            raise UntrustedToken(f"The SSO token has expired. {AGAIN}")
        if max(claims.iat, claims.nbf) > now + LEEWAY:
            raise UntrustedToken("The SSO token is not valid yet. Check your server's clock.")
