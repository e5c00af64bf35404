"""Members: what takes a role away ends the sessions that have it, at once."""

import pytest

from pbf.identity.claims import Claims
from pbf.identity.memberships import Members
from pbf.identity.sessions import Sessions
from pbf.rules.access.permissions import Role
from tests.support.clock import Clock

ADA = Claims("oidc", "https://id.example", "ada", "ada@example.com", True, "Ada")


@pytest.fixture
def world(memory):
    """Members, sessions, and a person with cached sessions in acme and globex."""
    clock = Clock()
    sessions = Sessions(memory, hours=12, idle_minutes=60, clock=clock)
    members = Members(memory, sessions, clock=clock)
    rules = {"acme": Role.EDITOR, "globex": Role.EDITOR}
    person = members.sign_in(ADA, rules).person.id
    cookies = [sessions.start(person, tenant, Role.EDITOR, method="oidc") for tenant in rules]
    for cookie in cookies:
        assert sessions.find(cookie)
    return members, sessions, person, cookies


def left(sessions, cookies) -> list[str]:
    identities = [sessions.find(cookie) for cookie in cookies]
    return [identity.tenant_id for identity in identities if identity]


@pytest.mark.parametrize(
    ("change", "tenants"),
    [
        (lambda members, p: members.set_role("acme", p, Role.VIEWER, by="x"), ["globex"]),
        (lambda members, p: members.remove("acme", p), ["globex"]),
        (lambda members, p: members.disable(p), []),
        (lambda members, p: members.sign_in(ADA, {"globex": Role.EDITOR}), ["globex"]),
        (lambda members, p: members.sign_in(ADA, {}), []),
        (
            lambda members, p: members.grant("acme", p, Role.ADMIN, source="admin", by="x") or True,
            ["globex"],
        ),
    ],
    ids=["role", "remove", "disable", "rule-gone", "all-rules-gone", "grant"],
)
def test_sessions_with_a_role_that_is_gone_end_at_once(world, change, tenants):
    members, sessions, person, cookies = world
    ended = []
    sessions.on_ended(ended.append)

    assert change(members, person)

    assert left(sessions, cookies) == tenants
    assert len(ended) == 2 - len(tenants)


def test_signing_in_again_with_the_same_rules_ends_nothing(world):
    members, sessions, _, cookies = world

    sign_in = members.sign_in(ADA, {"acme": Role.EDITOR, "globex": Role.EDITOR})

    assert left(sessions, cookies) == ["acme", "globex"]
    assert [(row.tenant_id, row.role) for row in sign_in.memberships] == [
        ("acme", "editor"),
        ("globex", "editor"),
    ]


def test_who_is_no_member_is_neither_changed_nor_removed(world):
    members, _, person, _ = world

    assert not members.set_role("initech", person, Role.ADMIN, by="x")
    assert not members.remove("initech", person)
    assert not members.disable("nobody")
