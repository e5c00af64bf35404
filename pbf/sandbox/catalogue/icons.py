"""Icons of the services: a brand mark, or a monogram if there is none, on a pale tile."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.catalogue.services import Service

HUES = (
    "#2f5bd0", "#6a45c9", "#a0369f", "#c03367", "#b8432c", "#9a5a00",
    "#6b6a00", "#2f7a34", "#00796b", "#006f94", "#4a5f7a", "#7a4f3a",
)  # fmt: skip
WORD = re.compile(r"[^\W_]+")
PALE = 0.9
"""The share of white in a tile's colour."""


@dataclass(frozen=True, slots=True)
class Icon:
    """An SVG drawing and its ETag."""

    svg: bytes
    tag: str


@cache
def icon(service: Service) -> Icon:
    """Return a service's icon, drawn once."""
    svg = (_brand(service) if service.mark else _monogram(service)).encode()
    return Icon(svg, sha256(svg).hexdigest()[:20])


def _brand(service: Service) -> str:
    mark: dict[str, str] = read_data("marks.json")[service.mark]
    colour = mark["colour"]
    drawing = f'<path fill="{colour}" transform="translate(14 14) scale(1.5)" d="{mark["path"]}"/>'
    return _tile(service, _ground(colour), drawing)


def _monogram(service: Service) -> str:
    number = int.from_bytes(sha256(service.id.encode()).digest()[:4])
    colour = HUES[number % len(HUES)]
    letters = initials(service.name)
    drawing = (
        f'<text x="32" y="33" fill="{colour}" font-family="system-ui,-apple-system,Segoe UI,'
        f'Roboto,Helvetica,Arial,sans-serif" font-size="25" font-weight="650" '
        f'text-anchor="middle" dominant-baseline="central">{escape(letters)}</text>'
    )
    return _tile(service, _ground(colour), drawing)


def initials(name: str) -> str:
    """Return one or two letters that stand for a name."""
    words: list[str] = WORD.findall(name.partition("(")[0]) or ["?"]
    if len(words) == 1:
        word = words[0]
        capitals = "".join(letter for letter in word if letter.isupper())
        return capitals if len(capitals) == 2 else word[:2].capitalize()
    return (words[0][0] + words[1][0]).upper()


def _tile(service: Service, ground: str, drawing: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64" '
        f'role="img"><title>{escape(service.name)}</title>'
        f'<rect x="0.5" y="0.5" width="63" height="63" rx="14" fill="{ground}" '
        f'stroke="#7f8896" stroke-opacity=".28"/>{drawing}</svg>'
    )


def _ground(colour: str) -> str:
    pale = _mix(colour, "#ffffff", PALE)
    if contrast(colour, pale) >= 2:
        return pale
    return _mix(colour, "#151a22", PALE)


def _channels(colour: str) -> Iterator[int]:
    return (int(colour[start : start + 2], 16) for start in (1, 3, 5))


def _mix(first: str, second: str, share: float) -> str:
    mixed = (
        round(low * (1 - share) + high * share)
        for low, high in zip(_channels(first), _channels(second), strict=True)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def contrast(first: str, second: str) -> float:
    """Return the WCAG contrast of two colours, 1 to 21."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [channel / 255 for channel in _channels(colour)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
