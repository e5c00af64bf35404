"""Deletion that can be undone: hidden at once, restored until it is due, deleted once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from pbf.cache.shared import SharedCache
from pbf.connectors.portal import Portal, Tenant
from pbf.errors import (
    InProgress,
    NameTaken,
    NotNow,
    RateLimited,
    ServerFailed,
    StoreFailed,
    UnknownConnector,
)
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.store.store import Store
from tests.support.stores import address

DAY = 24 * 3600.0


class Watched(ApiClient):
    """A client that calls the test before or after a request."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.before_read = self.before_deletion = lambda: None
        self.before_change = self.after_change = lambda: None

    def get_connector(self, connector_id):
        self.before_read()
        return super().get_connector(connector_id)

    def delete_connector(self, connector_id):
        self.before_deletion()
        super().delete_connector(connector_id)

    def update_connector(self, connector_id, **fields):
        self.before_change()
        connector = super().update_connector(connector_id, **fields)
        self.after_change()
        return connector


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    """The address of one database that several processes share, on either kind of server."""
    return address(request, tmp_path)


@pytest.fixture
def start(runtime, settings):
    """Start the parts of a process, any number of times, on one account."""
    closers = []

    def process(url: str, *, grace: float = 24.0) -> Portal:
        client = Watched(Request(settings.api_url, settings.api_key, settings.api_secret))
        store, cache = Store(url), SharedCache()
        closers.extend((client.close, store.close, cache.close))
        portal = Portal(
            Tenant(id="t", name="t", group_id=settings.group_id),
            client=client,
            cache=cache,
            store=store,
            signer=runtime.portal.signer,
            grace=grace,
        )
        portal.client, portal.store = client, store
        return portal

    yield process
    for close in closers:
        close()


@pytest.fixture
def later(later, sandbox):
    """Move our clock and Fivetran's forward by a number of seconds."""

    def move(seconds: float) -> None:
        later(seconds)
        sandbox.world.control.advance(seconds)

    return move


@pytest.fixture
def process(start, url):
    """Start a process on the shared database."""
    return lambda **options: start(url, **options)


@pytest.fixture
def portal(start, tmp_path) -> Portal:
    """A process of its own."""
    return start(f"sqlite:///{tmp_path / 'own.sqlite3'}")


@pytest.fixture
def connection(sandbox):
    """A connector that works, as Fivetran has it."""
    return named(sandbox, "stripe_payments")


@pytest.fixture
def requests_of(sandbox):
    """Return the paths of the requests that Fivetran received by a method."""

    def paths(method: str) -> list[str]:
        entries = sandbox.world.control.log.entries()
        return [entry["path"] for entry in entries if entry["method"] == method]

    return paths


def shown(portal: Portal) -> list[str]:
    portal._list.forget()
    return [item.schema_name for item in portal.connectors().items]


def waiting(portal: Portal) -> list[str]:
    portal._list.forget()
    return [item.schema_name for item in portal.deleted().items]


def named(sandbox, schema: str):
    """A connector as Fivetran has it, by its permanent name."""
    return next(row for row in sandbox.world.connections.values() if row.schema == schema)


def outcomes(portal: Portal, connection) -> list[tuple[str, str]]:
    entries = portal.store.audit.entries()
    return [(row.what, row.outcome) for row in entries if row.connector_id == connection.id]


def fails() -> None:
    raise ServerFailed("Fivetran failed to answer (500).")


def at_once(*calls):
    """Make several calls in threads that start together; return the result or error of each."""
    together = threading.Barrier(len(calls))

    def run(call):
        together.wait()
        try:
            return call()
        except (InProgress, UnknownConnector) as error:
            return type(error)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_a_deleted_connector_is_paused_hidden_everywhere_and_keeps_its_name(
    process, connection, requests_of
):
    first, second = process(), process()

    deletion = first.operations.delete(connection.id)

    assert deletion.due_at == pytest.approx(time.time() + DAY, abs=60)
    assert connection.paused
    assert requests_of("DELETE") == []
    for portal in (first, second):
        assert "stripe_payments" not in shown(portal)
        assert waiting(portal) == ["stripe_payments"]
        with pytest.raises(UnknownConnector):
            portal.connector(connection.id)
        assert portal.permanent_name("stripe", "Stripe payments").free == "stripe_payments_2"
    with pytest.raises(NameTaken):
        first.create("stripe", "Stripe payments", public_url="http://localhost")


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_a_restored_connector_is_as_it_was(process, connection, paused):
    portal = process()
    if paused:
        portal.operations.pause(connection.id)
    portal.operations.delete(connection.id)

    process().operations.restore(connection.id)

    assert portal.store.deletions.listed(portal.tenant.group_id) == []
    assert connection.paused is paused
    assert "stripe_payments" in shown(portal)
    assert waiting(portal) == []


