"""Trusted proxies: who a proxy in front of us says is asking, by a shared secret or a signature.

oauth2-proxy and own header names need `X-Proxy-Secret`. Google IAP, AWS ALB and Cloudflare Access
sign what they say:

- https://cloud.google.com/iap/docs/signed-headers-howto
- https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
- https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Protocol

import jwt
from jwt.exceptions import PyJWTError

from pbf.clock import current_time
from pbf.errors import ConfigurationError, UntrustedToken
from pbf.identity.claims import Claims
from pbf.identity.external.keys import Keys, KeySet, PemKeys, decode
from pbf.visible_text import shown

SECRET_HEADER = "x-proxy-secret"  # noqa: S105 - the name of a header
LEEWAY = 60.0
LATEST = 1e12  # also refuses infinity and NaN, which Python's JSON allows
LONGEST_VALUE = 500
LONGEST_ASSERTION = 16_384

# oauth2-proxy in front of us, or beside a proxy that asks it (auth_request).
OAUTH2_PROXY = "oauth2-proxy"
OAUTH2_PROXY_HEADERS = (
    {"x-forwarded-user": "sub", "x-forwarded-email": "email", "x-forwarded-groups": "groups"},
    {
        "x-auth-request-user": "sub",
        "x-auth-request-email": "email",
        "x-auth-request-groups": "groups",
    },
)
HEADER_NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
CLAIMS = ("sub", "email", "name", "groups")

IAP = "iap"
ALB = "alb"
CLOUDFLARE = "cloudflare"
ASSERTIONS = {
    IAP: "x-goog-iap-jwt-assertion",
    ALB: "x-amzn-oidc-data",
    CLOUDFLARE: "cf-access-jwt-assertion",
}
IAP_ISSUER = "https://cloud.google.com/iap"
IAP_KEYS = "https://www.gstatic.com/iap/verify/public_key-jwk"
ALB_ARN = re.compile(r"arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):\d+:loadbalancer/app/\S+")
TEAM = re.compile(r"[a-z0-9][a-z0-9-]*")

UNPROVEN = (
    "The proxy's secret is missing or wrong. Have the proxy send X-Proxy-Secret with the value of "
    "PBF_PROXY_SECRET, and open this site only through the proxy."
)
AMBIGUOUS = (
    "The proxy sends two ids or e-mail addresses of a person, or one with a comma. Have it replace "
    "the headers that visitors send."
)
NOT_TRUSTED = (
    "The proxy's assertion is not valid: its {}. Check PBF_PROXY_PRESET and PBF_PROXY_AUDIENCE."
)


class TrustedProxy(Protocol):
    """Reads who is asking from the headers of a request."""

    def claims(self, headers: Mapping[str, str]) -> Claims | None:
        """Return the claims about a person; None if the proxy names nobody.

        Raises UntrustedToken if the headers name somebody but cannot be trusted.
        """


class HeaderProxy:
    """A proxy that names people in headers and proves itself by a secret."""

    def __init__(self, preset: str, families: tuple[Mapping[str, str], ...], secret: str) -> None:
        """Read families of headers, from a header's name in small letters to a claim."""
        self._issuer = f"proxy:{preset}"
        self._families = families
        self._secret = secret.encode()

    def claims(self, headers: Mapping[str, str]) -> Claims | None:
        """Return the claims about a person; None without headers about one."""
        given = _joined(headers)
        people = [person for family in self._families if (person := _read(family, given))]
        if not people:
            return None
        if not compare_digest(given.get(SECRET_HEADER, "").encode(), self._secret):
            raise UntrustedToken(UNPROVEN)
        # A proxy replaces only the headers that it sends; a visitor may have sent the others.
        if any(person != people[0] for person in people):
            raise UntrustedToken(
                "The proxy's headers name different people. Have it remove the headers "
                "X-Forwarded-User, -Email, -Groups and X-Auth-Request-* that visitors send."
            )
        return self._person(people[0])

    def _person(self, claims: Mapping[str, str]) -> Claims:
        subject = claims.get("sub", "")
        if not subject or not subject.isprintable():
            raise UntrustedToken("The proxy sends headers about a person, but not the person's id.")
        if "," in subject or "," in claims.get("email", ""):
            raise UntrustedToken(AMBIGUOUS)
        groups = [group.strip() for group in claims.get("groups", "").split(",") if group.strip()]
        return Claims(
            "proxy",
            self._issuer,
            subject,
            email=claims.get("email", ""),
            # The proxy decides whom it lets in by this address.
            email_verified=bool(claims.get("email")),
            name=shown(claims.get("name", "")),
            all={**claims, "groups": groups},
        )


