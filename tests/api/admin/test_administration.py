"""What the admin routes do: people, invitations, sessions, tokens and tenants."""

import json
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from pbf.identity.api_tokens import parse_token
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from pbf.store.identity.people import Profile
from tests.support.tenants import Person, add_person, client_of, make_token, sign_in

ACME = "/_/admin/tenants/acme"


@pytest.fixture
def ada(runtime: Runtime) -> Person:
    """An admin of acme."""
    return sign_in(runtime, "Ada", Role.ADMIN)


@pytest.fixture
def admin(runtime: Runtime, ada: Person) -> FlaskClient:
    """The admin's browser."""
    return client_of(runtime, cookie=ada.cookie)


@pytest.fixture
def operator(runtime: Runtime) -> FlaskClient:
    """A program of the operators."""
    return client_of(runtime, token=make_token(runtime, Role.OPERATOR, None))


def recorded(runtime: Runtime) -> list[tuple[str, str, str]]:
    """What acme's audit log has, the oldest first."""
    entries = reversed(runtime.portals.of("acme").audit_log.newest(50))
    return [(entry.what, entry.details, entry.outcome) for entry in entries]


def test_members_are_listed_with_their_roles(runtime: Runtime, admin: FlaskClient, ada: Person):
    add_person(runtime, "Bob", acme=Role.VIEWER)
    add_person(runtime, "Zoe", globex=Role.ADMIN)

    members = admin.get(f"{ACME}/members").json

    assert [(member["name"], member["role"]) for member in members] == [
        ("Ada", "admin"),
        ("Bob", "viewer"),
    ]
    assert members[0]["id"] == ada.id
    assert members[0]["last_visit"].endswith("Z")


def test_a_new_role_ends_the_sessions_with_the_old_one(runtime: Runtime, admin: FlaskClient):
    bob = sign_in(runtime, "Bob", Role.EDITOR)

    changed = admin.patch(f"{ACME}/members/{bob.id}", json={"role": "viewer"})

    assert changed.json["role"] == "viewer"
    assert client_of(runtime, cookie=bob.cookie).get("/_/me").status_code == 401
    assert recorded(runtime) == [("change a role", "Bob: editor to viewer", "done")]


def test_a_removed_member_loses_access(runtime: Runtime, admin: FlaskClient):
    bob = sign_in(runtime, "Bob", Role.EDITOR)

    assert admin.delete(f"{ACME}/members/{bob.id}").json == {"id": bob.id, "removed": True}
    assert client_of(runtime, cookie=bob.cookie).get("/_/me").status_code == 401
    assert admin.delete(f"{ACME}/members/{bob.id}").status_code == 404
    assert recorded(runtime) == [("remove a person", "Bob: editor", "done")]


def test_nobody_locks_themselves_out(runtime: Runtime, admin: FlaskClient, ada: Person):
    add_person(runtime, "Bob", acme=Role.ADMIN)
    path = f"{ACME}/members/{ada.id}"

    for response in (admin.delete(path), admin.patch(path, json={"role": "viewer"})):
        assert response.status_code == 409
        assert "lock yourself out" in response.json["error"]["message"]


def test_the_last_admin_stays_unless_an_operator_removes_them(runtime: Runtime, operator):
    ada = add_person(runtime, "Ada", acme=Role.ADMIN)
    program = client_of(runtime, token=make_token(runtime, Role.ADMIN))
    path = f"{ACME}/members/{ada}"

    for response in (program.delete(path), program.patch(path, json={"role": "editor"})):
        assert response.status_code == 409
        assert "only admin" in response.json["error"]["message"]
    assert operator.delete(path).status_code == 200
    assert ("remove a person", "Ada: admin", "NotNow") in recorded(runtime)


def test_a_disabled_admin_does_not_count(runtime: Runtime, admin: FlaskClient, ada: Person):
    other = add_person(runtime, "Bob", acme=Role.ADMIN)
    runtime.identity.members.disable(other)
    program = client_of(runtime, token=make_token(runtime, Role.ADMIN))

    assert program.delete(f"{ACME}/members/{ada.id}").status_code == 409
    assert program.delete(f"{ACME}/members/{other}").status_code == 200


def test_roles_of_the_policy_file_are_not_changed_here(runtime: Runtime, admin: FlaskClient):
    profile = Profile("https://i.example", "bob", "bob@people.example", True, "Bob")
    bob = runtime.identity.members.sign_in(profile, {"acme": Role.EDITOR}).person.id
    path = f"{ACME}/members/{bob}"

    for response in (admin.delete(path), admin.patch(path, json={"role": "viewer"})):
        assert response.status_code == 409
        assert "policy file" in response.json["error"]["message"]


