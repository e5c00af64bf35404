"""External text as one line of visible characters, and as every database accepts it."""

import re
from unicodedata import category, normalize

# Controls, direction marks and other characters without a glyph, surrogates.
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
# Characters that Unicode calls letters or marks, though they show nothing.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d")
# Characters around a copied text that are not part of it.
ENDS = (
    " \t\n\r\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")


def shown(text: str) -> str:
    """Return external text as one line of visible characters, the unprintable as "\ufffd"."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    line = " ".join(_BREAKS.sub(" ", text).split())
    if not (line.isprintable() and line.isascii()):
        line = "".join(map(_visible, " " + line, line, line[1:] + " "))
    return line or ("\ufffd" if text else "")


def shown_name(text: str) -> str:
    """Return a name as it is shown; one of nothing is visible as one of white space is."""
    return shown(text) or "\ufffd"


def storable(text: str, longest: int | None = None) -> str:
    """Return a text that every database accepts: no lone surrogate, no NUL, cut to a length."""
    if not text.isascii():
        text = text.encode(errors="replace").decode()
    return text.replace("\0", "?")[:longest]


def typeable(text: str) -> str:
    """Return what one types for a text that is shown, without characters that no keyboard has."""
    return " ".join(normalize("NFC", shown(text)).replace("\ufffd", "").split())


def is_one_line(text: str) -> bool:
    """Whether a text is one line of visible characters."""
    return "\ufffd" not in shown(text) and not _BREAKS.search(text)


def _visible(before: str, character: str, after: str) -> str:
    """Return a character, or "\ufffd" for one that shows nothing or changes the direction."""
    if character in _JOINERS and _joins(before) and _joins(after):
        return character  # emoji of several characters, and scripts with joined letters
    return "\ufffd" if category(character) in _UNSEEN or character in _BLANK_LETTERS else character


def _joins(character: str) -> bool:
    return not character.isascii() and category(character) not in _UNSEEN