def test_when_due_one_of_many_processes_deletes_it_once(process, connection, requests_of, later):
    portals = [process() for _ in range(4)]
    portals[0].operations.delete(connection.id)
    early = portals[1].carry_out_deletions()
    assert (requests_of("DELETE"), early) == ([], pytest.approx(time.time() + DAY, abs=60))

    later(DAY + 1)
    at_once(*[portal.carry_out_deletions for portal in portals * 2])

    assert requests_of("DELETE") == [f"/v1/connections/{connection.id}"]
    assert portals[3].store.deletions.listed(portals[3].tenant.group_id) == []
    assert portals[2].permanent_name("stripe", "Stripe payments").taken is False


def test_of_a_restore_and_the_deletion_at_the_same_time_only_one_happens(
    process, connection, requests_of, later
):
    first, second = process(), process()
    first.operations.delete(connection.id)
    later(DAY + 1)

    undone, _ = at_once(lambda: first.operations.restore(connection.id), second.carry_out_deletions)
    with suppress(UnknownConnector):
        second.carry_out_deletions()

    there = "stripe_payments" in shown(first)
    assert there is (requests_of("DELETE") == [])
    assert there is (undone is None)


def test_a_connector_that_another_process_restored_is_there_though_the_list_hides_it(
    process, connection
):
    here, there = process(), process()
    here.operations.delete(connection.id)
    assert connection.id not in {item.id for item in there.connectors().items}

    here.operations.restore(connection.id)

    assert there.connector(connection.id).id == connection.id
    there.operations.restore(connection.id)  # as after an answer that was lost


def test_a_connector_that_another_process_deleted_for_good_is_gone(process, connection):
    here, there = process(), process()
    here.operations.delete(connection.id)
    assert connection.id not in {item.id for item in there.connectors().items}

    here.operations.delete(connection.id, now=True)

    with pytest.raises(UnknownConnector):
        there.connector(connection.id)


def test_while_it_is_being_deleted_for_good_it_cannot_be_restored(process, connection, later):
    first, second = process(), process()
    first.operations.delete(connection.id)
    later(DAY + 1)
    begun, go_on = threading.Event(), threading.Event()
    second.client.before_deletion = lambda: (begun.set(), go_on.wait(30))

    with ThreadPoolExecutor(1) as pool:
        deleting = pool.submit(second.carry_out_deletions)
        assert begun.wait(30)
        with pytest.raises(InProgress):
            first.operations.restore(connection.id)
        go_on.set()
        deleting.result()

    with pytest.raises(UnknownConnector):
        first.operations.restore(connection.id)


def test_a_connector_restored_while_a_slow_process_reads_it_is_not_deleted(
    process, connection, requests_of, later
):
    slow, quick = process(), process()
    slow.operations.delete(connection.id)
    later(DAY + 1)

    def meanwhile():
        slow.client.before_read = lambda: None
        later(1000)
        quick.operations.restore(connection.id)

    slow.client.before_read = meanwhile
    slow.carry_out_deletions()

    assert requests_of("DELETE") == []
    assert "stripe_payments" in shown(slow)


def test_a_restore_so_slow_that_the_deletion_falls_due_is_not_followed_by_it(
    process, connection, requests_of, later
):
    slow, quick = process(), process()
    slow.operations.delete(connection.id)
    later(DAY + 1)

    def meanwhile():
        later(1000)
        quick.carry_out_deletions()

    slow.client.after_change = meanwhile

    with pytest.raises(InProgress):
        slow.operations.restore(connection.id)

    assert requests_of("DELETE") == []
    assert "stripe_payments" in shown(slow)


