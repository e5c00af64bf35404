"""Escapes that show external text as it is in Markdown (pure).

Streamlit's Markdown reads more than Markdown: formulas, icons and emoji between colons, coloured
text, arrows, and addresses that become links. It looks for some of that after backslash escapes
are resolved, so such a character goes into a text element of its own: `:color[:]{}` is a colour
directive that names no colour.
"""

import re

from pbf.visible_text import shown

_ESCAPED = re.compile(r"[\\`*\[\]<~$]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
# Within a word, Markdown leaves an underscore alone.
_UNDERSCORES = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
# Characters that begin a heading, a quotation, a list or a rule at the start of a text.
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
    """Return external text escaped for Markdown."""
    return _PART.sub(_inert, shown(text))


def _inert(match: re.Match[str]) -> str:
    sign = match.group()
    if match.lastgroup == "alone":
        return f":color[{_backslashed(sign)}]{{}}"
    if sign.isdigit():
        return f"{sign}\\"  # the full stop or bracket behind it
    return _backslashed(sign)


def _backslashed(sign: str) -> str:
    return "".join(f"\\{character}" for character in sign)