def test_nobody_becomes_an_operator(runtime: Runtime, admin: FlaskClient, operator: FlaskClient):
    bob = add_person(runtime, "Bob", acme=Role.VIEWER)
    for client in (admin, operator):
        body = {"role": "operator"}
        assert client.patch(f"{ACME}/members/{bob}", json=body).status_code == 400
        invitation = {"email": "x@people.example", "role": "operator"}
        assert client.post(f"{ACME}/invitations", json=invitation).status_code == 400
        token = {"name": "x", "role": "operator"}
        assert client.post(f"{ACME}/tokens", json=token).status_code == 400


def test_an_invited_address_becomes_a_member_once(runtime: Runtime, admin: FlaskClient):
    body = {"email": " Grace@People.example ", "role": "editor"}

    invitation = admin.post(f"{ACME}/invitations", json=body)

    assert invitation.status_code == 201
    assert invitation.json["email"] == "grace@people.example"
    profile = Profile("https://i.example", "grace", "grace@people.example", True, "Grace")
    runtime.identity.members.sign_in(profile, None)
    assert [one["name"] for one in admin.get(f"{ACME}/members").json] == ["Ada", "Grace"]
    (used,) = admin.get(f"{ACME}/invitations").json
    assert used["used_at"]
    assert admin.delete(f"{ACME}/invitations/{used['id']}").status_code == 404
    assert admin.post(f"{ACME}/invitations", json=body).status_code == 409
    assert recorded(runtime)[0] == ("invite a person", "grace@people.example: editor", "done")


def test_an_invitation_lasts_fourteen_days(admin: FlaskClient):
    body = {"email": "grace@people.example", "role": "editor"}

    invitation = admin.post(f"{ACME}/invitations", json=body).json

    created, expires = (
        datetime.fromisoformat(invitation[name]) for name in ("created_at", "expires_at")
    )
    assert expires - created == timedelta(days=14)


def test_an_invitation_is_withdrawn(runtime: Runtime, admin: FlaskClient):
    body = {"email": "grace@people.example", "role": "editor"}
    id_ = admin.post(f"{ACME}/invitations", json=body).json["id"]

    assert "@" not in id_
    assert admin.delete(f"{ACME}/invitations/{id_}").status_code == 200
    assert admin.get(f"{ACME}/invitations").json == []
    assert recorded(runtime)[-1] == ("withdraw an invitation", "grace@people.example", "done")


NO_ADDRESSES = (
    *("", "ada", "ada@", "@people.example", "ada@localhost", "Ada <ada@people.example>"),
    *("a@b..example", "a b@people.example", "ada@people.example\n@x", "ada@pe\0ple.example"),
    *(f"{'a' * 250}@people.example", "ada@people.example,bob@people.example"),
)


def test_what_is_no_address_is_not_invited(admin: FlaskClient):
    responses = [
        admin.post(f"{ACME}/invitations", json={"email": email, "role": "viewer"})
        for email in NO_ADDRESSES
    ]

    assert {response.status_code for response in responses} == {400}
    assert all(response.json["error"]["message"].endswith(".") for response in responses)


def test_open_sessions_are_listed_and_ended(runtime: Runtime, admin: FlaskClient, ada: Person):
    bob = sign_in(runtime, "Bob", Role.EDITOR)
    sign_in(runtime, "Zoe", Role.ADMIN, "globex")

    sessions = admin.get(f"{ACME}/sessions").json
    ended = admin.delete(f"{ACME}/sessions/{bob.identity.session_id}")

    assert {session["name"] for session in sessions} == {"Ada", "Bob"}
    assert ended.status_code == 200
    assert client_of(runtime, cookie=bob.cookie).get("/_/me").status_code == 401
    assert bob.cookie not in json.dumps(sessions)
    assert recorded(runtime) == [("end a session", "Bob", "done")]


def test_only_operators_end_the_sessions_of_operators(runtime: Runtime, admin: FlaskClient):
    olga = sign_in(runtime, "Olga", Role.OPERATOR)

    assert admin.delete(f"{ACME}/sessions/{olga.identity.session_id}").status_code == 403
    assert runtime.identity.sessions.find(olga.cookie)


def test_a_session_of_another_tenant_is_not_ended(runtime: Runtime, admin: FlaskClient):
    zoe = sign_in(runtime, "Zoe", Role.ADMIN, "globex")

    assert admin.delete(f"{ACME}/sessions/{zoe.identity.session_id}").status_code == 404
    assert runtime.identity.sessions.find(zoe.cookie)