def test_another_process_takes_over_from_one_that_died_before_the_pause(process, connection, later):
    dead, portal = process(), process()

    def die():
        raise SystemExit

    dead.client.before_change = die
    with pytest.raises(SystemExit):
        dead.operations.delete(connection.id)
    assert "stripe_payments" not in shown(portal)
    with pytest.raises(InProgress):
        portal.operations.restore(connection.id)

    later(1000)
    portal.carry_out_deletions()

    assert connection.paused
    portal.operations.restore(connection.id)
    assert (connection.paused, "stripe_payments" in shown(portal)) == (False, True)


def test_a_connector_resumed_at_fivetran_while_pending_is_shown_again(
    portal, connection, requests_of
):
    portal.operations.delete(connection.id)
    portal.client.update_connector(connection.id, paused=False)
    shown(portal)

    portal.carry_out_deletions()

    assert not connection.paused
    assert "stripe_payments" in shown(portal)
    assert outcomes(portal, connection) == [("delete", "done"), ("taken back", "done")]
    before = len(requests_of("GET"))
    portal.carry_out_deletions()
    assert len(requests_of("GET")) == before


def resume(portal, connection):
    portal.client.update_connector(connection.id, paused=False)


def run_and_pause(portal, connection):
    portal.client.update_connector(connection.id, paused=False)
    connection.life = replace(connection.life, succeeded_at=time.time() + 60)
    portal.client.update_connector(connection.id, paused=True)


def finish(portal, connection):
    connection.setup_state, connection.static_fields = "connected", None


USES = [
    pytest.param("stripe_payments", resume, id="resumed"),
    pytest.param("stripe_payments", run_and_pause, id="synced-and-paused-again"),
    pytest.param("jira_projects", resume, id="paused-before-and-resumed"),
    pytest.param("facebook_ads_dach", finish, id="set-up-finished"),
]


@pytest.mark.parametrize(("schema", "use"), USES)
def test_a_connector_used_since_is_not_deleted_when_due(
    process, sandbox, requests_of, later, schema, use
):
    first, second = process(), process()
    row = named(sandbox, schema)
    first.operations.delete(row.id)
    use(second, row)

    later(DAY + 1)
    second.carry_out_deletions()

    assert requests_of("DELETE") == []
    assert second.store.deletions.listed(second.tenant.group_id) == []
    assert schema in shown(first)
    assert outcomes(second, row) == [("delete", "done"), ("taken back", "done")]


@pytest.mark.parametrize(("schema", "use"), USES)
def test_a_connector_used_since_is_not_deleted_for_good_on_request(
    portal, sandbox, requests_of, schema, use
):
    row = named(sandbox, schema)
    portal.operations.delete(row.id)
    use(portal, row)

    with pytest.raises(NotNow, match="It was not deleted: it was resumed or used"):
        portal.operations.delete(row.id, now=True)

    assert requests_of("DELETE") == []
    assert schema in shown(portal)
    assert portal.operations.delete(row.id, now=True) is None
    assert len(requests_of("DELETE")) == 1


@pytest.mark.parametrize("schema", ["stripe_payments", "jira_projects", "facebook_ads_dach"])
def test_a_connector_that_nobody_has_used_is_deleted_when_due(
    portal, sandbox, requests_of, later, schema
):
    row = named(sandbox, schema)
    portal.operations.delete(row.id)

    later(DAY + 1)
    portal.carry_out_deletions()

    assert requests_of("DELETE") == [f"/v1/connections/{row.id}"]
    assert outcomes(portal, row) == [("delete", "done"), ("delete for good", "done")]


def test_a_connector_resumed_since_the_list_was_read_is_restored_running(process, sandbox):
    first, second = process(), process()
    paused = named(sandbox, "jira_projects")
    first.connectors()
    resume(second, paused)

    first.operations.delete(paused.id)
    assert paused.paused
    first.operations.restore(paused.id)

    assert not paused.paused


