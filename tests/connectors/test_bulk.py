from collections.abc import Callable, Iterator

import pytest
import responses

from pbf.connectors import bulk
from pbf.connectors.audit import Journal
from pbf.connectors.bulk import Outcome, carry_out, chosen
from pbf.connectors.operations import Operations
from pbf.errors import UnknownConnector
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.fivetran.transport import Request
from pbf.runtime import Runtime
from pbf.store.store import Store
from tests.support.accounts import API


def connector(name: str, **status: object) -> Connector:
    state = {"setup_state": "connected", "sync_state": "scheduled", **status}
    return Connector(id=name, schema=name, status=state)


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def operations(store: Store) -> Callable[..., Operations]:
    """Make the actions over known connectors; `forgotten` counts how often the list is dropped."""

    def make(*known: Connector, forgotten: list[str]) -> Operations:
        by_id = {one.id: one for one in known}

        def find(connector_id: str) -> Connector:
            if connector_id not in by_id:
                raise UnknownConnector("gone")
            return by_id[connector_id]

        client = ApiClient(Request(API, "key", "secret", timeout=5))
        journal = Journal(store, "our_group")
        return Operations(
            client,
            find=find,
            forget=lambda: forgotten.append("once"),
            journal=journal,
            remover=None,
        )

    return make


def patch(api: responses.RequestsMock, name: str, **answer: object) -> None:
    api.patch(f"{API}/v1/connections/{name}", **answer)


def test_ids_are_looked_up_among_those_shown_and_the_tenants_own():
    own = [connector("b"), connector("a")]

    found, refused = chosen(["a", "a", "gone", "foreign"], shown={"a", "b", "gone"}, own=own)

    assert [one.id for one in found] == ["a"]
    assert refused == [
        Outcome("gone", "A connector", bulk.GONE),
        Outcome("foreign", "A connector", bulk.NOT_SHOWN),
    ]


def test_a_list_turned_round_gives_the_same_connectors():
    own = [connector(name) for name in "abc"]

    found, _ = chosen(["a", "c"], shown="abc", own=reversed(own))

    assert [one.id for one in found] == ["a", "c"]


def test_what_fails_for_one_row_is_told_and_does_not_stop_the_next(api, operations, store):
    rows = [connector(name) for name in ("limited", "failed", "slow", "fine")]
    patch(api, "limited", status=429, json={}, headers={"Retry-After": "9"})
    patch(api, "failed", status=500, json={})
    api.get(f"{API}/v1/connections/failed", json={"data": {"id": "failed", "paused": False}})
    patch(api, "slow", body=responses.ConnectionError())
    api.get(f"{API}/v1/connections/slow", json={"data": {"id": "slow", "paused": True}})
    patch(api, "fine", json={"data": {"id": "fine"}})
    forgotten: list[str] = []

    outcomes = list(carry_out("pause", rows, operations(*rows, forgotten=forgotten)))

    assert [bool(one.problem) for one in outcomes] == [True, True, False, False]
    assert "9 seconds" in outcomes[0].problem
    assert "(500)" in outcomes[1].problem
    assert forgotten == ["once"]
    assert [(one.connector_id, one.outcome) for one in store.audit.entries("our_group")] == [
        ("limited", "RateLimited"),
        ("failed", "ServerFailed"),
        ("slow", "done"),
        ("fine", "done"),
    ]


def test_a_row_that_cannot_take_the_action_says_why(operations):
    rows = [connector("busy", sync_state="syncing"), connector("busier", sync_state="syncing")]

    outcomes = list(carry_out("sync", rows, operations(*rows, forgotten=[])))

    assert [one.problem for one in outcomes] == ["A sync is already running."] * 2


def test_after_three_limits_in_a_row_the_rest_is_not_tried_and_says_so(api, operations):
    rows = [connector(f"c{number}") for number in range(5)]
    for row in rows[:3]:
        patch(api, row.id, status=429, json={}, headers={"Retry-After": "9"})

    outcomes = list(carry_out("pause", rows, operations(*rows, forgotten=[])))

    assert [one.problem == bulk.NOT_TRIED for one in outcomes] == [False] * 3 + [True] * 2


def test_the_list_is_read_once_for_many_rows(house: Runtime, sandbox):
    own = house.portal.connectors().items
    before = sandbox.world.control.log.total

    outcomes = list(carry_out("pause", own[:4], house.portal.operations))
    house.portal.connectors()

    lists = sandbox.world.control.log.total - before - len(outcomes)
    assert len(outcomes) == 4
    assert lists == 1
