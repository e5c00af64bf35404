"""The page Policy, for admins and operators."""

import pytest

from pbf.rules.access.permissions import Role
from pbf.rules.access.policy import Mention
from tests.pages.reading import everything, html


def test_an_admin_sees_what_is_allowed_and_by_which_rule(look_as, visit):
    look_as(Role.ADMIN, "globex")

    shown = html(visit("policy"))

    assert "of 773 services are allowed." in shown
    assert "Include names it" in shown
    assert "Allowed by categories and stages" in shown
    assert "Categories does not list Databases" in shown
    for setting in ("globex_{name}", "Hourly", "10", "Globex Sources", "#7a3e9d"):
        assert f"<dd>{setting}</dd>" in shown


def test_an_admin_finds_allowed_services_and_no_hidden_one(look_as, visit):
    look_as(Role.ADMIN, "globex")
    page = visit("policy")

    page.text_input(key="policy-search").set_value("google").run()

    assert "Google Sheets" in html(page)
    assert "Google Ads" in html(page)
    assert "Google Cloud PostgreSQL" not in everything(page)
    page.text_input(key="policy-search").set_value("postgres").run()
    assert "No services match your search." in html(page)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_viewers_and_editors_are_refused(look_as, visit, role):
    look_as(role)

    page = visit("policy")

    assert "Only an admin may" in page.info[0].value
    assert not page.text_input


def test_an_admin_cannot_choose_another_tenant(look_as, visit):
    look_as(Role.ADMIN, "acme")

    page = visit("policy", tenant="globex")

    assert not page.selectbox
    assert "773 of 773 services are allowed." in html(page)
    assert "globex_{name}" not in everything(page)


def test_operators_choose_the_tenant_and_find_hidden_services(look_as, visit):
    look_as(Role.OPERATOR, "")
    page = visit("policy", tenant="initech")

    assert page.selectbox(key="policy-tenant").value == "initech"
    page.text_input(key="policy-search").set_value("salesforce").run()
    assert "<strong>Salesforce</strong>" in html(page)
    assert "Categories does not list Sales" in html(page)
    page.selectbox(key="policy-tenant").set_value("acme").run()
    assert "773 of 773 services are allowed." in html(page)


def test_operators_see_where_the_policy_file_says_so(look_as, visit):
    look_as(Role.OPERATOR, "globex")

    page = visit("policy")

    assert page.selectbox(key="policy-tenant").value == "globex"
    assert "<td>include</td><td>google_sheets</td>" in html(page)
    assert "line" in html(page)


def test_admins_do_not_see_the_lists_of_the_policy_file(demo, look_as, visit):
    assert isinstance(demo.identity.tenants.policy("globex").mentions[0], Mention)
    look_as(Role.ADMIN, "globex")

    assert not visit("policy").expander


def test_a_session_for_some_services_sees_them_alone(look_as, visit):
    look_as(Role.ADMIN, "globex", services=frozenset({"google_ads"}))

    shown = html(visit("policy"))

    assert "1 of 773 services are allowed." in shown
    assert "The session is for other services" in shown


def test_long_lists_are_cut(look_as, visit):
    look_as(Role.OPERATOR, "acme")
    page = visit("policy")

    page.text_input(key="policy-search").set_value("a").run()

    assert "These are the first 200 of" in html(page)
