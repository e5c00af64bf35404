"""The catalogue's data file: complete, valid, and equal to the facts it was made from."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pbf.sandbox.catalogue.data_files import read_data
from tests.sandbox.marks import marks
from tests.support.requirements import SERVICES, load_reference

ROOT = Path(__file__).parents[2]
DATA_FILE = ROOT / "pbf" / "sandbox" / "catalogue" / "catalogue.json"

FACTS = ("id", "name", "type", "naming", "docs", "auth", "fields")
KEYS = [*FACTS, "description", "mark", "status", "status_date", "class"]
NAMINGS = {"schema", "schema_table", "schema_prefix", "schema_table_group"}
STATUSES = {"general_availability", "beta", "sunset", "private_preview"}
CLASSES = {"standard", "lite"}


@pytest.fixture(scope="module")
def services() -> list[dict[str, Any]]:
    return json.loads(DATA_FILE.read_text(encoding="utf-8"))["services"]


def test_the_catalogue_has_773_services_sorted_by_a_unique_id(services: list[dict[str, Any]]):
    ids = [service["id"] for service in services]

    assert len(ids) == 773
    assert ids == sorted(set(ids))


def test_the_file_has_one_compact_service_per_line(services: list[dict[str, Any]]):
    lines = [json.dumps(service, ensure_ascii=False, separators=(",", ":")) for service in services]

    written = DATA_FILE.read_text(encoding="utf-8")

    assert written == '{"services": [\n' + ",\n".join(lines) + "\n]}\n"


def test_every_service_has_the_same_keys_in_the_same_order(services: list[dict[str, Any]]):
    unexpected = [service["id"] for service in services if list(service) != KEYS]

    assert unexpected == []


def test_every_description_is_a_short_unique_sentence(services: list[dict[str, Any]]):
    descriptions = [service["description"] for service in services]

    unfit = [
        text
        for text in descriptions
        if not 20 <= len(text) <= 110 or not text.endswith(".") or text != " ".join(text.split())
    ]

    assert unfit == []
    assert len({text.casefold() for text in descriptions}) == len(descriptions)


def test_the_marks_are_those_of_simplepycons():
    stored = read_data("marks.json")

    assert stored == marks()
    assert len(stored) > 100


def test_naming_status_and_class_are_valid(services: list[dict[str, Any]]):
    namings = {service["naming"] for service in services}
    statuses = {service["status"] for service in services}
    classes = {service["class"] for service in services}

    assert namings == NAMINGS
    assert statuses == STATUSES
    assert classes == CLASSES


def test_every_status_date_is_before_the_sandboxs_start(services: list[dict[str, Any]]):
    first, last = date(2019, 1, 1), date(2026, 9, 30)

    outside = [
        service["id"]
        for service in services
        if not first <= date.fromisoformat(service["status_date"]) <= last
    ]

    assert outside == []


def test_the_facts_equal_the_shared_reference(services: list[dict[str, Any]]):
    reference = sorted(load_reference(SERVICES), key=lambda service: service["id"])

    ours = [{key: service[key] for key in FACTS} for service in services]

    assert ours == [{key: service[key] for key in FACTS} for service in reference]
