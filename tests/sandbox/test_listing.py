"""Lists show each connection as it is, though most of its text is kept from before."""

import json
from itertools import pairwise

import pytest

from pbf.sandbox.control.samples import STATES
from pbf.sandbox.core import views
from pbf.sandbox.resources import connection_pages


@pytest.fixture
def listed(api, world):
    """The account's list, after checking that each of its items is the connection as it is."""

    def read():
        items = api.data("/connections", limit=1000)["items"]
        now = world.clock()
        assert items == [views.connection(each, now) for each in world.connections.values()]
        return items

    read()
    return read


def test_a_list_follows_the_clock(listed, world):
    world.control.seed(connectors=40, states=dict.fromkeys(STATES, 4))
    before = listed()

    later = []
    for hours in (1, 5, 6, 20, 200):
        world.advance(3600 * hours + 7)
        later.append(listed())

    assert all(items != before for items in later)


def test_a_list_follows_what_is_done_to_a_connection(api, listed, world, seeded):
    connection_id = seeded("salesforce_crm")["id"]

    seen = [listed()]
    for body in ({"paused": True}, {"paused": False}, {"sync_frequency": 60}, {"config": {}}):
        api.patch(f"/connections/{connection_id}", {**body, "run_setup_tests": False})
        seen.append(listed())
    for do in (world.break_connection, world.pass_setup, world.control.delay):
        do(connection_id)
        seen.append(listed())
    world.connection(connection_id).warnings.append({"code": "w", "message": "m", "details": "d"})
    seen.append(listed())

    changed = [before != after for before, after in pairwise(seen)]
    assert changed == [True, True, True, False, True, True, True, True]


def test_what_has_not_changed_is_not_written_anew(world):
    connection = world.add_connections(1)[0]
    now = world.clock()

    first = connection_pages.text(connection, now)

    assert connection_pages.text(connection, now) is first
    assert json.loads(first) == views.connection(connection, now)


def test_pages_of_a_list_follow_one_another(api, world):
    world.add_connections(25)

    pages = api.pages("/connections", 10)

    assert [len(page) for page in pages] == [10, 10, 10, 7]
    assert [item["id"] for page in pages for item in page] == list(world.connections)
