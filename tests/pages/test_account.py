"""The menu by role, the row at the top, and people without a session or a tenant."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from pbf import runtime as runtimes
from pbf.identity.claims import Claims
from pbf.identity.demo.people import SAMPLE_PEOPLE
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Permission, Role
from pbf.runtime import Runtime
from pbf.ui.account.menu_entries import Entry, Place, shown
from tests.pages.conftest import Visit
from tests.pages.reading import everything, html
from tests.support.demo import session_of

VisitAs = Callable[..., AppTest]


@pytest.fixture
def visit_as(demo: Runtime, visit: Visit) -> VisitAs:
    """Open a page with a session."""

    def open_page(session_id: str, name: str = "overview") -> AppTest:
        return visit(name, session_id)

    return open_page


def person(role: Role, tenant: str = "acme", *, is_operator: bool = False) -> Identity:
    return Identity("person:1", tenant, role, is_operator=is_operator)


VIEWER, ADMIN = person(Role.VIEWER), person(Role.ADMIN)
INSIDE = person(Role.OPERATOR, is_operator=True)
OUTSIDE = person(Role.OPERATOR, "", is_operator=True)


@pytest.mark.parametrize(
    ("entry", "who"),
    [
        pytest.param(Entry("x", "X"), [VIEWER, ADMIN, INSIDE], id="tenant"),
        pytest.param(
            Entry("x", "X", permission=Permission.MANAGE_PEOPLE), [ADMIN, INSIDE], id="admins"
        ),
        pytest.param(Entry("x", "X", Place.OPERATORS), [INSIDE, OUTSIDE], id="operators"),
        pytest.param(Entry("x", "X", Place.UNLISTED), [], id="unlisted"),
    ],
)
def test_the_menu_lists_what_a_visitor_may_open(entry, who):
    visitors = [None, VIEWER, ADMIN, INSIDE, OUTSIDE]

    assert [visitor for visitor in visitors if shown(entry, visitor)] == who


@pytest.mark.parametrize("sample", SAMPLE_PEOPLE, ids=lambda sample: sample.id)
def test_the_row_says_who_looks_at_the_page(sample, demo, visit_as: VisitAs):
    page = visit_as(session_of(demo, sample.id))
    shown_html = html(page)

    assert not page.exception
    assert not page.error
    names = {"acme": "Acme Ltd", "globex": "Globex", "initech": "Initech", "": "No tenant"}
    assert f"<strong>{sample.name}</strong>" in shown_html
    assert f"{names[sample.tenant_id]} · {sample.role}" in shown_html
    assert 'action="./_/sign-out"' in shown_html
    assert ("Switch tenant" in shown_html) is bool(sample.others)
    assert "Leave this tenant" not in shown_html
    assert shown_html.count("Sandbox: look as") == 1


def test_each_tenant_of_the_demo_shows_its_own_connectors(demo, visit_as: VisitAs):
    pages = {who: everything(visit_as(session_of(demo, who))) for who in ("lena", "ravi")}

    assert "globex_google_ads" in pages["lena"]
    assert "time_sheets" in pages["ravi"]
    for content, foreign in ((pages["lena"], "time_sheets"), (pages["ravi"], "globex_")):
        assert foreign not in content
        assert "webshop" not in content


def test_a_visitor_of_the_demo_without_a_session_may_choose_whom_to_look_as(demo, visit: Visit):
    shown_html = html(visit("overview"))

    assert "Sandbox: look as" in shown_html
    assert 'value="amara" aria-current="true"' in shown_html
    assert "Sign out" not in shown_html


def test_with_sign_in_off_the_row_is_empty(runtime, visit: Visit):
    assert "pbf-account" not in html(visit("overview"))


def test_a_person_with_many_tenants_searches_them(demo, visit_as: VisitAs, monkeypatch):
    monkeypatch.setattr("pbf.ui.account.top_row.MOST_LISTED", 1)
    shown_html = html(visit_as(session_of(demo, "lena")))

    assert '<option value="Acme Ltd"></option>' in shown_html
    assert "Search 2 tenants" in shown_html


@pytest.mark.parametrize("name", ["connectors", "connect", "tables", "activity"])
def test_an_operator_without_a_tenant_chooses_one(name, demo, visit_as: VisitAs):
    page = visit_as(session_of(demo, "olivia"), name)

    assert not page.exception
    assert [title.value for title in page.title] == ["Choose a tenant"]
    for tenant in ("acme", "globex", "initech"):
        assert f'name="tenant" value="{tenant}"' in html(page)
    assert "webshop" not in everything(page)


def test_an_operator_without_a_tenant_begins_with_the_list_of_tenants(demo, visit_as: VisitAs):
    page = visit_as(session_of(demo, "olivia"), "overview")

    assert not page.exception
    assert [title.value for title in page.title] == ["Tenants"]


def test_an_operator_inside_a_tenant_can_leave_it(demo, visit_as: VisitAs):
    operator = demo.identity.sessions.by_id(session_of(demo, "olivia"))
    cookie = demo.identity.sign_in.enter(operator, "globex")
    page = visit_as(demo.identity.sessions.find(cookie).session_id, "connectors")

    assert not page.exception
    assert "Leave this tenant" in html(page)
    assert "Globex · operator" in html(page)


def test_a_person_whose_tenant_is_gone_is_told_so(demo, visit_as: VisitAs):
    claims = Claims("oidc", "https://idp.example", "ada", name="Ada")
    row = demo.identity.members.sign_in(claims, None).person
    cookie = demo.identity.sessions.start(row.id, "closed", Role.ADMIN, method="oidc")
    page = visit_as(demo.identity.sessions.find(cookie).session_id, "connectors")

    assert not page.exception
    assert not page.error
    assert [title.value for title in page.title] == ["This tenant no longer exists"]
    assert "ask your administrator" in everything(page)
    assert 'action="./_/sign-out"' in html(page)


def test_a_session_that_has_ended_in_the_demo_shows_nothing_of_any_tenant(demo, visit_as: VisitAs):
    session_id = session_of(demo, "lena")
    demo.identity.sessions.revoke(session_id, "test")
    page = visit_as(session_id, "connectors")

    assert [title.value for title in page.title] == ["Your session has ended"]
    assert "reason=ended" in html(page)
    assert "globex" not in everything(page)
    assert "webshop" not in everything(page)


def test_the_pages_around_a_frame_are_told_that_the_session_has_ended(demo, visit_as: VisitAs):
    settings = replace(demo.settings, frame_ancestors=("https://app.example",))
    runtimes.use(replace(demo, settings=settings))
    page = visit_as("0" * 64, "connectors")

    names = [element.proto.component_name for element in page.get("bidi_component")]
    assert names == ["session_ended"]
    assert "https://app.example" in str(page.get("bidi_component")[0].proto)


def test_the_menu_does_not_fail_with_wrong_settings(half_set, visit: Visit):
    page = visit("overview")

    assert not page.exception
    assert "The settings are incomplete" in everything(page)