def test_a_connector_resumed_and_deleted_again_has_the_whole_time_to_undo_it(
    process, connection, later
):
    first, second = process(), process()
    second.connectors()
    moment = time.time()
    second._cache._clock = lambda: moment  # it does not read its list again
    old = first.operations.delete(connection.id)
    resume(first, connection)
    later(3600)

    new = second.operations.delete(connection.id)

    assert new.due_at == pytest.approx(old.due_at + 3600, abs=60)
    assert connection.paused
    assert outcomes(first, connection) == [
        ("delete", "done"),
        ("taken back", "done"),
        ("delete", "done"),
    ]


def test_a_connector_whose_pause_never_took_effect_is_not_deleted_when_due(
    process, connection, requests_of, later
):
    dead, portal = process(), process()

    def die():
        raise SystemExit

    dead.client.before_change = die
    with pytest.raises(SystemExit):
        dead.operations.delete(connection.id)

    later(DAY + 1000)
    portal.carry_out_deletions()

    assert requests_of("DELETE") == []
    assert "stripe_payments" in shown(portal)


def test_an_interrupted_restore_is_not_paused_again(process, connection, later):
    dead, portal = process(), process()
    dead.operations.delete(connection.id)

    def die():
        raise SystemExit

    dead.client.after_change = die
    with pytest.raises(SystemExit):
        dead.operations.restore(connection.id)

    later(1000)
    portal.carry_out_deletions()

    assert not connection.paused
    assert "stripe_payments" in shown(portal)


def test_refused_deletions_do_not_stop_the_others(portal, sandbox, later, requests_of, monkeypatch):
    monkeypatch.setattr("pbf.connectors.planned.deletion_job.MOST_DELETIONS", 2)
    ids = [item.id for item in portal.connectors().items[:3]]
    for connector_id in ids:
        portal.operations.delete(connector_id)
    for connector_id in ids[:2]:
        sandbox.world.control.add_fault(
            kind="500", method="DELETE", path=f"/v1/connections/{connector_id}", times=50
        )

    later(DAY + 1)
    portal.carry_out_deletions()
    later(61)
    portal.carry_out_deletions()

    assert [path for path in requests_of("DELETE") if path.endswith(ids[2])]
    assert ids[2] not in sandbox.world.connections


def test_a_connector_already_gone_when_due_counts_as_deleted(portal, connection, later):
    portal.operations.delete(connection.id)
    portal.client.delete_connector(connection.id)

    later(DAY + 1)
    portal.carry_out_deletions()

    assert portal.store.deletions.listed(portal.tenant.group_id) == []


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda portal, _: portal.carry_out_deletions(), id="when-due"),
        pytest.param(lambda portal, id_: portal.operations.delete(id_, now=True), id="now"),
        pytest.param(lambda portal, id_: portal.operations.restore(id_), id="restore"),
    ],
)
def test_another_connector_that_has_the_id_now_is_left_alone(
    portal, connection, requests_of, later, monkeypatch, act
):
    portal.operations.delete(connection.id)
    later(DAY + 1)
    changes = requests_of("PATCH")
    connection.schema, connection.static_fields = "quite_another", None

    def hidden(_):
        raise UnknownConnector("By an older list.")

    monkeypatch.setattr(portal._list, "connector", hidden)
    with suppress(UnknownConnector):
        act(portal, connection.id)

    assert requests_of("DELETE") == []
    assert requests_of("PATCH") == changes
    assert portal.store.deletions.listed(portal.tenant.group_id) == []
    assert "quite_another" in shown(portal)


def test_a_reused_id_is_shown_and_can_be_deleted(portal, connection):
    portal.operations.delete(connection.id)
    connection.schema, connection.static_fields = "quite_another", None
    assert "quite_another" in shown(portal)

    portal.operations.delete(connection.id)

    assert waiting(portal) == ["quite_another"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [pytest.param("429", RateLimited, id="refused"), pytest.param("500", ServerFailed, id="500")],
)
def test_a_connector_that_cannot_be_paused_is_not_hidden_either(
    portal, sandbox, connection, kind, error
):
    sandbox.world.control.add_fault(kind=kind, method="PATCH")

    with pytest.raises(error):
        portal.operations.delete(connection.id)

    assert "stripe_payments" in shown(portal)
    assert portal.store.deletions.listed(portal.tenant.group_id) == []


