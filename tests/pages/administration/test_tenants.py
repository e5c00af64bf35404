"""The page Tenants, for operators."""

import pytest
from streamlit.testing.v1 import AppTest

from pbf.connectors.account.account_statuses import KEY
from pbf.errors import ServerFailed
from pbf.rules.access.permissions import Role
from tests.pages.reading import everything, html


def counted(demo, visit) -> AppTest:
    """Open the page once the connectors are counted."""
    visit("tenants")
    demo.statuses._thread.join(20)
    return visit("tenants")


def test_operators_see_every_tenant_with_its_connectors_by_status(demo, look_as, visit):
    look_as(Role.OPERATOR, "")

    page = counted(demo, visit)

    shown = html(page)
    assert not page.exception
    assert [title.value for title in page.title] == ["Tenants"]
    assert shown.index("Acme Ltd") < shown.index("Globex") < shown.index("Initech")
    assert "2 Needs you" in shown
    assert "3 of 3 tenants need somebody." in shown
    assert "Connectors counted just now." in shown
    assert "requests to Fivetran are left." in shown


def test_the_table_is_there_before_the_connectors_are_counted(demo, look_as, visit, monkeypatch):
    monkeypatch.setattr(demo.statuses, "_refresh", lambda cached: True)
    look_as(Role.OPERATOR, "")

    shown = html(visit("tenants"))

    assert shown.count("Not counted yet") == 3
    assert "Counting their connectors: 0 so far." in shown


def test_the_numbers_are_those_of_the_tenants_own_lists(demo, look_as, visit):
    look_as(Role.OPERATOR, "")
    counted(demo, visit)

    statuses = {group.id: sum(group.words.values()) for group in demo.cache.peek(KEY).items}

    for portal in demo.portals.all():
        assert statuses[portal.tenant.group_id] == len(portal.connectors().items)


def test_each_tenant_but_the_present_one_has_a_way_in(demo, look_as, visit):
    look_as(Role.OPERATOR, "globex")

    shown = html(visit("tenants"))

    assert '<form class="pbf-all-tenants" method="post" action="./_/tenant">' in shown
    assert '<input type="hidden" name="next" value="/">' in shown
    assert [f'name="tenant" value="{name}"' in shown for name in ("acme", "initech")] == [True] * 2
    assert 'value="globex"' not in shown
    assert "You are here" in shown
    assert 'href="policy?tenant=globex"' in shown


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("GLOB", {"Globex"}, id="part-of-a-name"),
        pytest.param("ltd acme", {"Acme Ltd"}, id="two-words"),
        pytest.param("nobody", set(), id="none"),
    ],
)
def test_a_search_finds_tenants(demo, look_as, visit, typed, expected):
    look_as(Role.OPERATOR, "")
    page = visit("tenants")

    page.text_input(key="tenants-search").set_value(typed).run()

    names = {
        name
        for name in ("Acme Ltd", "Globex", "Initech")
        if f"<strong>{name}</strong>" in html(page)
    }
    assert names == expected
    assert ("No tenants match your search." in html(page)) is not bool(expected)


def test_a_tenant_is_found_by_its_group(demo, look_as, visit):
    look_as(Role.OPERATOR, "")
    page = visit("tenants")
    group_id = demo.identity.tenants.get("initech").group_id

    page.text_input(key="tenants-search").set_value(group_id).run()

    assert "<strong>Initech</strong>" in html(page)
    assert "<strong>Globex</strong>" not in html(page)


def test_requests_are_counted_by_tenant(demo, look_as, visit):
    for _ in range(7):
        demo.limits.admit_request("globex")
    look_as(Role.OPERATOR, "")

    shown = html(visit("tenants"))

    assert '<td>7<span class="pbf-unseen"> of 6000 per 1 hour</span></td>' in shown


def test_a_problem_of_the_policy_file_is_shown(demo, look_as, visit, monkeypatch):
    problem = "policy.yaml, line 3: There is no policy 'gold'."
    monkeypatch.setattr(type(demo.identity.tenants), "problem", problem)
    look_as(Role.OPERATOR, "")

    assert "line 3" in visit("tenants").warning[0].value


def test_a_failing_fivetran_is_told_beside_the_tenants(demo, look_as, visit, monkeypatch):
    def fail():
        raise ServerFailed("Fivetran failed to answer (500). Try again in a moment.")

    monkeypatch.setattr(demo.client, "get_connectors", fail)
    look_as(Role.OPERATOR, "")

    page = counted(demo, visit)

    assert "could not be counted. Fivetran failed to answer (500)" in page.warning[0].value
    assert "Acme Ltd" in html(page)


def test_many_tenants_are_paged(demo, look_as, visit, monkeypatch):
    entry = demo.identity.tenants.get("acme")
    many = tuple(
        type(entry)(f"t{number:04}", f"Tenant {number:04}", f"g{number}", "file", entry.policy)
        for number in range(1000)
    )
    monkeypatch.setattr(demo.identity.tenants, "all", lambda: many)
    look_as(Role.OPERATOR, "")

    page = counted(demo, visit)

    assert html(page).count("<tr>") == 51
    assert page.get("pagination")
    page.text_input(key="tenants-search").set_value("0999").run()
    assert html(page).count("<tr>") == 2
    assert not page.get("pagination")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
@pytest.mark.parametrize("name", ["tenants", "source_requests"])
def test_others_than_operators_see_a_refusal_and_no_tenant(demo, look_as, visit, role, name):
    look_as(role)

    page = visit(name)

    assert not page.exception
    assert "Only an operator may manage tenants" in page.info[0].value
    assert demo.identity.tenants.get("globex").group_id not in everything(page)


@pytest.mark.parametrize("name", ["tenants", "source_requests", "policy"])
def test_nobody_sees_anything_but_the_way_to_sign_in(demo, look_as, visit, name):
    look_as(None)

    page = visit(name)

    assert [title.value for title in page.title] == ["Your session has ended"]
    assert demo.identity.tenants.get("globex").group_id not in everything(page)
