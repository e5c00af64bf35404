import pytest

from pbf.errors import SignInFailed
from pbf.store.identity.people import Profile
from pbf.store.identity.tables import SessionRow
from tests.support.at_once import at_once
from tests.support.clock import START as NOW

ADA = Profile("https://id.example", "ada", "Ada@Example.com", True, "Ada")


def session_of(store, person_id: str, tenant_id: str, session_id: str = "s") -> str:
    row = SessionRow(
        id=session_id,
        person_id=person_id,
        tenant_id=tenant_id,
        role="editor",
        method="oidc",
        created_at=NOW,
        seen_at=NOW,
        expires_at=NOW + 3600,
    )
    store.sessions.add(row)
    return session_id


def roles_of(store, person_id: str) -> dict[str, tuple[str, str]]:
    return {row.tenant_id: (row.role, row.source) for row in store.people.memberships(person_id)}


def test_a_person_who_signs_in_again_is_the_same_with_the_new_name(store):
    first = store.people.sign_in(ADA, {}, NOW).person
    renamed = Profile(ADA.issuer, ADA.subject, "ada@new.example", False, "Ada L.")

    second = store.people.sign_in(renamed, {}, NOW + 60).person

    assert second.id == first.id
    stored = store.people.get(first.id)
    assert (stored.name, stored.email, stored.email_verified) == (
        "Ada L.",
        "ada@new.example",
        False,
    )
    assert stored.seen_at == NOW + 60


def test_the_same_subject_of_another_issuer_is_another_person(store):
    other = Profile("https://other.example", ADA.subject, ADA.email, True)

    ids = {store.people.sign_in(profile, {}, NOW).person.id for profile in (ADA, other)}

    assert len(ids) == 2


def test_eight_first_sign_ins_at_once_add_one_person(store):
    sign_ins = at_once(lambda _: store.people.sign_in(ADA, {"acme": "editor"}, NOW))

    assert len({sign_in.person.id for sign_in in sign_ins}) == 1
    assert len(store.people.members("acme")) == 1


@pytest.mark.parametrize(
    "subject",
    ["", "a\0b", "a\ud800", "a\n", "x" * 501],
    ids=["empty", "nul", "surrogate", "line-feed", "too-long"],
)
def test_a_subject_that_cannot_be_stored_as_it_is_is_refused(store, subject):
    with pytest.raises(SignInFailed, match="Sign in with another account"):
        store.people.sign_in(Profile(ADA.issuer, subject), {}, NOW)


def test_a_name_that_no_database_accepts_is_cleaned(store):
    profile = Profile(ADA.issuer, ADA.subject, "a\0@example.com", True, "A\ud800" + "x" * 300)

    person = store.people.sign_in(profile, {}, NOW).person

    assert (person.name, person.email) == ("A?" + "x" * 198, "a?@example.com")
    assert not person.email_verified


def test_memberships_from_rules_follow_the_rules_at_each_sign_in(store):
    first = store.people.sign_in(ADA, {"acme": "editor", "globex": "viewer"}, NOW)
    second = store.people.sign_in(ADA, {"globex": "admin", "initech": "viewer"}, NOW)

    assert [row.tenant_id for row in first.memberships] == ["acme", "globex"]
    assert {row.tenant_id: row.role for row in second.memberships} == {
        "globex": "admin",
        "initech": "viewer",
    }
    assert roles_of(store, first.person.id) == {
        "globex": ("admin", "rule"),
        "initech": ("viewer", "rule"),
    }


def test_rules_are_left_alone_by_a_way_of_signing_in_without_them(store):
    store.people.sign_in(ADA, {"acme": "editor"}, NOW)

    sign_in = store.people.sign_in(ADA, None, NOW)

    assert [row.tenant_id for row in sign_in.memberships] == ["acme"]


def test_a_role_that_an_admin_gave_outlives_the_rules(store):
    person = store.people.sign_in(ADA, {"acme": "editor", "globex": "viewer"}, NOW).person
    store.people.set_role("acme", person.id, "admin", by="person:boss", now=NOW)
    store.people.grant("initech", person.id, "viewer", source="admin", by="person:boss", now=NOW)

    store.people.sign_in(ADA, {"acme": "viewer"}, NOW)

    assert roles_of(store, person.id) == {
        "acme": ("admin", "admin"),
        "initech": ("viewer", "admin"),
    }


