"""Entries of the audit log that the database does not take wait on disk and are stored once."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from pbf.errors import StoreFailed
from pbf.store.audit import log as store_audit
from pbf.store.audit.log import AuditLog
from pbf.store.audit.spool import LINE, AuditSpool, SpoolFailed
from pbf.store.store import Store
from tests.support.at_once import THREADS, at_once
from tests.support.servers import ROOT
from tests.support.stores import add_entry, address

ENTRY = {"entry_key": "k", "at": "2026-11-01T00:00:00.000+00:00", "what": "pause"}


@pytest.fixture(params=["file", "postgres"])
def url(request, tmp_path):
    return address(request, tmp_path)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def store(url, folder):
    opened = Store(url, spool=folder)
    yield opened
    opened.close()


@contextmanager
def away(store: Store) -> Iterator[None]:
    """Make the database of a store fail until the block ends."""

    def fail(*_: object) -> None:
        raise StoreFailed("away")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store._database, "_transaction", fail)
        yield


def record(store: Store, *names: str) -> None:
    for name in names:
        add_entry(store, "page", "pause", name, name, "done", group_id="g")


def stored(store: Store, *fields: str) -> list[tuple[str, ...]]:
    return [tuple(getattr(entry, name) for name in fields) for entry in store.audit.entries()]


def killed(store: Store) -> None:
    """End a store as kill -9 does: what is locked is unlocked, and nothing else happens."""
    os.close(store.audit._spool._file)


def test_what_the_database_does_not_take_is_stored_later_once_in_order_with_its_own_time(store):
    record(store, "before")
    with away(store):
        record(store, "first", "second")
        assert store.audit.waiting() == 2

    record(store, "third")
    store.audit.store_waiting()

    rows = stored(store, "connector_id", "outcome")
    assert rows == [(name, "done") for name in ("before", "first", "second", "third")]
    times = stored(store, "at", "stored_at")
    assert times == sorted(times)
    assert [bool(late) for _, late in times] == [False, True, True, True]
    assert all(at <= late for at, late in times[1:])
    assert store.audit.waiting() == 0


def test_a_postgresql_that_is_away_delays_entries_and_loses_none(postgres, tmp_path):
    url = postgres.fresh()
    store = Store(url, spool=tmp_path)
    with postgres.away(url):
        record(store, "one", "two")
        with pytest.raises(StoreFailed):
            store.audit.store_waiting()

    store.audit.store_waiting()

    assert stored(store, "connector_id") == [("one",), ("two",)]
    store.close()


def test_an_entry_whose_commit_was_not_confirmed_is_stored_once(store, monkeypatch):
    commit = AuditLog._store

    def commit_without_an_answer(log, entry):
        commit(log, entry)
        raise StoreFailed("the answer was lost")

    monkeypatch.setattr(AuditLog, "_store", commit_without_an_answer)
    record(store, "one")
    monkeypatch.undo()
    store.audit.store_waiting()

    assert stored(store, "connector_id") == [("one",)]


def test_a_process_killed_at_any_point_leaves_each_entry_once(url, folder):
    first, second = Store(url, spool=folder), Store(url, spool=folder)
    with away(first):
        record(first, "waits", "is stored")
    # It was killed after the commit and before the line was emptied.
    first.audit._store_late([list(first.audit._spool.oldest(2).values())[1]])
    with (
        suppress(KeyboardInterrupt),
        first.audit.recording(actor="page", what="sync", group_id="g", connector_id="is begun"),
    ):
        second.audit.store_waiting()
        assert stored(second, "connector_id") == [("is stored",)]  # the process lives
        killed(first)
        second.audit.store_waiting()
        first.audit._spool._file = None
        raise KeyboardInterrupt

    assert stored(second, "connector_id", "outcome") == [
        ("is stored", "done"),
        ("waits", "done"),
        ("is begun", "begun"),
    ]
    first._database.close()
    second.close()


def test_the_next_process_stores_what_the_last_one_left(url, folder):
    first = Store(url, spool=folder)
    with away(first):
        record(first, "one")
    first.close()
    other_database = AuditSpool(folder, "another database")

    second = Store(url, spool=folder)

    assert second.audit.waiting() == 1
    assert other_database.waiting() == 0
    second.audit.store_waiting()
    assert stored(second, "connector_id") == [("one",)]
    assert list(folder.iterdir()) == []
    second.close()


def test_the_spool_is_private_and_empty_while_the_database_answers(store, folder):
    record(store, "one")

    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == 0
    store.close()
    assert list(folder.iterdir()) == []


def test_without_a_spool_an_action_is_recorded_when_it_begins_and_refused_without_a_database(
    url, tmp_path, caplog
):
    (tmp_path / "file").touch()
    store = Store(url, spool=tmp_path / "file" / "spool")

    record(store, "one")
    with store.audit.recording(actor="page", what="pause", group_id="g") as skipped:
        skipped.outcome = ""
    began = False
    with (
        away(store),
        pytest.raises(StoreFailed, match="could not be recorded"),
        store.audit.recording(actor="page", what="pause", group_id="g"),
    ):
        began = True

    assert not began
    assert stored(store, "connector_id", "outcome") == [
        *(("one", "begun"), ("one", "done")),
        *(("", "begun"), ("", "nothing to do")),
    ]
    assert caplog.text.count("cannot be written: Not a directory") == 1
    store.close()


def test_a_full_spool_takes_no_action_until_the_database_is_back(store, folder):
    store.audit._spool = AuditSpool(folder, "database", most=2)
    with away(store):
        record(store, "one", "two")
        with pytest.raises(StoreFailed, match="could not be recorded"):
            record(store, "three")

    store.audit.store_waiting()
    record(store, "four")

    assert [name for (name,) in stored(store, "connector_id")] == ["one", "two", "four"]


def test_a_full_disk_is_seen_before_the_action(folder, monkeypatch):
    spool = AuditSpool(folder, "database")
    line = spool.reserve(ENTRY)
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: len(data) // 2)

    with pytest.raises(SpoolFailed, match="No space left"):
        spool.reserve(ENTRY)

    monkeypatch.undo()
    assert os.fstat(spool._file).st_size == LINE
    spool.keep(line, ENTRY)
    assert spool.waiting() == 1
    spool.close()


def test_the_longest_entry_fits(folder):
    spool = AuditSpool(folder, "database")
    names = (
        "actor",
        "what",
        "details",
        "connector_id",
        "name",
        "outcome",
        "actor_name",
        "group_id",
    )
    entry = {**ENTRY, **dict.fromkeys(names, "\U0001f600" * 200), "outcome": "x" * 5000}
    entry |= dict.fromkeys(("connector_id", "actor", "group_id", "what"), "i" * 200)

    spool.keep(spool.reserve(entry), entry)
    spool.close()

    ((left,),) = AuditSpool(folder, "database").left_behind()
    assert left["connector_id"] == "i" * 200
    assert left["details"] == "\U0001f600" * 100


def test_threads_and_processes_that_write_at_once_lose_nothing(url, folder):
    stores = [Store(url, spool=folder) for _ in range(2)]

    def work(thread: int) -> None:
        store = stores[thread % 2]
        for name in (f"{thread}-{number}" for number in range(4)):
            record(store, name)
            late = {**ENTRY, "entry_key": name, "connector_id": f"{name}-late"}
            store.audit._keep(store_audit._spooled(late), None)
            with suppress(StoreFailed):
                store.audit.store_waiting()

    at_once(work)
    for store in stores:
        store.audit.store_waiting()

    names = [f"{thread}-{number}" for thread in range(THREADS) for number in range(4)]
    expected = sorted([*names, *(f"{name}-late" for name in names)])
    assert sorted(name for (name,) in stored(stores[0], "connector_id")) == expected
    for store in stores:
        store.close()


CHILD = """
import sys, threading
from pathlib import Path
from pbf.errors import StoreFailed
from pbf.store.store import Store

