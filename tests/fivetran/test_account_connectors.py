"""The connectors of some groups from the account's list are what each group's list has."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.errors import BadAnswer
from pbf.fivetran.account_connectors import GroupConnectors
from tests.support.draws import cases
from tests.support.fake_account import EVERY, FakeAccount

GROUPS = ["a", "A", "aa", "a ", "b", "ä", "0"]
IDS = st.sampled_from(["x", "y", "z", "", None, 7]) | st.text(max_size=3)
CONNECTIONS = st.lists(
    st.fixed_dictionaries(
        {"id": IDS, "group_id": st.sampled_from(GROUPS)},
        optional={"schema": st.text(max_size=4), "paused": st.booleans(), "status": st.none()},
    ),
    max_size=40,
)


@given(CONNECTIONS, st.sets(st.sampled_from(GROUPS)), st.integers(1, 9))
@cases(250)
def test_each_connector_goes_to_its_own_group_only(connections, groups, page):
    account = FakeAccount(page=page)
    account.connections = connections
    client, alone = account.client, {}
    for group_id in groups:
        listed = client.get_list_of_connectors_in_group(group_id)
        with suppress(BadAnswer):  # none of them could be read
            alone[group_id] = GroupConnectors(tuple(listed), listed.unread)

    together = client.get_connectors_of_account(groups, max_pages=99)

    assert together.groups == alone
    for group_id, group in together.groups.items():
        assert {connector.group_id for connector in group.items} <= {group_id}


@pytest.mark.parametrize(
    "item", [{"id": "x"}, {"id": "x", "group_id": None}, {"id": "x", "group_id": ["a"]}, "x"]
)
def test_a_connector_without_a_group_is_reported_to_none(item):
    account = FakeAccount()
    account.add("a", "y")
    account.connections.append(item)

    with pytest.raises(BadAnswer, match="group"):
        account.client.get_connectors_of_account(["a"], max_pages=1)


def test_pages_are_counted_and_a_list_with_more_is_not_read_to_its_end():
    account = FakeAccount(page=2)
    account.add("a", *"uvwxy")

    assert account.client.get_connectors_of_account(["a"], max_pages=3).pages == 3
    assert account.client.get_connectors_of_account(["a"], max_pages=1) is None
    assert account.sent == [EVERY] * 5


def test_the_sandbox_lists_the_account_as_it_lists_its_groups(runtime):
    client, group_id = runtime.client, runtime.portal.tenant.group_id
    listed = tuple(client.get_list_of_connectors_in_group(group_id))

    account = client.get_connectors_of_account([group_id, "no_such_group"], max_pages=9)

    assert listed
    assert account.groups == {
        group_id: GroupConnectors(listed, 0),
        "no_such_group": GroupConnectors((), 0),
    }
