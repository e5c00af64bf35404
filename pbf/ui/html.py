"""HTML from the templates beside this module, which escape every text that they are given."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from unicodedata import bidirectional
from urllib.parse import urlencode

import markupsafe
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pbf.clock import utc_now
from pbf.paths import from_page
from pbf.rules.wording import LONG_UNITS, about, ago, ahead, capital, exact, is_to_come, span
from pbf.visible_text import shown

# Colour alone says nothing: a sign and the word go with it.
SIGNS = {"good": "✓", "busy": "↻", "attention": "…", "bad": "!", "quiet": "·"}
# The colours of monograms, as in `icons.js`.
HUES = ("blue", "green", "violet", "orange", "red", "yellow")
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def render(template: str, macro: str, /, **values: Any) -> Markup:
    """Return what a macro of a template draws of values, as HTML."""
    drawn: Markup = getattr(environment().get_template(f"{template}.html").module, macro)(**values)
    return drawn


def escape(text: str) -> Markup:
    """Return external text escaped for HTML; it does not change the direction of text beside it."""
    line = markupsafe.escape(shown(text))
    turns = not line.isascii() and any(bidirectional(letter) in RIGHT_TO_LEFT for letter in line)
    return Markup("<bdi>{}</bdi>").format(line) if turns else line


def address(name: str, query: Mapping[str, str]) -> str:
    """Return the address of a page from any of the dashboard's pages, for a link in HTML."""
    return f"{name}?{urlencode(query)}" if query else name


def hue(service: str) -> str:
    """Return the colour of a service's monogram, as `icons.js` chooses it."""
    total = 0
    for character in service:
        total = (total * 31 + ord(character)) % 2**32
    return HUES[total % len(HUES)]


def monogram(name: str) -> str:
    """Return the letters that stand for a service, as `icons.js` chooses them."""
    words: list[str] = re.findall(r"[^\W_]+", name) or ["?"]
    letters = words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]
    return letters.upper()


@cache
def environment() -> Environment:
    """Return Jinja with the templates; each is read and compiled once, when it is first drawn."""
    jinja = Environment(
        loader=PackageLoader("pbf.ui"),
        autoescape=True,
        finalize=lambda value: escape(value) if type(value) is str else value,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters.update(
        from_page=from_page, as_time=as_time, exact=exact, ago=lambda at: ago(at, utc_now())
    )
    jinja.filters["in_browser_words"] = in_browser_words
    jinja.globals.update(SIGNS=SIGNS, address=address, hue=hue, monogram=monogram)
    return jinja


def in_browser_words(moment: str, kind: str) -> str:
    """Return a time in ISO 8601 relative to now, in the words of `times.js`.

    `kind` is "past", or "lasting" for a state since then, or "coming".
    """
    at, now = datetime.fromisoformat(moment), utc_now()
    if kind == "past":
        return ago(at, now)
    if kind == "coming":
        return "Due now" if at <= now else capital(about(ahead(at, now)))
    if is_to_come(at, now):
        return ""
    seconds = (now - at).total_seconds()
    return (
        f"for {span(seconds, LONG_UNITS)}"
        if seconds >= LONG_UNITS["minute"]
        else "for less than a minute"
    )


def as_time(moment: datetime | str) -> datetime:
    """Return a time, which may be given in ISO 8601."""
    return moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