store = Store(sys.argv[1], spool=Path(sys.argv[2]))
real = store._database._transaction
def flaky(*args):
    if fails:
        raise StoreFailed("away")
    return real(*args)
store._database._transaction = flaky
fails = False
number = int(sys.argv[3])
while True:
    fails = number % 7 < 4
    with store.audit.recording(actor="a", what="w", group_id="g") as entry:
        entry.connector_id, entry.outcome = str(number), "done"
    print(number, flush=True)
    number += 1
"""


@pytest.mark.exhaustive
def test_kill_9_loses_no_entry_and_doubles_none(url, folder):
    Store(url).close()
    recorded: list[int] = []
    for lines in (40, 3, 90, 11, 64):
        first = len(recorded) * 2
        command = [sys.executable, "-c", CHILD, str(url), str(folder), str(first)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            recorded += [int(child.stdout.readline()) for _ in range(lines)]
            child.kill()
            recorded += [int(line) for line in child.stdout if line.endswith("\n")]

    store = Store(url, spool=folder)
    store.audit.store_waiting()

    rows = stored(store, "connector_id", "outcome")
    done = [int(name) for name, outcome in rows if outcome == "done"]
    assert len(done) == len(set(done))
    assert set(recorded) <= set(done)
    # What was under way is known at least to have begun.
    assert len(rows) - len(recorded) <= 5
    assert store.audit.waiting() == 0
    store.close()
