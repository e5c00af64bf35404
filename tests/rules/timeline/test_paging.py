from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.outcomes import Outcome
from pbf.rules.timeline.paging import Cursor, page

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


@given(st.lists(st.integers(1, 9), max_size=40), st.integers(1, 12))
def test_pages_have_every_sync_once_though_many_started_together(ages, size):
    syncs = [
        SyncEntry("c", str(index), NOW - timedelta(hours=ago), None, Outcome.ENDED)
        for index, ago in enumerate(sorted(ages))
    ]

    def read(until, most):
        return [sync for sync in syncs if sync.started_at < until][:most]

    shown, cursor = [], Cursor(NOW)
    while cursor:
        entries, cursor = page(read, cursor, size)
        assert len(entries) == size or cursor is None
        cursor = cursor and Cursor.of(str(cursor))
        shown += entries

    assert shown == syncs


@pytest.mark.parametrize("text", ["", "1", "-1", "1-", "x-1", "1-x", "²-1", "9" * 60 + "-1"])
def test_no_other_text_is_a_cursor(text):
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.of(text)
