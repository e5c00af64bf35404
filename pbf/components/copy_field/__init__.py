"""A link or a token in a field, with a button that copies it."""

from pathlib import Path

from pbf.components.loader import component


def copy_field(text: str, *, key: str, label: str = "Link") -> None:
    """Show a text and a button to copy it; `label` says what it is."""
    component("copy", Path(__file__).parent)(key=key, data={"text": text, "label": label})
