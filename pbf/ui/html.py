"""HTML that pages share, and escapes that show external text as it is in Markdown and HTML (pure).

Streamlit's Markdown reads more than Markdown: formulas, icons and emoji between colons, coloured
text, arrows, and addresses that become links. It looks for some of that after backslash escapes
are resolved, so such a character goes into a text element of its own: `:color[:]{}` is a colour
directive that names no colour.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape as escape_html
from unicodedata import bidirectional

from pbf.rules.policy import Branding
from pbf.rules.wording import ago, exact
from pbf.visible_text import shown

# Colour alone says nothing: a sign and the word go with it.
SIGNS = {"good": "✓", "busy": "↻", "attention": "…", "bad": "!", "quiet": "·"}

# Where Streamlit puts the colours of components: with and without a shadow root.
COMPONENTS = ("Isolated", "Regular")

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
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


def escape(text: str) -> str:
    """Return external text escaped for HTML; it does not change the direction of text beside it."""
    line = escape_html(shown(text))
    turns = not line.isascii() and any(bidirectional(letter) in _RIGHT_TO_LEFT for letter in line)
    return f"<bdi>{line}</bdi>" if turns else line


def attribute(value: str) -> str:
    """Return an external value escaped for an HTML attribute."""
    return escape_html(value, quote=True)


class Html(str):
    """A text that is HTML already; `table` escapes any other."""


def badge(word: str, tone: str) -> str:
    """Return HTML for a status: a sign and a word in the colour of its tone."""
    sign = f'<span aria-hidden="true">{SIGNS[tone]}</span>'
    return f'<span class="pbf-badge pbf-is-{tone}">{sign} {escape(word)}</span>'


def head(title: str, subtitle: str, *, icon_url: str, icon_name: str) -> str:
    """Return HTML for the head of a page: an icon, a title, and a line below it."""
    picture = icon(icon_url, icon_name, size=56)
    return (
        f'<div class="pbf-head">{picture}<div><h1>{escape(title)}</h1>'
        f'<p class="pbf-quiet">{escape(subtitle)}</p></div></div>'
    )


def small(text: str) -> str:
    """Return HTML for secondary text; nothing for an empty one."""
    return f'<span class="pbf-quiet">{escape(text)}</span>' if text else ""


def facts(values: Mapping[str, str]) -> str:
    """Return HTML for a list of facts, given as HTML by label."""
    items = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{value}</dd></div>" for label, value in values.items()
    )
    return f'<dl class="pbf-facts">{items}</dl>'


def table(headers: Iterable[str], rows: Iterable[Iterable[str]], *, kind: str = "") -> str:
    """Return HTML for a table of texts and HTML; `kind` is a class of its own for the style."""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    name = f"pbf-records {kind}".strip()
    return f'<table class="{name}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def when(moment: str | None) -> str:
    """Return HTML for a time (ISO 8601): relative, with the exact UTC time on hover."""
    if moment is None:
        return "never"
    parsed = datetime.fromisoformat(moment)
    relative = ago(parsed, datetime.now(UTC))
    return f'<time datetime="{escape(moment)}" title="{exact(parsed)}">{relative}</time>'


def icon(url: str, name: str, *, size: int = 40) -> str:
    """Return HTML for a service's icon; beside its name it is decoration."""
    if not url.startswith(("https://", "http://", "/")):
        return f'<span class="pbf-monogram" aria-hidden="true">{escape(name[:1].upper())}</span>'
    return f'<img class="pbf-icon" src="{attribute(url)}" width="{size}" height="{size}" alt="">'


def _cell(content: str) -> str:
    return f"<td>{content if isinstance(content, Html) else escape(content)}</td>"


def _inert(match: re.Match[str]) -> str:
    sign = match.group()
    if match.lastgroup == "alone":
        return f":color[{_backslashed(sign)}]{{}}"
    if sign.isdigit():
        return f"{sign}\\"  # the full stop or bracket behind it
    return _backslashed(sign)


def _backslashed(sign: str) -> str:
    return "".join(f"\\{character}" for character in sign)


def brand(branding: Branding, *, logo_url: str) -> str:
    """Return HTML for a line with the vendor's logo, product name and support address."""
    name, support = branding.product_name, branding.support
    image = f'<img src="{logo_url}?v={branding.logo.digest}" alt="">' if branding.logo else ""
    left = f"{image}<strong>{escape(name)}</strong>" if image or name else ""
    text = support.removeprefix("mailto:") if support.startswith("mailto:") else "Support"
    right = f'<a href="{attribute(support)}">{escape(text)}</a>' if support else ""
    return f'<div class="pbf-brand"><span>{left}</span>{right}</div>' if left or right else ""


def brand_style(branding: Branding, *, dark: bool) -> str:
    """Return a style sheet that gives buttons, links and components the vendor's colour.

    A logo replaces our own icon.
    """
    rules = []
    if branding.logo:
        rules.append('.stApp [data-testid="stToolbar"]{background:none;padding-left:16px}')
    if accent := branding.accent:
        link = accent.dark_link if dark else accent.link
        button = '[data-testid^="stBaseButton-primary"]'
        components = ",".join(f'[data-testid="stBidiComponent{kind}"]' for kind in COMPONENTS)
        colours = f"background-color:{accent.button};border-color:{accent.button}"
        rules += [
            f"{button}:not(:disabled){{{colours};color:{accent.text}}}",
            f"{button}:hover:not(:disabled){{filter:brightness(0.92)}}",
            f'[data-testid="stMarkdownContainer"] a{{color:{link}!important}}',
            f"{components}{{--st-primary-color:{accent.button}!important;"
            f"--st-link-color:{link}!important}}",
        ]
    return f"<style>{''.join(rules)}</style>" if rules else ""
