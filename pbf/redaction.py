"""Removes secrets from text: known ones by value in many encodings, others by context."""

import re
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator
from html import escape
from json import dumps
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
# A shorter value would match everywhere, and a shorter piece of base64 by chance.
SHORTEST = 4
SHORTEST_BASE64 = 8
# A longer text is cut, so that nobody can keep the process busy with it.
LONGEST = 16_384
# More is redacted than is kept, so that the cut cannot split a secret before it is recognised.
MARGIN = 1_024
CUT = " … (cut)"

# Names that mark a secret with any prefix: db_password=, X-Api-Key:, "clientSecret":.
NAMES = (
    r"token|password|passwd|passphrase|passwort|secret|credentials?|signature|jwt|x-auth|"
    r"(?:api|access|private|signing|secret|encryption|account|service)[._-]?key|session[_-]?id"
)
# Names that are common endings of other names (sync_state=), so that only whole words count.
WORDS = r"auth|state|ticket|nonce|session|sid|sig|pwd|otp"
START = r"(?:(?<![A-Za-z_-])|(?<=\\[nrt])|(?<=%[0-9A-F]{2})|(?<=25[0-9A-F]{2}))"
# Quotes: plain, escaped as in JSON within JSON, percent-encoded, or as HTML entities.
ENTITY = (
    r"(?:&|%(?:25)*+26)(?:amp(?:;|%(?:25)*+3B))*+"
    r"(?:quot|apos|(?:\#|%(?:25)*+23)(?:3[49]|x2[27]))(?:;|%(?:25)*+3B)"
)
QUOTE = rf"(?:\\|%(?:25)*+5C)*+(?:[\"']|%(?:25)*+2[27]|{ENTITY})"
EQUALS = r"(?:=>?|%(?:25)*+3D)"
COLON = r"(?::|%(?:25)*+3A)"
SPACE = r"(?:\s|\+|%(?:25)*+20)*+"
# A quoted value ends at its closing quote.
QUOTED = (
    r"(?P<escape>\\*+)(?P<quote>[\"'])"
    r"(?:[^\\\"']++|(?!(?P=escape)(?P=quote))\\++[\"']?+|(?!(?P=quote))[\"'])*+"
    rf"|(?P<entity>\\*+{ENTITY})(?:(?!(?P=entity))[^\s<>])*+"
)
VALUE = rf"(?:{QUOTED}|[^\s&\"'<>]++)"
LINE = rf"(?:{QUOTED}|[^\r\n]++)"
OPENING = r"\g<before>\g<escape>\g<quote>\g<entity>"


def _named(key: str, value: str = VALUE) -> re.Pattern[str]:
    return re.compile(rf"(?i)(?P<before>{key}){value}")


# No pattern may take more than linear time: every quantifier is possessive, or can start at only
# one position of a run of characters.
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # The whole address of a Connect Card.
    (re.compile(r"(?<!\S)\S*/connect-card\S*"), "[card]"),
    # Signed values, ours and others': payload, time or claims, signature.
    (re.compile(r"(?<![\w-])\.?[\w-]++\.[\w-]{6,7}+\.[\w-]{43}+(?![\w-])"), HIDDEN),
    (re.compile(r"(?<![a-z])eyJ[\w-]{8,}+(?:\.[\w-]*+){0,2}+"), HIDDEN),
    (re.compile(r"-----BEGIN [A-Z ]{,40}KEY-----[^-]*+"), f"{HIDDEN} "),
    # API tokens, also those that were copied only in part.
    (re.compile(r"pbf_[0-9A-Za-z]{16,}+"), HIDDEN),
    (
        re.compile(r"(?i)((?:/|%2F)_(?:/|%2F)(?:go|invite|sso|status)(?:/|%2F))[^\s?\"']++"),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(://)[^/\s:@]*+:[^/\s]*@"), rf"\1{HIDDEN}@"),
    # A cookie header, up to the end of its line.
    (
        _named(rf"cookie{QUOTE}?+{SPACE}{COLON}{SPACE}", LINE),
        rf"{OPENING}{HIDDEN}",
    ),
    (
        _named(
            rf"authorization{QUOTE}?+{SPACE}(?:{COLON}|{EQUALS}|,){SPACE}{QUOTE}?+"
            rf"(?:(?:basic|bearer)(?:\s|\+|%20)++)?+",
            r"[^\s'\",]++",
        ),
        rf"\g<before>{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(Basic|Bearer)\s++[\w+/=.-]{8,}+"), rf"\1 {HIDDEN}"),
    (
        _named(
            rf"(?:{NAMES})(?:s|[_-](?:sha)?\d{{1,3}})?+{QUOTE}?+{SPACE}(?:{EQUALS}|{COLON}){SPACE}"
        ),
        rf"{OPENING}{HIDDEN}",
    ),
    (
        _named(rf"{START}(?:{WORDS})(?:{EQUALS}|{QUOTE}{SPACE}(?:{COLON}|{EQUALS}){SPACE})"),
        rf"{OPENING}{HIDDEN}",
    ),
)

