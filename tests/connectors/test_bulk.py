from collections.abc import Callable, Sequence

import pytest
import responses

from pbf.connectors import bulk
from pbf.connectors.audit import AuditLog
from pbf.connectors.bulk import Outcome, carry_out, chosen
from pbf.connectors.context import Context
from pbf.connectors.delayed_deletion import DeletionService
from pbf.connectors.operations import Operations
from pbf.errors import UnknownConnector
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.fivetran.models import Connector
from pbf.runtime import Runtime
from pbf.store.store import Store
from tests.support.accounts import API


def connector(name: str, **status: object) -> Connector:
    state = {"setup_state": "connected", "sync_state": "scheduled", **status}
    return Connector(id=name, schema=name, status=state)


class FixedList:
    """A connector list without a cache; `forgotten` counts how often it is dropped."""

    def __init__(self, connectors: Sequence[Connector]) -> None:
        self._by_id = {connector.id: connector for connector in connectors}
        self.forgotten = 0

    def connector(self, connector_id: str) -> Connector:
        if connector_id not in self._by_id:
            raise UnknownConnector("gone")
        return self._by_id[connector_id]

    def forget(self) -> None:
        self.forgotten += 1


@pytest.fixture
def operations(store: Store) -> Callable[[FixedList], Operations]:
    """Make the actions over a list of connectors."""

    def make(connectors: FixedList) -> Operations:
        client = ApiClient(Request(API, "key", "secret", timeout=5))
        audit_log = AuditLog(store, "our_group")
        context = Context("our_group", client, store, connectors, audit_log)
        return Operations(context, DeletionService(context, grace=24.0))

    return make


def patch(api: responses.RequestsMock, name: str, **answer: object) -> None:
    api.patch(f"{API}/v1/connections/{name}", **answer)


def test_ids_are_looked_up_among_those_shown_and_the_tenants_own():
    own = [connector("b"), connector("a")]

    connectors, refused = chosen(["a", "a", "gone", "foreign"], shown={"a", "b", "gone"}, own=own)

    assert [connector.id for connector in connectors] == ["a"]
    assert refused == [
        Outcome("gone", "A connector", bulk.GONE),
        Outcome("foreign", "A connector", bulk.NOT_SHOWN),
    ]


def test_the_order_of_the_list_does_not_change_the_connectors():
    own = [connector(name) for name in "abc"]

    connectors, _ = chosen(["a", "c"], shown="abc", own=reversed(own))

    assert [connector.id for connector in connectors] == ["a", "c"]


def test_a_row_that_fails_is_reported_and_does_not_stop_the_next(api, operations, store):
    rows = [connector(name) for name in ("limited", "failed", "slow", "fine")]
    patch(api, "limited", status=429, json={}, headers={"Retry-After": "9"})
    patch(api, "failed", status=500, json={})
    api.get(f"{API}/v1/connections/failed", json={"data": {"id": "failed", "paused": False}})
    patch(api, "slow", body=responses.ConnectionError())
    api.get(f"{API}/v1/connections/slow", json={"data": {"id": "slow", "paused": True}})
    patch(api, "fine", json={"data": {"id": "fine"}})
    connectors = FixedList(rows)

    outcomes = list(carry_out("pause", rows, operations(connectors)))

    assert [bool(outcome.problem) for outcome in outcomes] == [True, True, False, False]
    assert "9 seconds" in outcomes[0].problem
    assert "(500)" in outcomes[1].problem
    assert connectors.forgotten == 1
    entries = store.audit.entries("our_group")
    assert [(entry.connector_id, entry.outcome) for entry in entries] == [
        ("limited", "RateLimited"),
        ("failed", "ServerFailed"),
        ("slow", "done"),
        ("fine", "done"),
    ]


def test_a_row_that_cannot_take_the_action_says_why(operations):
    rows = [connector("busy", sync_state="syncing"), connector("busier", sync_state="syncing")]

    outcomes = list(carry_out("sync", rows, operations(FixedList(rows))))

    assert [outcome.problem for outcome in outcomes] == ["A sync is already running."] * 2


def test_after_three_limits_in_a_row_the_rest_is_not_tried_and_says_so(api, operations):
    rows = [connector(f"c{number}") for number in range(5)]
    for row in rows[:3]:
        patch(api, row.id, status=429, json={}, headers={"Retry-After": "9"})

    outcomes = list(carry_out("pause", rows, operations(FixedList(rows))))

    not_tried = [outcome.problem == bulk.NOT_TRIED for outcome in outcomes]
    assert not_tried == [False] * 3 + [True] * 2


def test_the_list_is_read_once_for_many_rows(runtime: Runtime, sandbox):
    own = runtime.portal.connectors().items
    before = sandbox.world.control.log.total

    outcomes = list(carry_out("pause", own[:4], runtime.portal.operations))
    runtime.portal.connectors()

    lists = sandbox.world.control.log.total - before - len(outcomes)
    assert len(outcomes) == 4
    assert lists == 1
