"""Who may use which admin route."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.api.openapi.operations import operations
from pbf.config import Settings
from pbf.paths import LONGEST_ID
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from tests.support.tenants import add_tenant, client_of, make_token, path_of, sign_in

ADMIN = [one for one in operations(create_app()) if one.path.startswith("/_/admin/")]
OPERATORS = {
    *("listTenants", "getTenant", "putTenant", "disableTenant"),
    *("listOperatorTokens", "createOperatorToken", "revokeOperatorToken"),
}
BODIES = {
    "changeMember": {"role": "editor"},
    "createMemberInvitation": {"email": "new@people.example", "role": "viewer"},
    "createToken": {"name": "x", "role": "viewer"},
    "createOperatorToken": {"name": "x"},
}
Caller = Callable[[Runtime], FlaskClient]


def person(role: Role, tenant_id: str = "acme") -> Caller:
    return lambda runtime: client_of(
        runtime, cookie=sign_in(runtime, "Caller", role, tenant_id).cookie
    )


def token(role: Role, tenant_id: str | None = "acme") -> Caller:
    return lambda runtime: client_of(runtime, token=make_token(runtime, role, tenant_id))


@pytest.mark.parametrize(
    ("caller", "of_tenant", "of_operators"),
    [
        pytest.param(client_of, 401, 401, id="nobody"),
        pytest.param(person(Role.VIEWER), 403, 403, id="viewer"),
        pytest.param(person(Role.EDITOR), 403, 403, id="editor"),
        pytest.param(person(Role.ADMIN), 200, 403, id="admin"),
        pytest.param(person(Role.ADMIN, "globex"), 404, 403, id="admin-of-another"),
        pytest.param(person(Role.OPERATOR, ""), 200, 200, id="operator"),
        pytest.param(token(Role.VIEWER), 403, 403, id="viewer-token"),
        pytest.param(token(Role.EDITOR), 403, 403, id="editor-token"),
        pytest.param(token(Role.ADMIN), 200, 403, id="admin-token"),
        pytest.param(token(Role.ADMIN, "globex"), 404, 403, id="token-of-another"),
        pytest.param(token(Role.OPERATOR, None), 200, 200, id="operator-token"),
    ],
)
def test_each_route_is_open_to_those_with_the_right(
    runtime: Runtime, sandbox: SandboxServer, caller, of_tenant, of_operators
):
    client = caller(runtime)
    expected, statuses = {}, {}
    for operation in ADMIN:
        path = path_of(runtime, sandbox, operation.method, operation.path)
        body = BODIES.get(operation.name)
        if operation.name == "putTenant":
            body = {"name": "Initech", "group_id": add_tenant(runtime, sandbox, "initech")}
        status = of_operators if operation.name in OPERATORS else of_tenant
        expected[operation.name] = operation.status if status == 200 else status

        response = client.open(path, method=operation.method.upper(), json=body)

        statuses[operation.name] = response.status_code
    assert statuses == expected


def test_sign_in_that_is_off_leaves_nothing_to_administer(settings: Settings):
    started = runtimes.start(settings)
    client = client_of(started)
    path = f"/_/admin/tenants/{settings.group_id}"

    for response in (
        client.get(f"{path}/members"),
        client.post(f"{path}/tokens", json={"name": "x", "role": "admin"}),
        client.get("/_/admin/tokens"),
    ):
        assert response.status_code == 403
        assert "Sign-in is off" in response.json["error"]["message"]
    started.close()


def test_pages_of_other_sites_change_nothing(runtime: Runtime, sandbox: SandboxServer):
    admin = client_of(runtime, cookie=sign_in(runtime, "Caller", Role.OPERATOR, "").cookie)
    foreign = {"Origin": "https://evil.example"}
    for operation in ADMIN:
        path = path_of(runtime, sandbox, operation.method, operation.path)

        response = admin.open(path, method=operation.method.upper(), json={}, headers=foreign)

        assert response.status_code == (200 if operation.method == "get" else 403)


def test_me_tells_who_asks_and_what_they_may_do(runtime: Runtime):
    ada = sign_in(runtime, "Ada", Role.EDITOR)

    me = client_of(runtime, cookie=ada.cookie).get("/_/me").json

    assert me["actor"] == f"person:{ada.id}"
    assert (me["name"], me["email"]) == ("Ada", "ada@people.example")
    assert (me["role"], me["tenant"], me["method"]) == ("editor", "acme", "oidc")
    assert me["tenants"] == [{"id": "acme", "name": "Acme Ltd", "role": "editor"}]
    assert me["permissions"] == ["view", "change connectors"]


def test_an_operator_outside_all_tenants_has_none(runtime: Runtime):
    operator = client_of(runtime, token=make_token(runtime, Role.OPERATOR, None))

    me = operator.get("/_/me").json

    assert me["tenant"] is None
    assert [tenant["id"] for tenant in me["tenants"]] == ["acme", "globex"]
    assert operator.get("/_/connectors").status_code == 404


def test_a_token_of_the_operators_names_the_tenant(runtime: Runtime):
    text = make_token(runtime, Role.OPERATOR, None)
    lists = [
        client_of(runtime, token=text, tenant_id=tenant_id).get("/_/connectors").json
        for tenant_id in ("acme", "globex")
    ]

    assert [len(connectors) > 3 for connectors in lists] == [True, False]
    assert client_of(runtime, token=text, tenant_id="x").get("/_/connectors").status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_no_one_else_enters_a_tenant_by_naming_it(runtime: Runtime, role: Role):
    text, cookie = make_token(runtime, role), sign_in(runtime, "Ada", role).cookie

    for client in (
        client_of(runtime, token=text, tenant_id="globex"),
        client_of(runtime, cookie=cookie, tenant_id="globex"),
    ):
        assert client.get("/_/connectors").status_code == 404
        assert client.get("/_/me").status_code == 404


@pytest.mark.parametrize(
    "operation", [one for one in ADMIN if "{" in one.path], ids=lambda one: one.name
)
def test_an_id_longer_than_any_id_matches_no_route(
    runtime: Runtime, sandbox: SandboxServer, operation
):
    client = token(Role.OPERATOR, None)(runtime)
    start, _, end = operation.path.rpartition("{")
    path = start.replace("{tenant_id}", "acme") + "x" * (LONGEST_ID + 1) + end.partition("}")[2]

    answer = client.open(path, method=operation.method.upper(), json={})

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")