@pytest.mark.parametrize(
    ("action", "method", "kind", "drops"),
    [
        pytest.param("delete", "PATCH", "429", False, id="refused"),
        pytest.param("delete", "PATCH", "500", True, id="uncertain"),
        pytest.param("for-good", "DELETE", "429", False, id="refused-for-good"),
        pytest.param("for-good", "DELETE", "500", True, id="uncertain-for-good"),
        pytest.param("pause", "PATCH", "429", False, id="pause-refused"),
        pytest.param("pause", "PATCH", "500", True, id="pause-uncertain"),
        pytest.param("sync", "POST", "429", False, id="sync-refused"),
        pytest.param("sync", "POST", "500", True, id="sync-uncertain"),
        pytest.param("test", "POST", "429", False, id="test-refused"),
        pytest.param("test", "POST", "500", True, id="test-uncertain"),
    ],
)
def test_a_failure_drops_the_cached_list_only_if_something_may_have_been_written(
    portal, sandbox, connection, action, method, kind, drops
):
    before = portal.connectors()
    sandbox.world.control.add_fault(kind=kind, method=method)
    act = {
        "delete": portal.operations.delete,
        "for-good": lambda id_: portal.operations.delete(id_, now=True),
        "pause": portal.operations.pause,
        "sync": portal.operations.sync,
        "test": portal.operations.test,
    }[action]

    with pytest.raises((ServerFailed, RateLimited)):
        act(connection.id)

    assert (portal.connectors().fetched_at != before.fetched_at) is drops


@pytest.mark.parametrize("now", [False, True], ids=["delete", "for-good"])
def test_a_failure_to_read_before_a_deletion_does_not_drop_the_cached_list(portal, connection, now):
    if now:
        portal.operations.delete(connection.id)
    before = portal.connectors()
    portal.client.before_read = fails

    with pytest.raises(ServerFailed):
        portal.operations.delete(connection.id, now=now)

    assert portal.connectors().fetched_at == before.fetched_at


def test_a_database_failure_does_not_drop_the_cached_list(portal, connection, monkeypatch):
    before = portal.connectors()

    def fail(*_):
        raise StoreFailed("Our own database cannot be read or written right now.")

    monkeypatch.setattr(portal.store.deletions, "add", fail)
    with pytest.raises(StoreFailed):
        portal.operations.delete(connection.id)

    assert portal.connectors().fetched_at == before.fetched_at


def test_a_set_up_state_of_any_length_is_stored_cut_off(portal, sandbox, connection, monkeypatch):
    read = portal.client.get_connector

    def long(connector_id):
        connector = read(connector_id)
        status = connector.status.model_copy(update={"setup_state": "a" * 300})
        return connector.model_copy(update={"status": status})

    monkeypatch.setattr(portal.client, "get_connector", long)
    portal.operations.delete(connection.id)

    assert portal.store.deletions.listed(portal.tenant.group_id)[0].setup_state == "a" * 40


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        pytest.param({"paused": True}, ["pause"], id="pause"),
        pytest.param({"paused": False}, ["resume"], id="resume"),
        pytest.param(
            {"paused": True, "timing": {"sync_frequency": 60}}, ["pause", "reschedule"], id="both"
        ),
    ],
)
def test_a_change_that_fails_at_reading_first_is_in_the_audit_log(
    portal, connection, options, actions
):
    portal.client.before_read = fails

    with pytest.raises(ServerFailed):
        portal.operations.change(connection.id, **options)

    entries = portal.store.audit.entries()
    assert sorted((entry.what, entry.name, entry.outcome) for entry in entries) == [
        (action, "stripe_payments", "ServerFailed") for action in actions
    ]


def test_a_pause_that_took_effect_though_its_answer_was_lost_counts(portal, sandbox, connection):
    sandbox.world.control.add_fault(kind="lost_answer", method="PATCH")

    portal.operations.delete(connection.id)

    assert waiting(portal) == ["stripe_payments"]