def test_the_text_of_a_token_is_shown_once(runtime: Runtime, admin: FlaskClient, ada: Person):
    body = {"name": "Report", "role": "viewer", "days": 30}
    created = admin.post(f"{ACME}/tokens", json=body)

    text = created.json["token"]
    listed = admin.get(f"{ACME}/tokens")
    program = client_of(runtime, token=text)

    assert created.status_code == 201
    assert created.headers["Cache-Control"] == "no-store"
    assert parse_token(text)
    assert text not in listed.text
    assert [(one["name"], one["created_by"]) for one in listed.json] == [("Report", "Ada")]
    assert program.get("/_/me").json["role"] == "viewer"
    assert admin.delete(f"{ACME}/tokens/{created.json['id']}").status_code == 200
    assert program.get("/_/me").status_code == 401
    assert recorded(runtime) == [
        ("create an API token", "Report: viewer, 30 days", "done"),
        ("revoke an API token", "Report", "done"),
    ]
    assert text not in "".join(runtime.portals.of("acme").audit_log.csv())


def test_a_token_of_another_tenant_is_not_revoked(runtime: Runtime, admin: FlaskClient):
    text = make_token(runtime, Role.VIEWER, "globex")

    assert admin.delete(f"{ACME}/tokens/{parse_token(text).id}").status_code == 404
    assert client_of(runtime, token=text).get("/_/me").status_code == 200


def test_operators_make_and_revoke_their_tokens(runtime: Runtime, operator: FlaskClient):
    created = operator.post("/_/admin/tokens", json={"name": "Billing"}).json

    assert created["role"] == "operator"
    assert operator.delete(f"/_/admin/tokens/{created['id']}").status_code == 200
    assert client_of(runtime, token=created["token"]).get("/_/me").status_code == 401
    entries = runtime.store.audit.newest("", 10)
    assert [entry.what for entry in entries] == ["revoke an API token", "create an API token"]


def test_an_added_tenant_is_served_at_once_until_it_is_disabled(
    runtime: Runtime, operator: FlaskClient, sandbox: SandboxServer
):
    group = sandbox.world.add_group("Initech").id
    body = {"name": "Initech", "group_id": group, "policy": "small"}

    added = operator.put("/_/admin/tenants/initech", json=body)
    ian = sign_in(runtime, "Ian", Role.ADMIN, "initech")
    browser = client_of(runtime, cookie=ian.cookie)

    assert (added.status_code, added.json["source"]) == (200, "admin")
    assert browser.get("/_/connectors").json == []
    renamed = operator.put("/_/admin/tenants/initech", json=body | {"name": "Initech Inc"}).json
    assert renamed["name"] == "Initech Inc"
    assert operator.delete("/_/admin/tenants/initech").status_code == 200
    assert browser.get("/_/connectors").status_code == 401
    assert operator.get("/_/admin/tenants/initech").json["is_disabled"] is True
    assert operator.put("/_/admin/tenants/initech", json=body).json["is_disabled"] is False


@pytest.mark.parametrize(
    ("tenant_id", "changes", "status"),
    [
        pytest.param("initech", {"group_id": "nonesuch"}, 400, id="no-such-group"),
        pytest.param("initech", {"group_id": ""}, 400, id="no-group"),
        pytest.param("initech", {"policy": "nonesuch"}, 400, id="no-such-policy"),
        pytest.param("initech", {"name": " "}, 400, id="no-name"),
        pytest.param("Initech", {}, 400, id="no-id"),
        pytest.param("acme", {}, 409, id="from-the-file"),
        pytest.param("initech", {"group_id": "taken"}, 409, id="group-of-another"),
    ],
)
def test_a_tenant_that_cannot_be_is_refused(
    runtime: Runtime, operator: FlaskClient, sandbox: SandboxServer, tenant_id, changes, status
):
    group = sandbox.world.add_group("Initech").id
    body = {"name": "Initech", "group_id": group} | changes
    if body["group_id"] == "taken":
        body["group_id"] = sandbox.world.group_id

    response = operator.put(f"/_/admin/tenants/{tenant_id}", json=body)

    assert response.status_code == status
    assert response.json["error"]["message"].endswith(".")
    assert {one["id"] for one in operator.get("/_/admin/tenants").json} == {"acme", "globex"}


def test_tenants_of_the_file_are_not_disabled(operator: FlaskClient):
    response = operator.delete("/_/admin/tenants/acme")

    assert response.status_code == 409
    assert "policy file" in response.json["error"]["message"]
