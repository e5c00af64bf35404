"""The background work of the process."""

import logging
import time

import pytest

from pbf.connectors.access.caller import caller
from pbf.errors import ConfigurationError, StoreFailed, TimedOut
from pbf.jobs.runner import JobRunner, JobSpec
from pbf.runtime.jobs import INTERVAL, for_tenants, tenant_jobs
from pbf.store.store import Store
from tests.support.clock import Clock


class Portal:
    """A portal whose jobs can be made to fail."""

    def __init__(self, *, due: float | None = None) -> None:
        self.due = due
        self.errors: dict[str, Exception] = {}
        self.jobs: list[str] = []
        self.actors: set[str] = set()
        self.maintenance = self

    def _run(self, job: str) -> None:
        self.jobs.append(job)
        self.actors.add(caller().actor)
        if error := self.errors.get(job):
            raise type(error)(*error.args)

    def settle_abandoned(self) -> None:
        self._run("settle")

    def carry_out_deletions(self) -> float | None:
        self._run("delete")
        return self.due

    def carry_out_due(self) -> None:
        self._run("pause")


class Portals:
    """A runtime that has only the portals with work."""

    def __init__(self, *portals: Portal) -> None:
        self.portals = portals
        self.errors: list[Exception] = []
        self.store = Store("sqlite://")

    def portals_to_work_on(self):
        if self.errors:
            raise self.errors.pop()
        yield from self.portals


def runner_on(*portals: Portal, clock: Clock) -> JobRunner:
    runtime = Portals(*portals)
    return JobRunner(runtime.store, tenant_jobs(runtime), clock=clock)


@pytest.mark.parametrize(
    ("due", "seconds"),
    [
        pytest.param(None, INTERVAL, id="nothing-waits"),
        pytest.param(3600, INTERVAL, id="due-later"),
        pytest.param(7, 7, id="due-soon"),
        pytest.param(-7, 1, id="overdue"),
    ],
)
def test_it_runs_again_after_half_a_minute_or_when_a_deletion_is_due(due, seconds):
    clock = Clock()
    portal = Portal(due=due and clock() + due)

    assert runner_on(portal, clock=clock).run_due() == seconds


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(TimedOut("late"), "TimedOut: late", id="fivetran"),
        pytest.param(StoreFailed("full"), "StoreFailed: full", id="database"),
        pytest.param(KeyError("a-secret"), "KeyError: unexpected", id="unexpected"),
    ],
)
def test_a_failing_job_is_logged_once_and_does_not_stop_the_others(error, message, caplog):
    caplog.set_level(logging.DEBUG, "pbf.jobs.runner")
    clock, portal, other = Clock(), Portal(), Portal()
    portal.errors["settle"] = error
    runner = runner_on(portal, other, clock=clock)

    for _ in range(2):
        runner.run_due()
        clock.advance(INTERVAL)

    assert sorted(portal.jobs) == sorted(other.jobs) == sorted(["delete", "pause", "settle"] * 2)
    assert [record.getMessage().startswith(message) for record in caplog.records] == [True]
    assert "a-secret" not in caplog.text

    del portal.errors["settle"]
    runner.run_due()
    clock.advance(INTERVAL)
    portal.errors["settle"] = error
    runner.run_due()
    assert len(caplog.records) == 2


def test_while_the_tenants_cannot_be_read_it_waits_until_they_are(caplog):
    clock, portal = Clock(), Portal()
    runtime = Portals(portal)
    runtime.errors = [ConfigurationError("policy.yaml is not valid.")]
    spec = JobSpec("delete", INTERVAL, for_tenants(runtime, lambda one: one.carry_out_deletions()))
    runner = JobRunner(runtime.store, [spec], clock=clock)

    assert runner.run_due() == INTERVAL
    clock.advance(INTERVAL)
    runner.run_due()

    assert portal.jobs == ["delete"]
    assert len(caplog.records) == 1


def test_jobs_act_as_the_background_work():
    portal = Portal()

    runner_on(portal, clock=Clock()).run_due()

    assert portal.actors == {"background"}
    assert caller().actor == "page"


def test_every_job_acts_as_the_background_work(runtime, monkeypatch):
    actors: list[str] = []

    def work(*_):
        actors.append(caller().actor)

    monkeypatch.setattr(runtime.watch, "judge", work)
    monkeypatch.setattr(type(runtime.timelines), "work", lambda _: [("watch", 60.0, work)])
    JobRunner(runtime.store, runtime.jobs).run_due()

    assert actors == ["background"] * 2


def test_jobs_of_tenants_ask_fivetran_nothing_where_nothing_waits(runtime, sandbox):
    before = sandbox.world.control.log.total

    JobRunner(runtime.store, tenant_jobs(runtime)).run_due()

    assert sandbox.world.control.log.total == before


def test_only_tenants_with_work_are_worked_on(runtime):
    assert list(runtime.portals_to_work_on()) == []

    connector = runtime.portal.connectors().items[0]
    runtime.portal.operations.delete(connector.id)

    assert list(runtime.portals_to_work_on()) == [runtime.portal]


def test_a_due_deletion_is_carried_out_at_its_time(runtime, sandbox):
    connector = runtime.portal.connectors().items[0]
    deletion = runtime.portal.operations.delete(connector.id)
    runtime.store.deletions.write(deletion, due_at=time.time() + 3)
    runner = JobRunner(runtime.store, runtime.jobs)

    wait = runner.run_due()
    assert wait <= 3
    runtime.store.deletions.write(deletion, due_at=time.time())
    later = JobRunner(runtime.store, runtime.jobs, clock=lambda: time.time() + wait)
    later.run_due()

    assert connector.id not in sandbox.world.connections
    assert runtime.store.deletions.listed(runtime.portal.tenant.group_id) == []
