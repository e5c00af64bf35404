"""What runs a fragment again once what it shows has changed. Nobody sees it."""

from pathlib import Path

from pbf.components.loader import component


def follow(url: str, *, revision: str, run: str, key: str) -> None:
    """Ask `url` for the revision from time to time, and run the fragment if it is another one.

    `url` is relative to the page. `run` differs in each run of the fragment.
    """
    draw = component("follow", Path(__file__).parent)
    data = {"url": url, "revision": revision, "run": run}
    draw(key=key, data=data, on_changed_change=lambda: None)
