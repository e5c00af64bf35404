"""The tables of docs/sandbox.md are those that the code generates."""

import pytest

from pbf.sandbox.core.assumptions import Assumptions
from tests.contract.definition import operations
from tests.contract.endpoints import DOCUMENT, PARTLY, updated

pytestmark = pytest.mark.usefixtures("definition")


@pytest.fixture
def text() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


def test_every_table_is_up_to_date(text):
    assert updated(text) == text, "run python -m tests.contract.endpoints"


def test_every_operation_and_every_assumption_has_a_row(text):
    assert all(f"\n| `{operation}` |" in text for operation in operations())
    assert all(f"\n| `{name}` |" in text for name in Assumptions.__dataclass_fields__)


def test_partly_imitated_operations_are_in_the_definition():
    assert set(PARTLY) <= {str(operation) for operation in operations()}


def test_the_document_first_says_what_the_sandbox_is_not(text):
    headings = [line for line in text.splitlines() if line.startswith("#")]

    assert headings[:2] == ["# The sandbox", "## What it is not"]
