"""The brand marks of the sandbox's icons, taken from simplepycons.

`python -m tests.sandbox.marks` writes them to `pbf/sandbox/catalogue/marks.json`. They come from
Simple Icons, which are in the public domain (CC0).
"""

import json
import re
from typing import Any

from pbf.sandbox.catalogue.services import services
from tests.support.servers import ROOT

PATH = re.compile(r'<path[^>]*?\sd="([^"]+)"', re.DOTALL)
FILE = ROOT / "pbf" / "sandbox" / "catalogue" / "marks.json"


def marks() -> dict[str, dict[str, str]]:
    """Return the path and the colour of each mark that a service has."""
    from simplepycons import all_icons  # which takes a second, in each test process

    names = {service.mark for service in services().values() if service.mark}
    return {name: _mark(all_icons[name]) for name in sorted(names)}


def _mark(icon: Any) -> dict[str, str]:
    path = " ".join(PATH.findall(icon.raw_svg))
    return {"colour": str(icon.primary_color).lower(), "path": path}


if __name__ == "__main__":
    FILE.write_text(json.dumps(marks(), indent=1) + "\n", encoding="utf-8")
