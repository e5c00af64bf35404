"""Tells the pages around a framed dashboard that its session has ended."""

from collections.abc import Sequence
from pathlib import Path

from pbf.components.loader import component


def announce_session_ended(origins: Sequence[str]) -> None:
    """Post `{"type": "pbf:session-ended"}` to those pages around us that have these origins."""
    draw = component("session_ended", Path(__file__).parent)
    draw(key="session-ended", data={"origins": list(origins)})
