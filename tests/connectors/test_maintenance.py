"""Planned pauses and resumptions."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pbf.connectors.access.caller import CALLER, Caller, acting_as
from pbf.errors import (
    Forbidden,
    InProgress,
    InputError,
    LimitReached,
    NotPermitted,
    TimedOut,
    UnknownConnector,
    UnknownItem,
)
from pbf.jobs.runner import JobRunner
from pbf.rules import maintenance as rules
from pbf.rules.access.permissions import Role
from tests.support.at_once import at_once

REASON = "The database moves"
HOUR = timedelta(hours=1)


@pytest.fixture
def portal(runtime):
    return runtime.portal


@pytest.fixture
def connector(portal):
    return next(item for item in portal.connectors().items if item.paused is False)


@pytest.fixture
def state(sandbox, connector):
    """Returns whether the connector is paused at Fivetran."""
    return lambda: sandbox.world.connections[connector.id].paused


def calls(sandbox) -> int:
    """Return how many changes Fivetran was asked for."""
    return sum(entry["method"] == "PATCH" for entry in sandbox.world.control.log.entries())


def due(runtime, change) -> None:
    """Let the time of a change come."""
    row = runtime.store.planned_changes.find(runtime.portal.tenant.group_id, change.id)
    runtime.store.planned_changes.write(row, due_at=time.time() - 1)


def found(portal, change):
    return next(
        one for one in portal.maintenance.listed(change.connector_id) if one.id == change.id
    )


def later(portal, connector, action="pause", hours=1):
    at = datetime.now(UTC) + hours * HOUR
    return portal.maintenance.plan(connector.id, action, at=at, reason=REASON)


def test_a_pause_is_carried_out_at_its_time_and_recorded(runtime, portal, connector, state):
    change = later(portal, connector)
    assert portal.maintenance.carry_out_due() == pytest.approx(change.due_at.timestamp(), abs=1)
    assert (state(), change.state) == (False, "planned")

    due(runtime, change)
    JobRunner(runtime.store, runtime.jobs).run_due()

    assert state() is True
    assert portal.connector(connector.id).paused is True
    assert (found(portal, change).state, found(portal, change).outcome) == ("done", "done")
    done, planned = portal.audit_log.newest(2, connector_id=connector.id)
    assert (done.actor, done.what, done.outcome) == ("background", "pause", "done")
    assert done.details == "planned by page"
    assert (planned.what, planned.outcome) == ("plan", "done")
    assert "pause at 20" in planned.details


def test_a_pause_now_is_carried_out_at_once_and_ends_at_its_time(runtime, portal, connector, state):
    portal.maintenance.plan_pause(
        connector.id,
        pauses=True,
        pause_at=None,
        resume_at=datetime.now(UTC) + HOUR,
        reason=REASON,
    )
    assert state() is True

    resume = next(one for one in portal.maintenance.listed(connector.id) if one.is_pending)
    due(runtime, resume)
    portal.maintenance.carry_out_due()

    assert state() is False
    assert list(runtime.portals_to_work_on()) == []


def test_of_eight_processes_one_carries_it_out(runtime, portal, connector, sandbox):
    change = later(portal, connector)
    due(runtime, change)
    before = calls(sandbox)

    at_once(lambda _: portal.maintenance.carry_out_due())

    assert calls(sandbox) - before == 1


def test_a_crash_after_the_call_does_not_pause_twice(
    runtime, portal, connector, sandbox, state, monkeypatch
):
    change = later(portal, connector)
    due(runtime, change)
    rows = runtime.store.planned_changes

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(rows, "release", die)
        with pytest.raises(SystemExit):
            portal.maintenance.carry_out_due()
    assert state() is True
    before = calls(sandbox)
    portal.maintenance.carry_out_due()
    assert found(portal, change).is_pending  # the lease of the dead process is in force

    row = rows.find(portal.tenant.group_id, change.id)
    rows.write(row, lease_until=time.time() - 1)
    portal.maintenance.carry_out_due()

    assert calls(sandbox) == before
    assert found(portal, change).outcome == rules.ALREADY


def test_what_is_so_already_is_recorded_and_not_done_again(runtime, portal, connector, sandbox):
    change = later(portal, connector)
    portal.operations.pause(connector.id)
    due(runtime, change)
    before = calls(sandbox)

    portal.maintenance.carry_out_due()

    assert calls(sandbox) == before
    assert (found(portal, change).state, found(portal, change).outcome) == ("done", rules.ALREADY)
    assert portal.audit_log.newest(1)[0].outcome == "nothing to do"


def test_what_fivetran_refuses_is_told_and_tried_again_with_waits(
    runtime, portal, connector, state, monkeypatch
):
    change = later(portal, connector)
    due(runtime, change)

    def refuse(*_: object, **__: object) -> None:
        raise Forbidden("The API key may not do this.")

    with monkeypatch.context() as patch:
        patch.setattr("pbf.connectors.uncertain_writes.change", refuse)
        again = portal.maintenance.carry_out_due()
        assert again - time.time() == pytest.approx(60, abs=5)
        assert portal.maintenance.carry_out_due() == again
    retrying = found(portal, change)
    assert (retrying.state, retrying.outcome) == ("retrying", "The API key may not do this.")

    rows = runtime.store.planned_changes
    rows.write(rows.find(portal.tenant.group_id, change.id), lease_until=time.time() - 1)
    portal.maintenance.carry_out_due()

    assert state() is True
    assert found(portal, change).state == "done"


def test_after_a_day_of_refusals_it_is_given_up(runtime, portal, connector, monkeypatch):
    change = later(portal, connector)
    rows = runtime.store.planned_changes
    row = rows.find(portal.tenant.group_id, change.id)
    rows.write(row, due_at=time.time() - rules.GIVE_UP_AFTER - 1)

    def refuse(*_: object, **__: object) -> None:
        raise Forbidden("The API key may not do this.")

    monkeypatch.setattr("pbf.connectors.uncertain_writes.change", refuse)
    portal.maintenance.carry_out_due()

    assert found(portal, change).state == "not done"
    assert found(portal, change).outcome == "given up: The API key may not do this."
    assert portal.audit_log.newest(1)[0].outcome == "Forbidden"


def test_while_fivetran_is_away_nothing_is_forgotten(runtime, portal, connector, monkeypatch):
    change = later(portal, connector)
    due(runtime, change)

    def away(*_: object) -> None:
        raise TimedOut("Fivetran did not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(type(runtime.client), "get_connector", away)
        with pytest.raises(TimedOut):
            portal.maintenance.carry_out_due()

    assert found(portal, change).state == "retrying"


def test_of_two_changes_that_are_overdue_the_last_one_counts(
    runtime, portal, connector, sandbox, state
):
    first, second = later(portal, connector), later(portal, connector, "resume", hours=2)
    due(runtime, first)
    due(runtime, second)
    before = calls(sandbox)

    portal.maintenance.carry_out_due()

    assert (state(), calls(sandbox)) == (False, before)
    assert found(portal, first).outcome == rules.SUPERSEDED
    assert found(portal, second).outcome == rules.ALREADY


def test_a_cancelled_change_is_not_carried_out(runtime, portal, connector, state):
    change = later(portal, connector)

    assert portal.maintenance.cancel(connector.id, change.id).state == "cancelled"
    due(runtime, change)
    portal.maintenance.carry_out_due()

    assert state() is False
    with pytest.raises(UnknownItem):
        portal.maintenance.cancel(connector.id, change.id)


def test_a_change_under_way_cannot_be_cancelled(runtime, portal, connector):
    change = later(portal, connector)
    rows = runtime.store.planned_changes
    rows.claim(rows.find(portal.tenant.group_id, change.id), 60)

    with pytest.raises(InProgress):
        portal.maintenance.cancel(connector.id, change.id)


def test_a_deleted_connector_is_left_alone(runtime, portal, connector, state):
    change = later(portal, connector, "resume")
    portal.operations.delete(connector.id)
    due(runtime, change)

    portal.maintenance.carry_out_due()

    assert state() is True
    row = runtime.store.planned_changes.find(portal.tenant.group_id, change.id)
    assert row.outcome == rules.GONE


@pytest.mark.parametrize(
    ("values", "error"),
    [
        pytest.param({"reason": "  "}, InputError, id="no-reason"),
        pytest.param({"reason": "x" * 201}, InputError, id="long-reason"),
        pytest.param({"at": datetime.now(UTC) - HOUR}, InputError, id="past"),
        pytest.param({"at": datetime.now(UTC) + 400 * 24 * HOUR}, InputError, id="far"),
        pytest.param({"connector_id": "nobodys"}, UnknownConnector, id="unknown"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(runtime, portal, connector, values, error):
    plan = {"connector_id": connector.id, "at": datetime.now(UTC) + HOUR, "reason": REASON}
    plan |= values

    with pytest.raises(error):
        portal.maintenance.plan(plan["connector_id"], "pause", at=plan["at"], reason=plan["reason"])

    assert runtime.store.planned_changes.all() == []


def test_a_connector_does_not_resume_before_it_is_paused(runtime, portal, connector):
    now = datetime.now(UTC)
    with pytest.raises(InputError, match="before it is paused"):
        portal.maintenance.plan_pause(
            connector.id, pauses=True, pause_at=now + 2 * HOUR, resume_at=now + HOUR, reason="x"
        )

    assert runtime.store.planned_changes.all() == []


def test_only_so_many_changes_are_planned(portal, connector):
    for number in range(rules.MOST_PLANNED):
        later(portal, connector, hours=number + 1)

    with pytest.raises(LimitReached):
        later(portal, connector)


def test_viewers_read_the_plans_and_change_nothing(portal, connector):
    change = later(portal, connector)
    token = CALLER.set(Caller("person:1", Role.VIEWER))
    try:
        assert portal.maintenance.listed(connector.id) == [change]
        with pytest.raises(NotPermitted):
            later(portal, connector)
        with pytest.raises(NotPermitted):
            portal.maintenance.cancel(connector.id, change.id)
    finally:
        CALLER.reset(token)


def test_the_reason_is_in_the_line_that_everybody_sees(portal, connector):
    now = datetime.now(UTC)
    with acting_as("test"):
        CALLER.set(replace(CALLER.get(), name="Ada"))
        portal.maintenance.plan_pause(
            connector.id, pauses=True, pause_at=None, resume_at=now + 3 * HOUR, reason=REASON
        )

    notices = portal.maintenance.notices([portal.connector(connector.id)], now)

    line = notices[connector.id]
    assert line.startswith("Paused by Ada: The database moves. To be resumed in 2 hours.") or (
        line == "Paused by Ada: The database moves. To be resumed in 3 hours."
    )


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        pytest.param(datetime(2026, 11, 28, 8), datetime(2026, 11, 28, 7, tzinfo=UTC), id="winter"),
        pytest.param(datetime(2026, 7, 1, 8), datetime(2026, 7, 1, 6, tzinfo=UTC), id="summer"),
        pytest.param(
            datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="twice"
        ),
    ],
)
def test_a_time_is_that_of_the_readers_clock(local, utc):
    assert rules.moment(local, ZoneInfo("Europe/Berlin")) == utc


def test_a_time_that_the_clocks_skip_is_refused():
    with pytest.raises(InputError, match="skip"):
        rules.moment(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Berlin"))
