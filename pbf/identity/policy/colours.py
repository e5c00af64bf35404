"""Colours made from a policy's accent that can be read on the screens (WCAG 2.2, 4.5 to 1)."""

READABLE = 4.5
# The backgrounds of the two themes.
LIGHT, DARK = "#ffffff", "#10151c"
WHITE, BLACK = "#ffffff", "#000000"
STEPS = 20

Colour = tuple[int, int, int]


def text_on(accent: str) -> str:
    """Return the colour of text on the accent: white or black, whichever contrasts more."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, accent))


def readable_on(background: str, accent: str) -> str:
    """Return the accent, mixed with black or white until it can be read on a background."""
    goal = text_on(background)
    for step in range(STEPS + 1):
        mixed = _mixed(accent, goal, step / STEPS)
        if contrast(mixed, background) >= READABLE:
            return mixed
    return goal


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _mixed(colour: str, other: str, share: float) -> str:
    parts = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _parts(colour: str) -> Colour:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
