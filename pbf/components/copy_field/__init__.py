"""A link in a field, with a button that copies it."""

from pathlib import Path

from pbf.components.loader import component


def copy_field(text: str, *, key: str) -> None:
    """Show a link and a button to copy it."""
    component("copy", Path(__file__).parent)(key=key, data={"text": text})
