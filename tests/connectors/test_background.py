"""The background thread of each process."""

import threading
import time

import pytest

from pbf.connectors.access.caller import caller
from pbf.connectors.background import INTERVAL, BackgroundWorker
from pbf.errors import ConfigurationError, StoreFailed, TimedOut

NOW = 1_000_000.0


class Portal:
    """A portal whose jobs can be made to fail."""

    def __init__(self, *, due: float | None = None) -> None:
        self.due = due
        self.errors: dict[str, Exception] = {}
        self.jobs: list[str] = []

    def _run(self, job: str) -> None:
        self.jobs.append(job)
        if error := self.errors.get(job):
            raise type(error)(*error.args)

    def settle_abandoned(self) -> None:
        self._run("settle")

    def carry_out_deletions(self) -> float | None:
        self._run("delete")
        return self.due


def worker_on(portal: Portal) -> BackgroundWorker:
    return BackgroundWorker(lambda: [portal], clock=lambda: NOW)


@pytest.mark.parametrize(
    ("due", "seconds"),
    [
        pytest.param(None, INTERVAL, id="nothing-waits"),
        pytest.param(NOW + 3600, INTERVAL, id="due-later"),
        pytest.param(NOW + 7, 7, id="due-soon"),
        pytest.param(NOW - 7, 1, id="overdue"),
    ],
)
def test_it_runs_again_after_half_a_minute_or_when_a_deletion_is_due(due, seconds):
    assert worker_on(Portal(due=due)).run_once() == seconds


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(TimedOut("late"), "TimedOut: late", id="fivetran"),
        pytest.param(StoreFailed("full"), "StoreFailed: full", id="database"),
        pytest.param(KeyError("a-secret"), "KeyError: unexpected", id="unexpected"),
    ],
)
def test_a_failing_job_is_logged_once_and_does_not_stop_the_others(error, message, caplog):
    portal = Portal()
    portal.errors["settle"] = error
    worker = worker_on(portal)

    for _ in range(2):
        worker.run_once()

    assert portal.jobs == ["settle", "delete"] * 2
    assert [record.getMessage().startswith(message) for record in caplog.records] == [True]
    assert "a-secret" not in caplog.text

    del portal.errors["settle"]
    worker.run_once()
    portal.errors["settle"] = error
    worker.run_once()
    assert len(caplog.records) == 2


def test_while_the_settings_are_wrong_it_waits_until_they_are_corrected(caplog):
    portal, errors = Portal(), [ConfigurationError("FIVETRAN_API_KEY is not set.")]

    def open_portals():
        if errors:
            raise errors.pop()
        return [portal]

    worker = BackgroundWorker(open_portals, clock=lambda: NOW)
    assert worker.run_once() == INTERVAL
    worker.run_once()

    assert portal.jobs == ["settle", "delete"]
    assert len(caplog.records) == 1


def test_it_works_in_a_daemon_thread_under_its_own_name_until_it_is_stopped():
    class Watched(Portal):
        def carry_out_deletions(self):
            runs.release()
            actors.add(caller().actor)
            return time.time()

    runs, actors = threading.Semaphore(0), set()
    worker = BackgroundWorker(lambda: [Watched()])

    worker.start()
    assert runs.acquire(timeout=30)
    thread = next(thread for thread in threading.enumerate() if thread.name == "background")
    assert thread.daemon
    worker.stop()
    thread.join(30)

    assert not thread.is_alive()
    assert actors == {"background"}
    assert caller().actor == "page"


def test_where_nothing_waits_fivetran_is_not_asked(runtime, sandbox):
    before = sandbox.world.control.log.total

    BackgroundWorker(runtime.portals_to_work_on).run_once()

    assert sandbox.world.control.log.total == before


def test_only_tenants_with_work_are_worked_on(runtime):
    assert list(runtime.portals_to_work_on()) == []

    connector = runtime.portal.connectors().items[0]
    runtime.portal.operations.delete(connector.id)

    assert list(runtime.portals_to_work_on()) == [runtime.portal]
