"""The settings of sign-in: how people sign in, and for how long."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from pbf.config.values import CREATE_KEY, SHORTEST_SECRET, is_guessable, read_number, read_url
from pbf.errors import ConfigurationError

Method = Literal["oidc", "jwt", "proxy"]
PRESETS = ("oauth2-proxy", "iap", "alb", "cloudflare:<team>")
# Which presets send an assertion that is signed, so that no shared secret is needed.
SIGNED_PRESETS = ("iap", "alb", "cloudflare")
CLOUDFLARE = re.compile(r"cloudflare:[a-z0-9][a-z0-9-]*")
HEADER_PAIRS = re.compile(r"[A-Za-z0-9-]+=[a-z_]+(,? +[A-Za-z0-9-]+=[a-z_]+)*")


@dataclass(frozen=True)
class SignIn:
    """How people sign in; without a method, nobody has to."""

    methods: tuple[Method, ...] = ()
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_name: str = ""
    # Verified e-mail addresses of the vendor's own staff, in small letters.
    operators: tuple[str, ...] = ()
    session_hours: float = 12.0
    session_idle_minutes: float = 60.0
    jwt_issuer: str = ""
    # A JWKS, as a file or a URL.
    jwt_keys: str = ""
    proxy_secret: str = field(default="", repr=False)
    proxy_preset: str = ""
    proxy_audience: str = ""


def read_sign_in(values: Mapping[str, str]) -> SignIn:
    """Return the settings of sign-in; raise ConfigurationError."""
    sign_in = SignIn(
        methods=_methods(values),
        oidc_issuer=_issuer(values),
        oidc_client_id=values.get("PBF_OIDC_CLIENT_ID", ""),
        oidc_client_secret=values.get("PBF_OIDC_CLIENT_SECRET", ""),
        oidc_name=values.get("PBF_OIDC_NAME", ""),
        operators=tuple(values.get("PBF_OPERATORS", "").replace(",", " ").lower().split()),
        session_hours=read_number(
            values, "PBF_SESSION_HOURS", "hours", SignIn.session_hours, least=0.1, most=720
        ),
        session_idle_minutes=read_number(
            values,
            "PBF_SESSION_IDLE_MINUTES",
            "minutes",
            SignIn.session_idle_minutes,
            least=1,
            most=1440,
        ),
        jwt_issuer=values.get("PBF_JWT_ISSUER", ""),
        jwt_keys=values.get("PBF_JWT_KEYS", ""),
        proxy_secret=values.get("PBF_PROXY_SECRET", ""),
        proxy_preset=values.get("PBF_PROXY_PRESET", ""),
        proxy_audience=values.get("PBF_PROXY_AUDIENCE", ""),
    )
    _check(sign_in, values)
    return sign_in


def _methods(values: Mapping[str, str]) -> tuple[Method, ...]:
    names = values.get("PBF_SIGN_IN", "off").replace(",", " ").lower().split()
    methods = tuple(method for method in get_args(Method) if method in names)
    if names != ["off"] and len(methods) != len(set(names)):
        raise ConfigurationError(
            "PBF_SIGN_IN is not a way to sign in. Use one or more of oidc, jwt and proxy, or off."
        )
    return methods


def _issuer(values: Mapping[str, str]) -> str:
    """Return the issuer exactly as the provider writes it, some with a slash at the end."""
    name = "PBF_OIDC_ISSUER"
    return values[name] if read_url(values, name) else ""


def _check(sign_in: SignIn, values: Mapping[str, str]) -> None:
    if not sign_in.methods:
        return
    if "PBF_PUBLIC_URL" not in values:
        raise ConfigurationError(
            "PBF_PUBLIC_URL is not set. Sign-in needs the address under which people reach the "
            "dashboard, such as https://connect.example.com."
        )
    if "oidc" in sign_in.methods:
        _check_oidc(sign_in)
    if bool(sign_in.jwt_issuer) != bool(sign_in.jwt_keys):
        raise ConfigurationError(
            "PBF_JWT_ISSUER and PBF_JWT_KEYS must both be set. Leave both empty if your "
            "application uses sign-in links and no SSO tokens."
        )
    if "proxy" in sign_in.methods:
        _check_proxy(sign_in)


def _check_oidc(sign_in: SignIn) -> None:
    given = [bool(sign_in.oidc_issuer), bool(sign_in.oidc_client_id)]
    if any(given) and not all(given):
        raise ConfigurationError(
            "PBF_OIDC_ISSUER and PBF_OIDC_CLIENT_ID must both be set. Leave both empty if the "
            "policy file names the providers."
        )


def _check_proxy(sign_in: SignIn) -> None:
    preset = sign_in.proxy_preset
    is_signed = preset.partition(":")[0] in SIGNED_PRESETS
    is_named = preset in PRESETS[:-1] or CLOUDFLARE.fullmatch(preset)
    if not is_named and not HEADER_PAIRS.fullmatch(preset):
        raise ConfigurationError(
            f"PBF_PROXY_PRESET is none of {', '.join(PRESETS)}, and no list of pairs such as "
            "X-Forwarded-User=sub X-Forwarded-Email=email."
        )
    if is_signed and not sign_in.proxy_audience:
        raise ConfigurationError(
            "PBF_PROXY_AUDIENCE is not set. It is the audience of the proxy's assertions, or the "
            "ARN of the load balancer."
        )
    if not is_signed and is_guessable(sign_in.proxy_secret):
        raise ConfigurationError(
            "PBF_PROXY_SECRET must be random and at least "
            f"{SHORTEST_SECRET} characters long; the proxy sends it as X-Proxy-Secret. {CREATE_KEY}"
        )