def test_sso_replaces_what_rules_and_sso_gave_and_nothing_else(store):
    person = store.people.sign_in(ADA, {"acme": "editor"}, NOW).person
    store.people.grant("globex", person.id, "admin", source="admin", by="person:boss", now=NOW)

    for tenant in ("acme", "globex"):
        store.people.grant(tenant, person.id, "viewer", source="sso", by="sso", now=NOW)

    assert roles_of(store, person.id) == {
        "acme": ("viewer", "sso"),
        "globex": ("admin", "admin"),
    }


def test_a_rule_that_no_longer_matches_ends_the_sessions_of_its_tenant_alone(store):
    person = store.people.sign_in(ADA, {"acme": "editor", "globex": "editor"}, NOW).person
    session_of(store, person.id, "acme", "in-acme")
    session_of(store, person.id, "globex", "in-globex")

    sign_in = store.people.sign_in(ADA, {"globex": "editor"}, NOW)

    assert sign_in.revoked == ["in-acme"]
    assert store.sessions.get("in-acme") is None
    assert store.sessions.get("in-globex") is not None


def test_a_rule_with_another_role_ends_the_sessions_with_the_old_one(store):
    person = store.people.sign_in(ADA, {"acme": "admin"}, NOW).person
    session_of(store, person.id, "acme")

    assert store.people.sign_in(ADA, {"acme": "viewer"}, NOW).revoked == ["s"]


def test_a_changed_role_ends_the_sessions_and_the_same_role_does_not(store):
    person = store.people.sign_in(ADA, {"acme": "editor"}, NOW).person
    session_of(store, person.id, "acme")

    same = store.people.set_role("acme", person.id, "editor", by="person:boss", now=NOW)
    changed = store.people.set_role("acme", person.id, "viewer", by="person:boss", now=NOW)

    assert (same, changed) == ([], ["s"])


def test_a_removed_member_loses_the_sessions_of_that_tenant(store):
    person = store.people.sign_in(ADA, {"acme": "editor", "globex": "editor"}, NOW).person
    session_of(store, person.id, "acme", "in-acme")
    session_of(store, person.id, "globex", "in-globex")

    assert store.people.remove("acme", person.id, NOW) == ["in-acme"]
    assert list(roles_of(store, person.id)) == ["globex"]
    assert store.people.remove("acme", person.id, NOW) is None


def test_a_disabled_person_loses_all_sessions_and_gets_no_membership(store):
    person = store.people.sign_in(ADA, {"acme": "editor"}, NOW).person
    session_of(store, person.id, "acme", "one")
    session_of(store, person.id, "globex", "two")

    assert sorted(store.people.disable(person.id, NOW)) == ["one", "two"]
    sign_in = store.people.sign_in(ADA, {"acme": "editor"}, NOW)

    assert sign_in.person.disabled_at == NOW
    assert sign_in.memberships == []


def test_an_enabled_person_may_act_again_but_their_old_sessions_may_not(store):
    person = store.people.sign_in(ADA, {"acme": "editor"}, NOW).person
    session_of(store, person.id, "acme")
    store.people.disable(person.id, NOW)

    assert store.people.enable(person.id)

    assert store.people.get(person.id).disabled_at is None
    assert store.sessions.get("s") is None


def test_the_members_of_a_tenant_are_listed_by_name(store):
    store.people.sign_in(Profile("i", "2", "b@x", True, "Bob"), {"acme": "viewer"}, NOW)
    store.people.sign_in(Profile("i", "1", "a@x", True, "Ada"), {"acme": "admin"}, NOW)
    store.people.sign_in(Profile("i", "3", "c@x", True, "Cy"), {"globex": "admin"}, NOW)

    members = store.people.members("acme")

    assert [(row.person.name, row.membership.role) for row in members] == [
        ("Ada", "admin"),
        ("Bob", "viewer"),
    ]


@pytest.mark.parametrize("unknown", ["nobody", "a\0b", "\ud800"], ids=["plain", "nul", "surrogate"])
def test_nobody_is_found_changed_or_removed_by_an_unknown_id(store, unknown):
    assert store.people.get(unknown) is None
    assert store.people.set_role("acme", unknown, "admin", by="x", now=NOW) is None
    assert store.people.remove(unknown, unknown, NOW) is None
    assert store.people.disable(unknown, NOW) is None
    assert not store.people.enable(unknown)
