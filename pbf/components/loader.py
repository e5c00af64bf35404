"""What the components share: loading their files, and packing what they are given."""

import gzip
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from pbf.components.bundle import bundle

PAGE_STYLE = Path(__file__).parent / "shared" / "page.css"


@cache
def component(name: str, folder: Path, *styles: Path) -> ComponentRenderer:
    """Return the mounting command of the component whose files lie in a folder.

    The module that exports the component and its own styles, which follow `styles`, are named like
    the folder.
    """
    return st.components.v2.component(
        name,
        html=joined(folder / f"{folder.name}.html"),
        css=joined(*styles, folder / f"{folder.name}.css"),
        js=bundle(folder / f"{folder.name}.js"),
    )


def joined(*files: Path) -> str:
    """Return the text of several files as one."""
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def parcel(label: Mapping[str, Any], body: bytes) -> bytes:
    """Return what a component is given: a line that says which version it is, then a packed body.

    Anything but bytes Streamlit makes into JSON twice at every run, and the browser reads all of it
    before it can tell that it knows it. `payload.js` opens it.
    """
    return as_json(label) + b"\n" + body


def pack(value: Any) -> bytes:
    """Return a value as compressed JSON; done once for each version."""
    return gzip.compress(as_json(value), mtime=0)


def as_json(value: Any) -> bytes:
    """Return a value as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
