"""Past syncs and errors, under any of their field names."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from pbf.cache.entries import fingerprint
from pbf.fivetran.history import ErrorRecord, History, SyncRecord

NINE, TEN = "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"


@pytest.mark.parametrize(
    "item",
    [
        pytest.param({"sync_id": "s", "start": NINE, "end": TEN, "status": "DONE"}, id="short"),
        pytest.param(
            {"id": "s", "started_at": NINE, "ended_at": TEN, "sync_status": "DONE"}, id="at"
        ),
        pytest.param(
            {"syncId": "s", "startTime": NINE, "endTime": TEN, "state": "DONE"}, id="camel"
        ),
        pytest.param({"id": "s", "sync_start": NINE, "sync_end": TEN, "result": "DONE"}, id="sync"),
        pytest.param(
            {"id": "s", "start": None, "started_at": NINE, "finished_at": TEN, "status": "DONE"},
            id="null-and-another",
        ),
    ],
)
def test_a_sync_is_parsed_under_any_of_its_field_names(item):
    sync = SyncRecord.model_validate(item)

    assert (sync.sync_id, sync.status, sync.is_queued) == ("s", "DONE", False)
    assert sync.start == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert sync.end == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("start", [None, "", "0001-01-01T00:00:00Z"])
def test_a_sync_whose_start_is_null_is_queued(start):
    assert SyncRecord.model_validate({"start": start}).is_queued
    assert SyncRecord.model_validate({"started_at": start, "status": "WAITING"}).is_queued


@pytest.mark.parametrize(
    "item",
    [
        pytest.param({"start": None, "end": TEN}, id="ended-without-a-start"),
        pytest.param({"status": "FAILED"}, id="no-start-at-all"),
        pytest.param({"start": "soon", "status": "FAILED"}, id="start-that-is-no-time"),
    ],
)
def test_a_sync_with_an_unknown_start_is_not_queued(item):
    sync = SyncRecord.model_validate(item)

    assert sync.start is None
    assert not sync.is_queued


def test_volumes_by_stage_are_numbers_and_what_is_not_understood_is_kept_as_text():
    sync = SyncRecord.model_validate(
        {
            "start": NINE,
            "extract": {"rows": 5, "mode": "full", "seconds": 2},
            "loadedBytes": 7.5,
            "priority": 3,
            "is_manual": True,
            "note": None,
        }
    )

    assert sync.volumes == {"extract_rows": 5.0, "extract_seconds": 2.0, "loadedBytes": 7.5}
    assert sync.unknown == {"extract_mode": "full", "priority": "3", "is_manual": "True"}


@pytest.mark.parametrize("value", ["caf\ud83d", {"\ud83d": 1}, float("nan"), [[[]]]])
def test_unknown_fields_of_a_sync_do_not_break_its_fingerprint(value):
    sync = SyncRecord.model_validate({"start": NINE, "volumes": value, "is_queued": True})

    assert fingerprint([History(items=(sync,))])
    assert not sync.is_queued


@pytest.mark.parametrize(
    "item", [None, "text", [], {}, {"begun": NINE}, {"start": "soon"}, {"start": []}, {"id": "s"}]
)
def test_an_unreadable_object_is_not_a_sync(item):
    with pytest.raises(ValidationError):
        SyncRecord.model_validate(item)


@pytest.mark.parametrize("item", [None, "text", [], {}, {"created_at": NINE}, {"message": None}])
def test_an_empty_object_is_not_an_error(item):
    with pytest.raises(ValidationError):
        ErrorRecord.model_validate(item)
