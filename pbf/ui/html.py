"""Text from outside on a page: shown letter by letter, in Markdown and in HTML (pure).

Streamlit's Markdown reads more than Markdown: formulas, icons and emoji between colons, coloured
text, arrows, and addresses that become links by themselves. Some of that is looked for after a
backslash has done its work, so a sign of it goes into a piece of text of its own: `:color[:]{}` is
a colour directive that names no colour.
"""

import re
from html import escape as escape_html
from unicodedata import bidirectional

from pbf.visible_text import shown

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ESCAPED = re.compile(r"[\\`*\[\]<~$]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
# Within a word an underscore is one.
_UNDERSCORES = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
# Signs that begin a heading, a quotation, a list or a line at the start of a text.
_AT_START = re.compile(r"^(?:[#>+=|-]|\d{1,9}(?=[.)]))")
_ALONE = re.compile(
    r":(?=[\w+:/-])"  # an icon, an emoji, a directive, an address
    r"|(?<=\bwww)\.|(?<=[\w+.-])@(?=\w)"  # what becomes a link
    r"|<(?=->|-|=)|-(?=[->])|>(?==)|~(?==)",  # what becomes an arrow or a dash
    re.IGNORECASE,
)
_PART = re.compile(
    "|".join(
        f"(?P<{name}>{pattern.pattern})"
        for name, pattern in (
            ("start", _AT_START),
            ("alone", _ALONE),
            ("entity", _ENTITY),
            ("line", _UNDERSCORES),
            ("escaped", _ESCAPED),
        )
    ),
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Return text from outside for use in Markdown, with nothing in it that Markdown reads."""
    return _PART.sub(_inert, shown(text))


def escape(text: str) -> str:
    """Return HTML of text from outside, which turns nothing round that stands beside it."""
    line = escape_html(shown(text))
    turns = not line.isascii() and any(bidirectional(one) in _RIGHT_TO_LEFT for one in line)
    return f"<bdi>{line}</bdi>" if turns else line


def attribute(value: str) -> str:
    """Return a value from outside as an attribute of HTML has it."""
    return escape_html(value, quote=True)


def _inert(found: re.Match[str]) -> str:
    sign = found.group()
    if found.lastgroup == "alone":
        return f":color[{_backslashed(sign)}]{{}}"
    if sign.isdigit():
        return f"{sign}\\"  # the full stop or bracket behind it
    return _backslashed(sign)


def _backslashed(sign: str) -> str:
    return "".join(f"\\{one}" for one in sign)
