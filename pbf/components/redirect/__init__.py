"""A link to the Connect Card that the browser follows by itself; in a frame it offers a new tab."""

from collections.abc import Callable
from pathlib import Path

from pbf.components.loader import component


def redirect(url: str, *, key: str, on_opened: Callable[[], None]) -> None:
    """Take the browser to an address; call `on_opened` if it is opened in a new tab instead."""
    draw = component("redirect", Path(__file__).parent)
    draw(key=key, data={"url": url}, on_opened_change=on_opened)
