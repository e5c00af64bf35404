"""What a machine may lack: tests that need it are skipped, and one line at the end says so."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.support.servers import ROOT

REFERENCE = ROOT.parent / "shared" / "reference"
DEFINITION = REFERENCE / "fivetran-openapi.json"
SERVICES = REFERENCE / "services.json"
NAMES = {DEFINITION: "Fivetran's official definition", SERVICES: "the list of Fivetran's services"}
REASON = re.compile(r"This test needs (.+?): ")


def skip_without(name: str, remedy: str) -> NoReturn:
    """Skip the test because the machine lacks something; in CI, fail it."""
    reason = f"This test needs {name}: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def load_reference(path: Path) -> Any:
    """Return the JSON of a reference file; skip the test, or fail it in CI, without the file."""
    if not path.exists():
        skip_without(NAMES[path], "the shared reference is not beside the repository.")
    return json.loads(path.read_text(encoding="utf-8"))


def require_package(program: str | None, name: str, package: str) -> str:
    """Return a program's path; skip the test, or fail it in CI, without the program."""
    if program is None:
        skip_without(name, f"install your system's package {package}.")
    return program


def summary_of_skipped(skipped: Iterable[tuple[str, str]]) -> str:
    """Return one line about the tests that did not run, from their ids and reasons; or nothing."""
    needs: dict[str, list[str]] = defaultdict(list)
    for test, reason in skipped:
        if match := REASON.search(reason):
            needs[match[1]].append(test.partition("::")[0])
    parts = [
        f"{len(files)} without {name} ({', '.join(sorted(set(files)))})"
        for name, files in sorted(needs.items())
    ]
    return f"Tests that did not run: {'; '.join(parts)}." if parts else ""
