"""The runner of jobs: each job in one of several processes, whatever happens to the others."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from pbf.errors import PbfError, StoreFailed, TimedOut
from pbf.jobs.runner import JobRunner, JobSpec, PartlyFailed
from pbf.store.store import Store
from tests.support.clock import Clock
from tests.support.servers import PATIENCE, ROOT, clean_environment
from tests.support.stores import address

EVERY = 30.0
KILLED = """
import sys, threading
from pbf.jobs.runner import JobRunner, JobSpec
from pbf.store.store import Store

def work():
    print("begun", flush=True)
    threading.Event().wait()

JobRunner(Store(sys.argv[1]), [JobSpec("work", 30, work)]).run_due()
"""


@pytest.fixture(params=["file", "postgres"])
def url(request, tmp_path) -> str:
    """A database that several processes share."""
    return address(request, tmp_path)


@pytest.fixture
def stores(url):
    """The same database as three processes have it open."""
    opened = [Store(url) for _ in range(3)]
    yield opened
    for store in opened:
        store.close()


def row(store: Store, name: str = "work"):
    found = store.jobs.find("", name)
    assert found
    return found


def runner(store: Store, clock: Clock, run: Callable[[], float | None], **spec) -> JobRunner:
    return JobRunner(store, [JobSpec("work", EVERY, run, **spec)], clock=clock)


def test_three_processes_run_a_job_once_each_time_it_is_due(stores):
    clock, runs = Clock(), []
    runners = [runner(store, clock, lambda: runs.append(clock())) for store in stores]

    for _ in range(5):
        together = threading.Barrier(3)

        def act(one: JobRunner, together=together) -> None:
            together.wait()
            one.run_due()

        threads = [threading.Thread(target=act, args=(one,)) for one in runners]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        clock.advance(EVERY)

    assert runs == [runs[0] + EVERY * number for number in range(5)]
    assert row(stores[0]).due_at == clock()


def test_a_job_of_a_killed_process_is_run_by_another_one_once_its_lease_has_run_out(url, caplog):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, url],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    process.kill()
    process.communicate()
    store, clock, runs = Store(url), Clock(time.time()), []
    survivor = runner(store, clock, lambda: runs.append(1))

    assert 5 < survivor.run_due() <= 15
    assert runs == []
    clock.advance(16)
    survivor.run_due()

    assert runs == [1]
    assert row(store).succeeded_at == clock()
    assert "its last run was cut short" in caplog.text
    store.close()


def test_a_long_run_keeps_its_lease(stores):
    clock, runs, may_end = Clock(), [], threading.Event()

    def work() -> None:
        runs.append(1)
        may_end.wait(PATIENCE)

    first = runner(stores[0], clock, work)
    second = runner(stores[1], clock, lambda: runs.append(2))
    first._turn()
    for _ in range(10):
        clock.advance(6)
        first._turn()  # as its thread does, since a third of the lease is over
        second.run_due()
    may_end.set()
    first.run_due()

    assert runs == [1]
    assert row(stores[0]).succeeded_at == clock()


def test_a_process_that_lost_its_lease_does_not_undo_what_another_one_wrote(stores):
    clock, may_end = Clock(), threading.Event()
    slow = runner(stores[0], clock, lambda: may_end.wait(PATIENCE) and None)
    slow._turn()
    clock.advance(100)  # it stood still, so nothing was renewed
    runner(stores[1], clock, lambda: None).run_due()
    done = row(stores[1])

    may_end.set()
    clock.advance(7)
    slow.run_due()

    assert row(stores[1]) == done


@pytest.mark.parametrize(
    ("due", "seconds"),
    [
        pytest.param(None, EVERY, id="nothing-waits"),
        pytest.param(3600, EVERY, id="due-later"),
        pytest.param(7, 7, id="due-soon"),
        pytest.param(-7, 1, id="overdue"),
    ],
)
def test_a_job_runs_again_after_its_interval_or_when_it_says(store, due, seconds):
    clock = Clock()
    assert runner(store, clock, lambda: due and clock() + due).run_due() == seconds


def test_failures_are_counted_with_growing_waits_and_logged_once(store, caplog):
    caplog.set_level(logging.DEBUG, "pbf.jobs.runner")
    clock, waits = Clock(), []

    def fail() -> None:
        raise TimedOut("Fivetran is late.")

    failing = runner(store, clock, fail)
    for _ in range(8):
        waits.append(failing.run_due())
        clock.advance(waits[-1])

    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    assert (row(store).failures, row(store).error) == (8, "Fivetran is late.")
    assert row(store).succeeded_at is None
    assert [record.getMessage() for record in caplog.records] == [
        "TimedOut: Fivetran is late. (job work)"
    ]

    runner(store, clock, lambda: None).run_due()
    clock.advance(EVERY)
    assert (row(store).failures, row(store).error) == (0, "")
    failing.run_due()
    assert len(caplog.records) == 2


def test_the_text_of_a_foreign_error_is_neither_logged_nor_stored(store, caplog):
    text = "a-secret"

    def fail() -> None:
        raise KeyError(text)

    runner(store, Clock(), fail).run_due()

    assert "KeyError: unexpected" in caplog.text
    assert "a-secret" not in caplog.text + row(store).error
    assert row(store).error == ("An unexpected error, KeyError. The log of the server says where.")


def test_an_error_of_any_text_is_stored(store):
    def fail() -> None:
        raise PbfError("odd \0 text")

    runner(store, Clock(), fail).run_due()

    assert row(store).error == "odd ? text"


def test_a_part_that_fails_does_not_delay_the_rest(store, caplog):
    caplog.set_level(logging.DEBUG, "pbf.jobs.runner")

    def fail() -> None:
        raise PartlyFailed([TimedOut("late"), StoreFailed("full")], clock() + 7)

    clock = Clock()
    failing = runner(store, clock, fail)

    for _ in range(5):
        assert failing.run_due() == 7
        clock.advance(7)

    assert (row(store).failures, row(store).error) == (5, "late")
    assert sorted(record.getMessage() for record in caplog.records) == [
        "StoreFailed: full (job work)",
        "TimedOut: late (job work)",
    ]


def test_a_long_job_does_not_delay_the_others(store):
    clock, runs, may_end = Clock(), [], threading.Event()
    specs = [
        JobSpec("long", EVERY, lambda: may_end.wait(PATIENCE) and None),
        JobSpec("short", EVERY, lambda: runs.append(clock())),
    ]
    both = JobRunner(store, specs, clock=clock)

    for _ in range(3):
        both._turn()
        short = both._running["short"]
        short.thread.join(PATIENCE)
        both._turn()
        clock.advance(EVERY)
    may_end.set()
    both.run_due()

    assert len(runs) == 4


def test_a_database_that_is_away_stops_nothing(postgres, caplog):
    caplog.set_level(logging.DEBUG, "pbf.jobs.runner")
    url = postgres.fresh()
    store, clock, runs = Store(url), Clock(), []
    may_end = threading.Event()

    def work() -> None:
        runs.append(1)
        may_end.wait(PATIENCE)

    working = runner(store, clock, work)
    working._turn()

    with postgres.away(url):
        may_end.set()
        working._running["work"].thread.join(PATIENCE)
        for _ in range(3):
            working._turn()
    working.run_due()

    assert runs == [1]
    assert row(store).succeeded_at == clock()
    assert len([one for one in caplog.records if one.name == "pbf.jobs.runner"]) == 1
    store.close()


def test_where_nothing_is_due_one_query_is_all(store, monkeypatch):
    clock = Clock()
    specs = [JobSpec(f"job {number}", EVERY, lambda: None) for number in range(10)]
    idle = JobRunner(store, specs, clock=clock)
    idle.run_due()
    sessions, session = [], store._database.session
    monkeypatch.setattr(store._database, "session", lambda: sessions.append(1) or session())

    clock.advance(1)
    idle.run_due()

    assert sessions == [1]


def test_it_works_in_daemon_threads_until_it_is_stopped(store):
    runs, threads = threading.Semaphore(0), []

    def work() -> float:
        threads.append(threading.current_thread())
        runs.release()
        return time.time()

    working = JobRunner(store, [JobSpec("work", EVERY, work)])
    working.start()
    assert runs.acquire(timeout=PATIENCE)
    thread = next(thread for thread in threading.enumerate() if thread.name == "jobs")
    assert thread.daemon
    assert threads[0].daemon
    working.stop()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert row(store).owner == ""


def test_a_job_that_hangs_does_not_keep_the_process_from_ending(tmp_path):
    script = """
import signal, sys, threading
from pbf.jobs.runner import JobRunner, JobSpec
from pbf.server.shutdown import call_on_shutdown
from pbf.store.store import Store

def work():
    print("begun", flush=True)
    threading.Event().wait()

runner = JobRunner(Store("sqlite://"), [JobSpec("work", 30, work)])
call_on_shutdown(runner.stop)
runner.start()
signal.pause()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "begun\n"

    process.terminate()
    process.communicate(timeout=PATIENCE)

    assert process.returncode == 0


def test_nothing_is_logged_while_all_is_well(store, caplog):
    caplog.set_level(logging.DEBUG, "pbf.jobs.runner")
    clock = Clock()
    for _ in range(3):
        runner(store, clock, lambda: None).run_due()
        clock.advance(EVERY)

    assert [one for one in caplog.records if one.name == "pbf.jobs.runner"] == []
