"""How the text of one setting becomes a value; a mistake is a sentence that names the setting."""

import re
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from pbf.errors import ConfigurationError
from pbf.paths import RESERVED, origin, path_of

SHORTEST_SECRET = 32
# A random text of that length has more different characters in any alphabet.
FEWEST_CHARACTERS = 8
CREATE_KEY = "Create one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
PATH = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._~-]*)*")
LIMIT = re.compile(r"[1-9][0-9]{0,6} per (second|minute|hour|day)")


def read_url(values: Mapping[str, str], name: str, default: str | None = None) -> str | None:
    """Return a URL without a slash at the end, or the default if the setting is empty."""
    text = values.get(name, default)
    if text is None:
        return None
    try:
        origin(text)
    except ValueError as exc:
        raise ConfigurationError(
            f"{name} is not a URL that starts with http:// or https://."
        ) from exc
    return text.rstrip("/")


def read_public_url(values: Mapping[str, str]) -> str | None:
    """Return the address of the dashboard, whose path is the prefix of all its paths."""
    name = "PBF_PUBLIC_URL"
    url = read_url(values, name)
    if url is None:
        return None
    parts, path = urlsplit(url), path_of(url)
    if parts.query or parts.fragment or not PATH.fullmatch(path):
        raise ConfigurationError(
            f"{name} is not an address such as https://connect.example.com or "
            "https://example.com/data: scheme, host, and a path of letters, digits and dashes."
        )
    first = path.split("/")[1] if path else ""
    if first in RESERVED:
        raise ConfigurationError(
            f"{name} has the path /{first}, which the dashboard uses itself. Choose another one."
        )
    return url


def read_origins(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return a list of origins."""
    origins = []
    for text in values.get(name, "").replace(",", " ").split():
        try:
            origins.append(origin(text))
        except ValueError as exc:
            raise ConfigurationError(
                f"{name} contains a value that is not an http or https origin. Use origins such "
                "as https://app.example.com."
            ) from exc
    return tuple(origins)


def read_limit(values: Mapping[str, str], name: str, default: str) -> str:
    """Return a limit such as "100 per hour"; an empty text for "off"."""
    text = values.get(name, default)
    if text == "off":
        return ""
    if not LIMIT.fullmatch(text):
        raise ConfigurationError(
            f"{name} is not a limit. Use a value such as 100 per hour or 5 per minute, or off."
        )
    return text


def read_number(
    values: Mapping[str, str], name: str, unit: str, default: float, *, least: float, most: float
) -> float:
    """Return a number of a unit between two bounds."""
    with suppress(ValueError):
        number = float(values.get(name, default))
        if least <= number <= most:
            return number
    raise ConfigurationError(f"{name} is not a number of {unit} from {least:g} to {most:g}.")


def read_count(values: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number between two bounds."""
    text = values.get(name, str(default))
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
        return int(text)
    raise ConfigurationError(f"{name} is not a whole number from {least} to {most}.")


def read_flag(values: Mapping[str, str], name: str, *, default: str = "off") -> bool:
    """Return whether a setting is "on"."""
    text = values.get(name, default).lower()
    if text not in ("on", "off"):
        raise ConfigurationError(f"{name} must be on or off.")
    return text == "on"


def read_words(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return a list of lower-case words."""
    return tuple(values.get(name, "").replace(",", " ").lower().split())


def read_secrets(values: Mapping[str, str], name: str, what: str) -> tuple[str, ...]:
    """Return a list of random texts, each of which is a `what`, such as a key."""
    secrets = tuple(values.get(name, "").replace(",", " ").split())
    if any(map(is_guessable, secrets)):
        raise ConfigurationError(
            f"{name} contains a {what} that can be guessed. Each must be random and at least "
            f"{SHORTEST_SECRET} characters long. {CREATE_KEY}"
        )
    return secrets


def is_guessable(secret: str) -> bool:
    """Return whether a secret is too short, or has too few different characters, to be random."""
    return len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_CHARACTERS


def read_mail_url(values: Mapping[str, str], name: str) -> str | None:
    """Return the address of a mail server, in Apprise's form."""
    url = values.get(name)
    if url is not None and not re.match(r"mailtos?://[^/]", url):
        raise ConfigurationError(
            f"{name} is not the address of a mail server. Use "
            "mailtos://USER:PASSWORD@HOST:PORT?from=ADDRESS, or mailto:// for a server without TLS."
        )
    return url
