"""What the first screens share: filling the HTML of a component."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup

# What works only once the component is there.
LATER = re.compile(r'<(label|button|div)(?= class="(?:sort|chips?|clear|button)\b)')


def filled(file: Path, classes: Mapping[str, str] | None = None, **contents: Markup) -> Markup:
    """Return the HTML of a component with the contents of its parts; only its search is active.

    `classes` are further classes by those that an element has.
    """
    page = _inert(file).replace(" hidden>", ">", 1)
    for present, further in (classes or {}).items():
        page = page.replace(f'class="{present}"', f'class="{present} {further}"', 1)
    for part, content in contents.items():
        before, name, after = page.partition(f'data-part="{part}"')
        tag, end, rest = after.partition(">")
        page = f"{before}{name}{tag.removesuffix(' hidden')}{end}{content}{rest}"
    return Markup(page)  # noqa: S704 - our own file, and contents that are escaped


@cache
def _inert(file: Path) -> str:
    return LATER.sub(r"<\1 inert", file.read_text(encoding="utf-8"))
