"""Exported CSV is text to every spreadsheet."""

import csv
import json
from pathlib import Path

import pytest

from pbf.spreadsheet import harmless, line

CASES = json.loads((Path(__file__).parent / "support" / "formulas.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_no_field_begins_like_a_formula(case):
    assert harmless(case["text"]) == case["field"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_every_field_is_quoted_and_read_back_as_one(case):
    written = line(["first", case["text"]])

    assert written.startswith('"first","')
    assert next(csv.reader([written])) == ["first", case["field"]]


def test_no_field_is_changed_twice():
    assert [harmless(case["field"]) for case in CASES] == [case["field"] for case in CASES]