def test_after_a_failed_restore_the_deletion_is_still_pending(portal, sandbox, connection):
    portal.operations.delete(connection.id)
    sandbox.world.control.add_fault(kind="500", method="PATCH")

    with pytest.raises(ServerFailed):
        portal.operations.restore(connection.id)
    assert waiting(portal) == ["stripe_payments"]

    portal.operations.restore(connection.id)
    assert (waiting(portal), connection.paused) == ([], False)


def test_a_failed_deletion_is_repeated_after_a_minute_and_can_be_undone_meanwhile(
    portal, sandbox, connection, requests_of, later
):
    portal.operations.delete(connection.id)
    later(DAY + 1)
    sandbox.world.control.add_fault(kind="500", method="DELETE")
    portal.carry_out_deletions()

    later(59)
    portal.carry_out_deletions()
    assert len(requests_of("DELETE")) == 1
    portal.operations.restore(connection.id)
    assert waiting(portal) == []

    portal.operations.delete(connection.id)
    later(DAY + 1)
    sandbox.world.control.add_fault(kind="lost_answer", method="DELETE")
    portal.carry_out_deletions()
    assert portal.store.deletions.listed(portal.tenant.group_id) == []


def test_while_fivetran_limits_requests_the_rest_waits_too(portal, sandbox, later, requests_of):
    ids = [item.id for item in portal.connectors().items[:3]]
    for connector_id in ids:
        portal.operations.delete(connector_id)
    later(DAY + 1)
    sandbox.world.control.add_fault(kind="429", method="DELETE")

    with pytest.raises(RateLimited):
        portal.carry_out_deletions()
    assert len(requests_of("DELETE")) == 1

    later(61)
    portal.carry_out_deletions()
    assert portal.store.deletions.listed(portal.tenant.group_id) == []


def test_deleting_again_while_pending_changes_nothing(portal, connection, later, requests_of):
    deletion = portal.operations.delete(connection.id)
    later(60)

    again = portal.operations.delete(connection.id)

    assert again.due_at == deletion.due_at
    assert len(requests_of("PATCH")) == 1


def test_of_many_simultaneous_deletions_one_pauses_the_connector(process, connection, requests_of):
    portals = [process() for _ in range(4)]
    for portal in portals:
        portal.connectors()

    results = at_once(*[lambda p=portal: p.operations.delete(connection.id) for portal in portals])

    assert len({result.due_at for result in results if result is not InProgress}) == 1
    assert len(requests_of("PATCH")) == 1


def test_until_the_pause_is_certain_no_other_process_reports_it_deleted(
    process, sandbox, connection
):
    first, second = process(), process()
    second.connectors()
    results = []
    first.client.before_change = lambda: results.append(
        at_once(lambda: second.operations.delete(connection.id))
    )
    sandbox.world.control.add_fault(kind="429", method="PATCH")

    with pytest.raises(RateLimited):
        first.operations.delete(connection.id)

    assert results == [[InProgress]]
    assert "stripe_payments" in shown(second)


def test_a_pending_deletion_can_be_carried_out_at_once(portal, connection, requests_of):
    portal.operations.delete(connection.id)

    assert portal.operations.delete(connection.id, now=True) is None

    assert len(requests_of("DELETE")) == 1
    assert waiting(portal) == []
    with pytest.raises(UnknownConnector):
        portal.operations.restore(connection.id)


def test_without_a_time_to_undo_it_is_deleted_at_once(start, tmp_path, connection, requests_of):
    portal = start(f"sqlite:///{tmp_path / 'own.sqlite3'}", grace=0)

    assert portal.operations.delete(connection.id) is None

    assert (requests_of("PATCH"), len(requests_of("DELETE"))) == ([], 1)
    with pytest.raises(UnknownConnector):
        portal.operations.delete(connection.id)


def test_a_connector_that_is_not_set_up_is_hidden_and_restored(portal, sandbox):
    connections = sandbox.world.connections.values()
    unfinished = next(row for row in connections if row.setup_state == "incomplete")

    portal.operations.delete(unfinished.id)
    assert unfinished.paused
    portal.operations.restore(unfinished.id)

    assert portal.connector(unfinished.id).status.setup_state == "incomplete"
    assert not unfinished.paused


