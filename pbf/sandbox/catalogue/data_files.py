"""The data files of this folder."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def read_data(name: str) -> Any:
    """Return the content of a JSON file, read once."""
    return json.loads((files("pbf.sandbox.catalogue") / name).read_text(encoding="utf-8"))
