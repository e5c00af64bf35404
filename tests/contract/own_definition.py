"""Writes the names in the definition into the sandbox: python -m tests.contract.own_definition.

`fivetran-sandbox drift` compares newer definitions with them.
"""

import json
from pathlib import Path

from pbf.sandbox import drift
from tests.support.requirements import DEFINITION, load_reference

FILE = Path(drift.__file__).parent / "catalogue" / drift.OWN


def content() -> str:
    """Return the content of the file."""
    return json.dumps(drift.shape(load_reference(DEFINITION)), separators=(",", ":")) + "\n"


if __name__ == "__main__":
    FILE.write_text(content(), encoding="utf-8")
