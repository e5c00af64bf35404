"""What must never be read in a log: known secrets by their value, others by where they stand."""

import re
import threading
from base64 import b64encode
from urllib.parse import quote, unquote

HIDDEN = "***"
# A shorter text would be found in everything.
SHORTEST = 4
KEYS = (
    "auth|state|ticket|token|nonce|password|passwd|secret|api_?key|api_?secret|signing_?key|"
    "private_?key|access_?token|refresh_?token|client_?secret"
)
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # The address of a Connect Card, whole.
    (re.compile(r"\S*/connect-card\S*"), "[card]"),
    # What we sign, and what others do: payload, time or claims, signature.
    (re.compile(r"\.?[\w-]+\.[\w-]{6,7}\.[\w-]{43}(?![\w-])"), HIDDEN),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"), HIDDEN),
    (re.compile(r"(/_/(?:go|invite)/)[^\s?\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(://)[^/\s:@]*:[^/\s@]+@"), rf"\1{HIDDEN}@"),
    (
        re.compile(r"(?i)(authorization['\"]?\s*[:=,]\s*['\"]?(?:(?:basic|bearer)\s+)?)[^\s'\",]+"),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(Basic|Bearer)\s+[\w+/=.-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(rf"(?i)\b((?:{KEYS})=)[^\s&\"',;)]+"), rf"\1{HIDDEN}"),
    (re.compile(rf"(?i)(['\"](?:{KEYS})['\"]\s*:\s*)(['\"])[^'\"]*\2"), rf"\1\2{HIDDEN}\2"),
)

# Up to the last @, since people do not always escape what they should.
PASSWORD = re.compile(r"://[^/:@]*:(.*)@")

_values: tuple[str, ...] = ()
_lock = threading.Lock()


def hide(*values: str | None) -> None:
    """Remember secrets, so that they are found wherever they stand."""
    global _values
    forms = {form for value in values if value for form in (value, quote(value, safe=""))}
    with _lock:
        known = {*_values, *(form for form in forms if len(form) >= SHORTEST)}
        # The longest first: one may be a part of another.
        _values = tuple(sorted(known, key=len, reverse=True))


def hide_pair(key: str, secret: str) -> None:
    """Remember a key and its secret, also as they are sent."""
    hide(key, secret, b64encode(f"{key}:{secret}".encode()).decode())


def hide_password(url: str | None) -> None:
    """Remember the password of a URL, as it is written and as it is meant."""
    if found := PASSWORD.search(url or ""):
        hide(found[1], unquote(found[1]))


def redact(text: str) -> str:
    """Return a text without what must not be read in it."""
    for value in _values:
        text = text.replace(value, HIDDEN)
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text
