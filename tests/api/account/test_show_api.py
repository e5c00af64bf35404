"""The route of the switch of Show API."""

from pathlib import Path

import pytest

from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.sandbox.server import SandboxServer
from pbf.show_api.access import COOKIE, ON, is_allowed
from tests.support.tenants import client_of, sign_in, start_with_tenants


@pytest.fixture
def tenants(sandbox: SandboxServer, tmp_path: Path):
    started = start_with_tenants(sandbox, tmp_path)
    yield started
    started.close()


def test_on_the_sandbox_everybody_may_switch_it_on_and_off(demo):
    browser = create_app(lambda: demo).test_client()
    headers = {"Origin": "http://localhost"}

    form = {"show": "on", "next": "/connector?id=lamp"}
    response = browser.post("/_/show-api", data=form, headers=headers)
    assert (response.status_code, response.location) == (303, "/connector?id=lamp")
    cookie = browser.get_cookie(COOKIE)
    assert cookie
    assert (cookie.value, cookie.http_only, cookie.same_site) == (ON, True, "Lax")
    assert response.headers["Cache-Control"] == "no-store"

    browser.post("/_/show-api", data={"show": "off"}, headers=headers)
    assert browser.get_cookie(COOKIE) is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN], ids=str)
def test_on_an_account_others_than_operators_are_refused(role, tenants):
    browser = client_of(tenants, cookie=sign_in(tenants, "Ada", role).cookie)

    response = browser.post("/_/show-api", data={"show": "on"})

    assert response.status_code == 403
    assert response.json["error"]["code"] == "forbidden"
    assert "Set-Cookie" not in response.headers


def test_on_an_account_operators_may_switch_it_on(tenants):
    browser = client_of(tenants, cookie=sign_in(tenants, "Olga", Role.OPERATOR).cookie)

    assert browser.post("/_/show-api", data={"show": "on"}).status_code == 303


def test_nobody_who_is_not_signed_in_switches_it_on(tenants):
    response = client_of(tenants).post("/_/show-api", data={"show": "on"})

    assert response.status_code == 303
    assert "/_/sign-in" in response.location
    assert "Set-Cookie" not in response.headers


def test_a_page_of_another_site_may_not_switch_it_on(demo):
    response = (
        create_app(lambda: demo)
        .test_client()
        .post("/_/show-api", data={"show": "on"}, headers={"Origin": "https://evil.example"})
    )

    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("is_sandbox", "is_operator", "allowed"),
    [(True, False, True), (True, True, True), (False, True, True), (False, False, False)],
)
def test_on_a_sandbox_it_is_for_all_and_else_for_operators(is_sandbox, is_operator, allowed):
    assert is_allowed(is_sandbox=is_sandbox, is_operator=is_operator) is allowed
