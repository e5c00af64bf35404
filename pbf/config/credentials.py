"""The credentials of the Fivetran account, and the address of its API."""

import re
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import urlsplit

from pbf.config.values import read_url
from pbf.errors import ConfigurationError
from pbf.paths import is_loopback
from pbf.redaction import hide, hide_pair

CREDENTIALS = ("FIVETRAN_API_KEY", "FIVETRAN_API_SECRET", "FIVETRAN_GROUP_ID")
FIVETRAN_API_URL = "https://api.fivetran.com"


def check_credentials(values: Mapping[str, str]) -> None:
    """Raise ConfigurationError unless all credentials are set, or none, each in its own form."""
    _check_combined(values)
    missing = [name for name in CREDENTIALS if name not in values]
    if missing and len(missing) < len(CREDENTIALS):
        raise ConfigurationError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set. "
            f"Set all of {', '.join(CREDENTIALS)} in .env or the environment, "
            "or none of them to use the sandbox."
        )
    if any(":" in values.get(name, "") for name in CREDENTIALS[:1]):
        raise ConfigurationError("FIVETRAN_API_KEY contains a colon; set the key alone.")


def read_api_url(values: Mapping[str, str]) -> str:
    """Return the address of Fivetran's API."""
    # Fivetran's sample puts the version into the address; here it is part of the paths.
    url = (read_url(values, "FIVETRAN_API_URL", FIVETRAN_API_URL) or "").removesuffix("/v1")
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ConfigurationError(
            "FIVETRAN_API_URL starts with http://, so the API secret would cross the network "
            "unencrypted. Use https://; http:// is only for a sandbox on this machine."
        )
    return url


def _check_combined(values: Mapping[str, str]) -> None:
    """Refuse a key or secret in Fivetran's combined form, without quoting it."""
    for name in CREDENTIALS[:2]:
        pair = _pair(values.get(name, ""))
        # A secret may look like a pair by chance, but not like one with our key.
        if pair and (name == CREDENTIALS[0] or values.get(CREDENTIALS[0]) in (None, pair[0])):
            hide(values[name])
            hide_pair(*pair)
            raise ConfigurationError(
                f"{name} looks like the combined form that Fivetran's command line uses: base64 "
                "of the key, a colon and the secret. Decode it, then set the part before the colon "
                "as FIVETRAN_API_KEY and the rest as FIVETRAN_API_SECRET."
            )


def _pair(text: str) -> tuple[str, str] | None:
    """Return key and secret if a text is their base64, joined by a colon."""
    text = re.sub("(?i)^basic ", "", text).strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = b64decode(text + "=" * (-len(text) % 4), validate=True).decode("ascii")
    except ValueError:
        return None
    key, _, secret = decoded.partition(":")
    is_pair = decoded.isprintable() and decoded.count(":") == 1 and " " not in decoded
    return (key, secret) if key and secret and is_pair else None