@dataclass(frozen=True)
class AssertionProxy:
    """A proxy that signs what it says about people."""

    preset: str
    audience: str
    issuer: str
    keys: Keys
    clock: Callable[[], float] = current_time

    def claims(self, headers: Mapping[str, str]) -> Claims | None:
        """Return the claims about a person; None without an assertion."""
        given = _joined(headers)
        assertion = given.get(ASSERTIONS[self.preset])
        if not assertion:
            return None
        header, claims = self._verified(assertion)
        self._check_times(header, claims)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_VALUE:
            raise self._untrusted("claim sub is missing")
        return Claims(
            "proxy",
            self._issuer_of(header),
            subject,
            email=_text(claims, "email"),
            email_verified=self._has_verified_email(claims),
            name=shown(_text(claims, "name")),
            all=claims,
        )

    def _verified(self, assertion: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return header and claims of an assertion whose signature and recipient are right."""
        if len(assertion) > LONGEST_ASSERTION:
            raise self._untrusted("length is too great")
        try:
            header = jwt.get_unverified_header(assertion)
            # A load balancer names itself in the header, which is signed, too.
            if self.preset == ALB and header.get("signer") != self.audience:
                raise self._untrusted("signer is another load balancer")
            kid = header.get("kid")
            key = self.keys.key_for(kid) if isinstance(kid, str) else None
            if key is None:
                raise self._untrusted("key is unknown")
            recipients = None if self.preset == ALB else [self.audience]
            claims = decode(assertion, key, audience=recipients, issuer=self.issuer or None)
        except PyJWTError as exc:
            raise self._untrusted("signature, issuer or audience is wrong") from exc
        return header, claims

    def _check_times(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
        # A load balancer's header has its time, too; the earlier one counts.
        ends = [part["exp"] for part in (claims, header) if "exp" in part]
        if not ends or not all(_is_time(end) for end in ends):
            raise self._untrusted("claim exp is missing")
        now = self.clock()
        starts = [claims[name] for name in ("iat", "nbf") if name in claims]
        if min(ends) <= now - LEEWAY:
            raise self._untrusted("time has passed")
        if not all(_is_time(start) and start <= now + LEEWAY for start in starts):
            raise self._untrusted("time has not come; compare the clocks")

    def _has_verified_email(self, claims: Mapping[str, Any]) -> bool:
        if not _text(claims, "email"):
            return False
        if self.preset == ALB:
            return claims.get("email_verified") in (True, "true")
        # With external identities, IAP passes on what their provider says under `gcip`.
        return "gcip" not in claims

    def _issuer_of(self, header: Mapping[str, Any]) -> str:
        issuer = header.get("iss") if self.preset == ALB else self.issuer
        return issuer if isinstance(issuer, str) and issuer else f"proxy:{self.preset}"

    def _untrusted(self, reason: str) -> UntrustedToken:
        return UntrustedToken(NOT_TRUSTED.format(reason))


def trusted_proxy(
    preset: str,
    *,
    secret: str = "",
    audience: str = "",
    keys_url: str = "",
    clock: Callable[[], float] = current_time,
) -> TrustedProxy:
    """Return the proxy of a preset; raise ConfigurationError naming the setting that is wrong.

    A preset is `oauth2-proxy`, `iap`, `alb`, `cloudflare:<team>`, or pairs such as
    `X-User=sub X-Mail=email`. `keys_url` replaces the address of the proxy's keys.
    """
    kind, _, team = preset.partition(":")
    if kind in ASSERTIONS:
        return _assertion_proxy(kind, team, audience, keys_url, clock)
    if not secret:
        raise ConfigurationError(
            "PBF_PROXY_SECRET is not set, so anybody could send the proxy's headers. Set it here "
            "and in the proxy, which has to send it as X-Proxy-Secret."
        )
    if preset == OAUTH2_PROXY:
        return HeaderProxy(preset, OAUTH2_PROXY_HEADERS, secret)
    return HeaderProxy("headers", (_pairs(preset),), secret)


def _assertion_proxy(
    kind: str, team: str, audience: str, keys_url: str, clock: Callable[[], float]
) -> AssertionProxy:
    arn = ALB_ARN.fullmatch(audience)
    if kind == ALB and not arn:
        raise ConfigurationError("PBF_PROXY_AUDIENCE must be the ARN of the load balancer.")
    if kind == CLOUDFLARE and not TEAM.fullmatch(team):
        raise ConfigurationError(
            "PBF_PROXY_PRESET lacks the name of the Cloudflare team. Write cloudflare:<team>, the "
            "part before .cloudflareaccess.com."
        )
    if not audience:
        raise ConfigurationError(
            "PBF_PROXY_AUDIENCE is not set. Set it to the aud that the proxy puts into its tokens."
        )
    issuer = {IAP: IAP_ISSUER, CLOUDFLARE: f"https://{team}.cloudflareaccess.com"}.get(kind, "")
    if kind == ALB and arn:
        url = keys_url or f"https://public-keys.auth.elb.{arn[1]}.amazonaws.com"
        return AssertionProxy(kind, audience, issuer, PemKeys(url), clock)
    url = keys_url or {IAP: IAP_KEYS}.get(kind, f"{issuer}/cdn-cgi/access/certs")
    return AssertionProxy(kind, audience, issuer, KeySet(url), clock)


def _pairs(preset: str) -> dict[str, str]:
    """Return header names in small letters and the claims that they contain."""
    pairs = [pair.partition("=") for pair in preset.replace(",", " ").split()]
    names = {header.lower(): claim for header, _, claim in pairs}
    if (
        not all(HEADER_NAME.fullmatch(header) and claim in CLAIMS for header, _, claim in pairs)
        or sorted(names.values()) != sorted(set(names.values()))
        or "sub" not in names.values()
        or SECRET_HEADER in names
    ):
        raise ConfigurationError(
            "PBF_PROXY_PRESET must be oauth2-proxy, iap, alb, cloudflare:<team>, or pairs such as "
            f"X-User=sub X-Mail=email. Use each claim once: {', '.join(CLAIMS)}; sub is required."
        )
    return names


def _joined(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by their name in small letters, with a comma between those of the same name.

    WSGI joins them so as well; the headers of a WebSocket arrive one by one.
    """
    joined: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def _read(family: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str]:
    """Return what the headers of a family say, by claim."""
    values = {claim: headers.get(name, "").strip() for name, claim in family.items()}
    return {claim: value for claim, value in values.items() if value}


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) and value.isprintable() else ""


def _is_time(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) < LATEST