# Control characters, line separators, invisible characters, direction marks, surrogates.
CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
PASSWORD_START = re.compile(r"://[^/:@]*+:")

# Every form is searched in every text, so only so many groups of passing secrets are kept.
MOST_PASSING = 8

_lasting: frozenset[str] = frozenset()
_passing: dict[tuple[str, ...], frozenset[str]] = {}
# All of these, the longest first, since one may be part of another.
_values: tuple[str, ...] = ()
_lock = threading.Lock()


def hide(*values: str | None) -> None:
    """Register secrets of this process, so that `redact` finds them in any encoding."""
    global _lasting
    forms = _all_forms(values)
    with _lock:
        _lasting |= forms
        _sort()


def hide_passing(*values: str) -> None:
    """Register secrets that are in use now; those that were used longest ago are forgotten."""
    with _lock:
        forms = _passing.pop(values, None)
        _passing[values] = _all_forms(values) if forms is None else forms
        if forms is None:
            for group in list(_passing)[:-MOST_PASSING]:
                del _passing[group]
            _sort()


def _sort() -> None:
    global _values
    _values = tuple(sorted(_lasting.union(*_passing.values()), key=len, reverse=True))


def _all_forms(values: Iterable[str | None]) -> frozenset[str]:
    forms = (form for value in values if value for form in _forms(value))
    return frozenset(form for form in forms if len(form) >= SHORTEST)


def hide_pair(key: str, secret: str) -> None:
    """Register a key and its secret, also in the form in which they are sent."""
    hide(key, secret, b64encode(f"{key}:{secret}".encode()).decode())


def hide_password(url: str | None) -> None:
    """Register the password of a URL, as written and decoded."""
    if url and (start := PASSWORD_START.search(url)):
        # Up to the last @, since people do not always escape a password.
        password, at, _host = url[start.end() :].rpartition("@")
        if at:
            hide(password, unquote(password))


def redact(text: str) -> str:
    """Return a text without secrets; a long text is cut."""
    if len(text) <= LONGEST:
        return _clear(text)
    margin = max(MARGIN, len(_values[0]) if _values else 0)
    cleared = _clear(text[: LONGEST + margin])
    return cleared[: min(len(cleared) - margin, LONGEST - len(CUT))] + CUT


def escape_controls(text: str) -> str:
    """Return a text with its control, direction and invisible characters as escapes."""
    return CONTROLS.sub(lambda match: dumps(match[0])[1:-1], text)


def _clear(text: str) -> str:
    for value in _values:
        text = text.replace(value, HIDDEN)
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _forms(value: str) -> Iterator[str]:
    """Yield a secret in the forms of URLs, JSON, HTML, Python's repr and base64."""
    yield from (value, repr(value)[1:-1], escape(value, quote=False), escape(value))
    yield escape(value).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    once = [dumps(value)[1:-1], dumps(value, ensure_ascii=False)[1:-1]]
    yield from (*once, *(dumps(text)[1:-1] for text in once))
    data = value.encode(errors="surrogatepass")
    for coded in {quote(data, safe=""), quote(data), quote_plus(data)}:
        for form in (coded, quote(coded, safe="")):
            yield from (form, re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), form))
    for base64 in _in_base64(data):
        for form in (base64, base64.replace("+", "-").replace("/", "_")):
            yield from (form, quote(form, safe=""))


def _in_base64(data: bytes) -> Iterator[str]:
    """Yield base64 of bytes, alone and at any position of a longer text."""
    whole = b64encode(data).decode()
    yield from (whole, whole.rstrip("="))
    for before in range(3):
        coded = b64encode(b"\0" * before + data).decode()
        # The first and last characters also depend on the neighbouring bytes.
        end = (before + len(data)) * 8 // 6
        piece = coded[-(-before * 8 // 6) : end]
        if len(piece) >= SHORTEST_BASE64:
            yield piece
