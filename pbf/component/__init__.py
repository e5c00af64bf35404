"""What the two components share: loading their files and the code and styles both stand on."""

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent


@cache
def component(name: str, folder: Path) -> ComponentRenderer:
    """Return the mounting command of the component whose files lie in a folder.

    `page.js` and `page.css` of this package go before the folder's own scripts and styles. The
    scripts share one scope: the file that exports the component is the one named like the folder.
    """
    main = folder / f"{folder.name}.js"
    parts = sorted(path for path in folder.glob("*.js") if path != main)
    scripts = [HERE / "page.js", *parts, main]
    styles = [HERE / "page.css", folder / f"{folder.name}.css"]
    return st.components.v2.component(
        name,
        html=joined(folder / f"{folder.name}.html"),
        css=joined(*styles),
        js=joined(*scripts),
    )


def joined(*files: Path) -> str:
    """Return the text of several files as one."""
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