def test_losing_the_database_loses_no_connector(start, portal, tmp_path, connection):
    portal.operations.delete(connection.id)

    without = start(f"sqlite:///{tmp_path / 'new.sqlite3'}")

    assert "stripe_payments" in shown(without)


def test_without_the_database_hidden_connectors_stay_hidden_and_none_is_deleted(
    portal, connection, monkeypatch, requests_of, caplog
):
    caplog.set_level("DEBUG")
    portal.operations.delete(connection.id)
    connector_id = portal.connectors().items[0].id

    def fail(*_):
        raise StoreFailed("Our own database cannot be read or written right now.")

    for name in ("listed", "find", "add"):
        monkeypatch.setattr(portal.store.deletions, name, fail)

    for now in (False, True):
        with pytest.raises(StoreFailed, match=r"^Nothing was deleted\. Our own database"):
            portal.operations.delete(connector_id, now=now)

    assert "stripe_payments" not in shown(portal)
    assert waiting(portal) == ["stripe_payments"]
    assert (len(requests_of("PATCH")), requests_of("DELETE")) == (1, [])
    assert "pending deletions: Our own database" in caplog.text


def test_a_pending_deletion_is_found_though_a_list_without_the_database_shows_it(
    process, connection, monkeypatch
):
    first, outdated = process(), process()
    deletion = first.operations.delete(connection.id)

    def fail(*_):
        raise StoreFailed("Our own database cannot be read or written right now.")

    with monkeypatch.context() as patch:
        patch.setattr(outdated.store.deletions, "listed", fail)
        assert "stripe_payments" in shown(outdated)

    again = outdated.operations.delete(connection.id)

    assert again.due_at == deletion.due_at
    assert outcomes(first, connection) == [("delete", "done")]


def test_every_step_is_in_the_audit_log(portal, sandbox, connection, later):
    deletion = portal.operations.delete(connection.id)
    sandbox.world.control.add_fault(kind="500", method="PATCH")
    with pytest.raises(ServerFailed):
        portal.operations.restore(connection.id)
    portal.operations.restore(connection.id)
    portal.operations.delete(connection.id)
    later(DAY + 1)
    portal.carry_out_deletions()

    entries = [
        (entry.what, entry.outcome, entry.details)
        for entry in portal.store.audit.entries()
        if (entry.connector_id, entry.name) == (connection.id, "stripe_payments")
    ]

    assert entries[0] == (
        "delete",
        "done",
        f"can be undone until {deletion.final_at:%Y-%m-%d %H:%M} UTC",
    )
    assert [entry[:2] for entry in entries[1:]] == [
        ("restore", "ServerFailed"),
        ("restore", "done"),
        ("delete", "done"),
        ("delete for good", "done"),
    ]


def test_while_fivetran_is_away_a_hidden_connector_counts_as_deleted(portal, sandbox, connection):
    portal.operations.delete(connection.id)
    shown(portal)
    sandbox.stop()
    portal._list.forget()

    with pytest.raises(UnknownConnector):
        portal.connector(connection.id)
    assert [item.id for item in portal.deleted().items] == [connection.id]


def test_a_connector_deleted_for_good_while_the_list_is_read_is_not_in_it(
    process, connection, later
):
    first, second = process(), process()
    first.operations.delete(connection.id)
    later(DAY + 1)
    read = second.client.get_list_of_connectors_in_group

    def meanwhile(group_id):
        connectors = list(read(group_id))
        first.carry_out_deletions()
        return connectors

    second.client.get_list_of_connectors_in_group = meanwhile

    assert "stripe_payments" not in shown(second)


def test_an_id_seen_running_is_dropped_once_its_deletion_is_not_pending(portal, connection):
    portal.operations.delete(connection.id)
    portal._list.running.update([connection.id, "gone_already"])

    portal.carry_out_deletions()
    portal._list.running.update([connection.id])
    portal.operations.restore(connection.id)
    portal.carry_out_deletions()

    assert portal._list.running == set()
