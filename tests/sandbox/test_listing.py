"""Pages of connections show the present state, although fields that rarely change are cached."""

from itertools import pairwise

import pytest

from pbf.sandbox.control.samples import STATES
from pbf.sandbox.core import views


@pytest.fixture
def listed(api, world):
    """Return the account's list after comparing each item with the connection's present state."""

    def read():
        items = api.data("/connections", limit=1000)["items"]
        now = world.clock()
        expected = [views.connection(item, now) for item in world.connections.values()]
        assert items == expected
        return items

    read()
    return read


def test_a_list_reflects_the_clock(listed, world):
    world.control.seed(connectors=44, states=dict.fromkeys(STATES, 4))
    before = listed()

    later = []
    for hours in (1, 5, 6, 20, 200):
        world.advance(3600 * hours + 7)
        later.append(listed())

    assert all(items != before for items in later)


def test_a_list_reflects_changes_to_a_connection(api, listed, world, seeded):
    connection_id = seeded("salesforce_crm")["id"]

    lists = [listed()]
    for body in ({"paused": True}, {"paused": False}, {"sync_frequency": 60}, {"config": {}}):
        api.patch(f"/connections/{connection_id}", {**body, "run_setup_tests": False})
        lists.append(listed())
    for action in (world.break_connection, world.pass_setup, world.control.delay):
        action(connection_id)
        lists.append(listed())
    world.connection(connection_id).warnings.append({"code": "w", "message": "m", "details": "d"})
    lists.append(listed())

    changed = [before != after for before, after in pairwise(lists)]
    assert changed == [True, True, True, False, True, True, True, True]


def test_a_list_shows_each_connection_as_reading_it_alone_does(api, world):
    world.add_connections(20)

    items = api.data("/connections")["items"]

    assert len(items) == 32
    assert items == [api.data(f"/connections/{item['id']}") for item in items]


def test_pages_of_a_list_follow_one_another(api, world):
    world.add_connections(25)

    pages = api.pages("/connections", 10)

    assert [len(page) for page in pages] == [10, 10, 10, 7]
    assert [item["id"] for page in pages for item in page] == list(world.connections)
