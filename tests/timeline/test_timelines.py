"""The sync history of an account on the sandbox, over real HTTP."""

from datetime import UTC, datetime, time, timedelta

import pytest

from pbf.errors import Forbidden, NotFound, ServerFailed, UnknownConnector
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector, RateLimit
from pbf.rules.timeline.outcomes import Outcome
from pbf.sandbox.resources import sync_history
from pbf.timeline.connector_watch import ConnectorWatch
from pbf.timeline.histories import Histories
from pbf.timeline.timeline import REFUSED
from pbf.watch.incidents import new_event, new_incident
from tests.support.clock import Clock

DAY = timedelta(days=1)
MINUTES = 60.0


@pytest.fixture
def steady(sandbox, runtime):
    """A connector that syncs every 60 minutes."""
    connection = sandbox.world.add_connections(1)[0]
    with sandbox.world.lock:
        connection.sync_frequency = 60
    sandbox.world.clock.speed = 0
    return connection


class Hours:
    """A clock that moves by an hour at each look, so that the budget is always full."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 3600.0
        return self.now


def read_all(runtime, groups=None):
    """Run the jobs until nothing is left to read."""
    timelines = runtime.timelines
    groups = groups or (lambda: [runtime.portal.tenant.group_id])
    watch = ConnectorWatch(runtime.client, timelines.observer, groups, clock=Hours())
    histories = Histories(runtime.client, runtime.store, timelines.recorder, groups, clock=Hours())
    watch.run()
    for _ in range(12):
        histories.run()
    return watch, histories


def period(runtime):
    """Whole days, since syncs are counted by day as well."""
    until = datetime.fromtimestamp(runtime.client.now() + 1, UTC)
    return datetime.combine(until.date() - 30 * DAY, time(), UTC), until


def truth(sandbox, connection, since):
    world = sandbox.world
    with world.lock:
        now = world.clock()
        return sync_history.history(connection, since=since.timestamp(), until=now, now=now)


def test_the_history_of_a_connector_is_that_of_the_account(sandbox, runtime, steady):
    sandbox.world.clock.advance(9 * 86400.0)
    runtime.client.get_account()
    read_all(runtime)

    timeline = runtime.timelines.of(runtime.portal.tenant.id)
    since, until = period(runtime)
    entries = timeline.syncs(steady.id, since, until)
    starts = [sync.start for sync in truth(sandbox, steady, since)]

    assert starts
    assert [entry.started_at.timestamp() for entry in reversed(entries)] == pytest.approx(
        starts, abs=1
    )
    assert "history" in entries[0].sources
    assert len({entry.sync_id for entry in entries}) == len(entries)
    days = timeline.days(steady.id, since.date(), until.date())
    assert sum(day.succeeded for day in days) == sum(
        entry.outcome == Outcome.SUCCEEDED for entry in entries
    )
    [observed] = timeline.observed(steady.id, since, until)
    assert observed.until - observed.since > 7 * DAY
    assert timeline.sampling == ""


def test_lists_alone_show_what_happened_and_leave_gaps_where_they_were_rare(
    sandbox, runtime, steady
):
    observer, group_id = runtime.timelines.observer, runtime.portal.tenant.group_id

    def look(every, times):
        for _ in range(times):
            sandbox.world.clock.advance(every)
            connectors = list(runtime.client.get_list_of_connectors_in_group(group_id))
            observer.observe(group_id, connectors, runtime.client.now())
        return runtime.client.now()

    begun = look(MINUTES, 1)
    silent = look(10 * MINUTES, 24)
    heard = look(300 * MINUTES, 1)
    end = look(10 * MINUTES, 12)

    timeline = runtime.timelines.of(runtime.portal.tenant.id)
    since, until = period(runtime)
    first, second = timeline.observed(steady.id, since, until)
    assert (first.since.timestamp(), first.until.timestamp()) == (begun, silent)
    assert (second.since.timestamp(), second.until.timestamp()) == (heard, end)
    entries = timeline.syncs(steady.id, since, until)
    assert {entry.sources for entry in entries} == {("list",)}
    missing = [
        sync
        for sync in truth(sandbox, steady, since)
        if sync.end
        and begun < sync.end < silent
        and not any(abs(entry.ended_at.timestamp() - sync.end) < 1 for entry in entries)
    ]
    assert missing == []


def test_pages_hand_their_lists_over(runtime):
    connectors = runtime.portal.connectors().items
    runtime.timelines.lists.wait()

    rows = runtime.store.last_seen.listed(runtime.portal.tenant.group_id)
    assert {row.connector_id for row in rows} == {connector.id for connector in connectors}


def test_another_tenants_connector_is_unknown(demo):
    groups = [portal.tenant.group_id for portal in demo.portals.all()]
    read_all(demo, lambda: groups)
    portals = list(demo.portals.all())
    own = portals[0].connectors().items[0].id
    timeline = demo.timelines.of(portals[1].tenant.id)
    now = datetime.now(UTC)

    for read in (timeline.syncs, timeline.observed):
        with pytest.raises(UnknownConnector):
            read(own, now - DAY, now)
    with pytest.raises(UnknownConnector):
        timeline.days(own, now.date(), now.date())
    assert demo.timelines.of(portals[0].tenant.id).group_days(now.date(), now.date())


@pytest.mark.parametrize("error", [NotFound, Forbidden])
def test_an_account_without_histories_is_not_asked_again_for_a_day(runtime, monkeypatch, error):
    asked = []

    def refuse(_client, connector_id, **_window):
        asked.append(connector_id)
        raise error("no such thing")

    monkeypatch.setattr(ApiClient, "get_sync_history", refuse)
    read_all(runtime)

    timeline = runtime.timelines.of(runtime.portal.tenant.id)
    assert timeline.sampling == REFUSED
    assert len(asked) == 3


def test_a_history_that_fails_does_not_keep_others_from_being_read(runtime, monkeypatch):
    asked = []

    def answer(_client, connector_id, **_window):
        asked.append(connector_id)
        if len(asked) == 1:
            raise ServerFailed("away")
        return []

    monkeypatch.setattr(ApiClient, "get_sync_history", answer)
    read_all(runtime)

    connectors = runtime.portal.connectors().items
    assert asked.count(asked[0]) == 1
    assert set(asked) == {connector.id for connector in connectors}


def test_a_connector_without_a_history_is_asked_for_once_a_day_and_then_forgotten(
    runtime, monkeypatch
):
    group_id, now = runtime.portal.tenant.group_id, runtime.client.now()
    clock = Clock(now)
    monkeypatch.setattr(runtime.client, "now", clock)
    asked = []

    def answer(_client, connector_id, **window):
        asked.append(connector_id)
        # What happened lately can be read, what is older is gone with the connector.
        if window["until"].timestamp() < now:
            raise NotFound("no such thing")
        return []

    monkeypatch.setattr(ApiClient, "get_sync_history", answer)
    recorder = runtime.timelines.recorder
    histories = Histories(
        runtime.client, runtime.store, recorder, lambda: [group_id], clock=Hours()
    )
    runtime.timelines.observer.observe(group_id, [Connector(id="c1", schema_name="x")], now)
    histories.run()
    first = len(asked)
    histories.run()

    assert (first, len(asked)) == (2, 2)
    clock.advance(3 * 86400.0)
    runtime.timelines.observer.observe(group_id, [Connector(id="c2", schema_name="y")], clock())
    histories.run()
    assert list(histories._without) == [(group_id, "c2")]


def test_a_small_account_reads_a_sample_within_its_share(runtime, monkeypatch):
    limit = RateLimit(limit=40, remaining=40)
    monkeypatch.setattr(runtime.client.latest, "rate_limit", limit)
    group_id, now = runtime.portal.tenant.group_id, runtime.client.now()
    connectors = [
        Connector(id=f"c{number}", schema_name="x", succeeded_at=now - 60) for number in range(20)
    ]
    runtime.timelines.observer.observe(group_id, connectors, now)
    asked = []
    monkeypatch.setattr(
        ApiClient, "get_sync_history", lambda _, one, **window: asked.append(one) or []
    )
    clock = Clock()
    histories = Histories(
        runtime.client, runtime.store, runtime.timelines.recorder, lambda: [group_id], clock=clock
    )

    assert (
        "8 sync histories are read an hour, and 20 of 20"
        in runtime.timelines.of(runtime.portal.tenant.id).sampling
    )
    for _ in range(60):
        histories.run()
        clock.advance(60)

    assert 7 <= len(asked) <= 9
    assert len(set(asked)) == len(asked)
    monkeypatch.setattr(runtime.client.latest, "rate_limit", RateLimit(limit=40, remaining=4))
    clock.advance(3600)
    histories.run()
    assert len(asked) <= 9


def test_all_of_90_days_is_read_in_the_first_run_after_the_first_list(sandbox, runtime, steady):
    sandbox.world.clock.advance(60 * 86400.0)
    groups = [runtime.portal.tenant.group_id]
    recorder = runtime.timelines.recorder
    histories = Histories(runtime.client, runtime.store, recorder, lambda: groups)

    assert histories.run() is not None  # it looks for a list again within seconds
    ConnectorWatch(runtime.client, runtime.timelines.observer, lambda: groups).run()
    assert histories.run() is None

    since, until = period(runtime)
    timeline = runtime.timelines.of(runtime.portal.tenant.id)
    [observed] = timeline.observed(steady.id, since, until)
    assert observed.since == since


def test_a_process_whose_time_is_old_reads_what_a_webhook_told_of(runtime, monkeypatch):
    group_id, now = runtime.portal.tenant.group_id, runtime.client.now()
    monkeypatch.setattr(runtime.client.latest, "date", now)
    runtime.timelines.observer.observe(group_id, [Connector(id="c1", schema_name="x")], now)
    runtime.store.last_seen.mark_moved(group_id, ["c1"])
    asked = []

    def answer(client, _, **window):
        asked.append(window)
        client.latest.date = now + 1800
        return []

    monkeypatch.setattr(ApiClient, "get_sync_history", answer)
    recorder = runtime.timelines.recorder
    histories = Histories(runtime.client, runtime.store, recorder, lambda: [group_id])

    histories.run()

    moved = [window["until"].timestamp() for window in asked]
    assert moved[:2] == [now, now + 1800]
    assert runtime.store.last_seen.waiting() == 0


def test_a_process_whose_time_is_old_reads_on_from_where_another_one_stopped(runtime, monkeypatch):
    group_id, now = runtime.portal.tenant.group_id, runtime.client.now()
    recorder = runtime.timelines.recorder
    connector = Connector(id="c1", schema_name="x", succeeded_at=now + 500)
    runtime.timelines.observer.observe(group_id, [connector], now + 600)
    recorder.listened(group_id, "history", now - 86400.0, now + 400, connector_id="c1")
    asked = []
    monkeypatch.setattr(
        ApiClient, "get_sync_history", lambda _, one, **window: asked.append(window) or []
    )

    Histories(runtime.client, runtime.store, recorder, lambda: [group_id], clock=Hours()).run()

    assert asked[0]["since"].timestamp() <= now + 400
    assert asked[0]["until"].timestamp() == now + 600


def test_the_watch_keeps_no_numbers_of_groups_that_are_gone(runtime, monkeypatch):
    monkeypatch.setattr(ApiClient, "get_list_of_connectors_in_group", lambda *_: [])
    groups = ["a"]
    watch = ConnectorWatch(
        runtime.client, runtime.timelines.observer, lambda: groups, clock=Hours()
    )

    for number in range(5):
        groups[:] = [f"g{number}"]
        watch.run()

    assert watch._pages_of == {"g4": 1}


def test_incidents_that_closed_long_ago_are_deleted_with_their_threads(demo, monkeypatch):
    rows, now = demo.store.incidents, demo.client.now()
    monkeypatch.setattr(demo.client.latest, "date", now)
    for name, closed_at in (("old", now - 401 * 86400.0), ("new", now - 1), ("open", None)):
        incident = new_incident("g", "late", name, target=name, opened_at=now - 500 * 86400.0)
        rows.open(incident, new_event(incident.id, incident.opened_at, "opened"))
        if closed_at:
            rows.close(incident.id, new_event(incident.id, closed_at, "closed"))

    demo.timelines.thinning.run()

    left = rows.listed("g", now, connector_id="", since=0, limit=9)
    assert sorted(row.title for row in left) == ["new", "open"]
    assert rows.events(row.id for row in left).keys() == {row.id for row in left}


def test_a_list_that_a_page_has_just_read_is_not_read_again(runtime, monkeypatch):
    group_id, now = runtime.portal.tenant.group_id, runtime.client.now()
    monkeypatch.setattr(runtime.client.latest, "date", now)
    monkeypatch.setattr(runtime.client.latest, "rate_limit", RateLimit(limit=5000, remaining=4000))
    runtime.timelines.observer.observe(group_id, [], now - 40)
    asked = []
    monkeypatch.setattr(
        ApiClient, "get_list_of_connectors_in_group", lambda _, group: asked.append(group) or []
    )
    groups = [group_id]
    clock = Clock()
    watch = ConnectorWatch(
        runtime.client, runtime.timelines.observer, lambda: groups, clock=clock, now=clock
    )

    assert watch.run() == clock() + 20
    assert asked == []
    monkeypatch.setattr(runtime.client.latest, "date", now + 20)
    clock.advance(20)
    watch.run()
    assert asked == groups
