"""What an observer stores of lists."""

from datetime import UTC, datetime

import pytest

from pbf.errors import StoreFailed
from pbf.fivetran.models import Connector
from pbf.rules.timeline.entries import SyncReport
from pbf.rules.timeline.outcomes import Outcome
from pbf.store.store import Store
from pbf.timeline.observer import ListQueue, Observer
from pbf.timeline.recorder import Recorder

NOW = 1_790_000_000.0
GROUP = "our_group"


@pytest.fixture
def store(tmp_path):
    opened = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture
def observer(store):
    return observer_of(store)


def observer_of(store, *groups):
    return Observer(store, Recorder(store, detail_days=90), lambda: groups or (GROUP,))


def connector(succeeded=-600.0, **fields):
    at = datetime.fromtimestamp(NOW + succeeded, UTC)
    values = {"id": "one", "schema_name": "x", "succeeded_at": at, "sync_frequency": 60}
    return Connector(**values | fields)


def test_a_list_without_a_change_touches_no_database(store, observer, monkeypatch):
    assert observer.observe(GROUP, [connector()], NOW)

    def fail():
        raise AssertionError

    monkeypatch.setattr(store._database, "session", fail)
    monkeypatch.setattr(store._database, "reading", fail)
    assert observer.observe(GROUP, [connector()], NOW + 30) == []


def test_changes_are_told_once_also_to_another_process(store, observer):
    observer.observe(GROUP, [connector()], NOW)
    status = {"setup_state": "broken", "sync_state": "paused"}
    later = connector(succeeded=60, paused=True, status=status)

    changes = observer.observe(GROUP, [later], NOW + 90)

    assert {change.field for change in changes} == {
        "succeeded_at",
        "sync_state",
        "setup_state",
        "paused",
    }
    another = observer_of(store)
    assert another.observe(GROUP, [later], NOW + 120) == []
    [row] = store.last_seen.listed(GROUP)
    assert (row.paused_since, row.broken_since, row.has_moved) == (NOW + 90, NOW + 90, True)
    assert len(store.syncs.between(GROUP, "one", 0, 2 * NOW)) == 2


def test_an_older_list_changes_nothing(store, observer):
    observer.observe(GROUP, [connector(succeeded=60)], NOW + 90)

    assert observer.observe(GROUP, [connector()], NOW) == []
    assert len(store.syncs.between(GROUP, "one", 0, 2 * NOW)) == 1


def test_a_history_that_was_read_before_the_last_change_is_read_again(store, observer):
    observer.observe(GROUP, [connector()], NOW)
    store.last_seen.mark_read(GROUP, "one", NOW + 5)
    assert store.last_seen.waiting() == 0

    observer.observe(GROUP, [connector(succeeded=60)], NOW + 90)
    store.last_seen.mark_read(GROUP, "one", NOW + 60)

    assert store.last_seen.waiting() == 1


def test_a_list_that_could_not_be_stored_is_stored_with_the_next_one(store, observer, monkeypatch):
    with monkeypatch.context() as patched:

        def fail(*_):
            raise StoreFailed("away")

        patched.setattr(store.last_seen, "put", fail)
        logged = []
        queue = ListQueue(observer.observe, lambda *text: logged.append(text))
        queue.put(GROUP, [connector()], NOW)
        queue.wait()
        assert logged

    assert observer.observe(GROUP, [connector()], NOW + 10)
    assert len(store.last_seen.listed(GROUP)) == 1


def test_reading_waits_for_no_writer(store, observer):
    observer.observe(GROUP, [connector()], NOW)

    with store.syncs.editing(GROUP) as edit:
        edit.put([])
        assert len(store.syncs.between(GROUP, "one", 0, 2 * NOW)) == 1


def test_a_schedule_that_changed_counts_from_then_on(store, observer):
    observer.observe(GROUP, [connector(sync_frequency=5)], NOW)
    observer.observe(GROUP, [connector(sync_frequency=60)], NOW + 600)

    [row] = store.last_seen.listed(GROUP)
    assert (row.spacing, row.spacing_since, row.earlier_spacing) == (60.0, NOW + 600, 5.0)


def test_an_end_that_comes_an_interval_later_is_not_that_of_a_sync_which_is_not_known_to_be_over(
    store, observer
):
    scheduled = {"sync_state": "scheduled", "setup_state": "connected"}
    observer.observe(GROUP, [connector(status=scheduled)], NOW)
    started = SyncReport("one", "a", started_at=NOW + 60, outcome=Outcome.RUNNING)
    observer._recorder.record(GROUP, [started], source="webhook", now=NOW + 60)

    observer.observe(GROUP, [connector(succeeded=3720, status=scheduled)], NOW + 3800)

    rows = store.syncs.between(GROUP, "one", NOW, 2 * NOW)
    assert len(rows) == 2


def test_an_end_within_the_interval_is_that_of_the_sync_under_way(store, observer):
    scheduled = {"sync_state": "scheduled", "setup_state": "connected"}
    observer.observe(GROUP, [connector(status=scheduled)], NOW)
    started = SyncReport("one", "a", started_at=NOW + 60, outcome=Outcome.RUNNING)
    observer._recorder.record(GROUP, [started], source="webhook", now=NOW + 60)

    observer.observe(GROUP, [connector(succeeded=2000, status=scheduled)], NOW + 2100)

    assert len(store.syncs.between(GROUP, "one", NOW, 2 * NOW)) == 1


def test_a_sync_that_a_list_shows_under_way_may_take_longer_than_the_interval(store, observer):
    syncing = {"sync_state": "syncing", "setup_state": "connected"}
    started = SyncReport("one", "a", started_at=NOW - 60, outcome=Outcome.RUNNING)
    observer._recorder.record(GROUP, [started], source="webhook", now=NOW)
    observer.observe(GROUP, [connector(status=syncing)], NOW)

    observer.observe(GROUP, [connector(succeeded=9000, status=syncing)], NOW + 9060)

    assert len(store.syncs.between(GROUP, "one", NOW - 60, 2 * NOW)) == 1


def test_what_a_removed_group_had_is_forgotten_with_the_next_new_one(store):
    groups = ["a", "b"]
    observer = Observer(store, Recorder(store, detail_days=90), lambda: groups)
    observer.observe("a", [connector()], NOW)
    observer.observe("b", [connector()], NOW)

    groups[:] = ["b", "c"]
    observer.observe("c", [connector()], NOW)

    assert (observer._seen.keys(), observer._listed_at.keys()) == ({"b", "c"}, {"b", "c"})
    groups.append("a")
    assert observer.observe("a", [connector()], NOW + 90) == []  # as it was stored
    assert observer.listed_at("a") == NOW + 90
