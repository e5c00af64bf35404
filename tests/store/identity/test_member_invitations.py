import pytest

from pbf.store.identity.member_invitations import normalized
from pbf.store.identity.people import Profile
from pbf.store.retention import ENDED_INVITATIONS
from tests.support.at_once import THREADS, at_once
from tests.support.clock import START as NOW

DAY = 24 * 3600.0


def invite(store, email: str, tenant: str = "acme", role: str = "editor", now: float = NOW):
    return store.invitations.put(
        tenant, email, role, by="person:boss", now=now, expires_at=now + DAY
    )


def profile(email: str, *, verified: bool = True, subject: str = "ada") -> Profile:
    return Profile("https://id.example", subject, email, verified, "Ada")


def memberships(store, person: Profile, now: float = NOW + 60) -> dict[str, str]:
    return {row.tenant_id: row.role for row in store.people.sign_in(person, {}, now).memberships}


def test_an_invited_address_becomes_a_member_whatever_its_case(store):
    invite(store, " Ada@Example.COM ")
    invite(store, "ada@example.com", "globex", "viewer")

    roles = memberships(store, profile("ADA@example.com"))

    assert roles == {"acme": "editor", "globex": "viewer"}
    assert store.invitations.listed("acme")[0].used_at == NOW + 60


def test_the_membership_stays_at_later_sign_ins(store):
    invite(store, "ada@example.com")

    first, second = (memberships(store, profile("ada@example.com")) for _ in range(2))

    assert first == second == {"acme": "editor"}


def test_an_address_that_is_not_verified_redeems_nothing(store):
    invite(store, "ada@example.com")

    assert memberships(store, profile("ada@example.com", verified=False)) == {}
    assert memberships(store, profile("ada@example.com")) == {"acme": "editor"}


def test_an_expired_or_withdrawn_invitation_makes_nobody_a_member(store):
    invite(store, "ada@example.com")
    invite(store, "ada@example.com", "globex")

    assert store.invitations.remove("globex", "ADA@example.com")
    assert not store.invitations.remove("globex", "ada@example.com")

    assert memberships(store, profile("ada@example.com"), NOW + DAY) == {}


def test_a_used_invitation_cannot_be_withdrawn_but_made_anew(store):
    invite(store, "ada@example.com")
    memberships(store, profile("ada@example.com"))

    assert not store.invitations.remove("acme", "ada@example.com")
    invite(store, "ada@example.com", role="admin")

    assert [(row.role, row.used_at) for row in store.invitations.listed("acme")] == [
        ("admin", None)
    ]


def test_a_removed_member_does_not_return_by_a_used_invitation(store):
    invite(store, "ada@example.com")
    person = store.people.sign_in(profile("ada@example.com"), {}, NOW).person
    store.people.remove("acme", person.id, NOW)

    assert memberships(store, profile("ada@example.com")) == {}


def test_an_invitation_counts_more_than_a_rule_and_less_than_an_admin(store):
    person = store.people.sign_in(profile("", verified=False), {"acme": "viewer"}, NOW).person
    store.people.grant("globex", person.id, "admin", source="admin", by="x", now=NOW)
    invite(store, "ada@example.com")
    invite(store, "ada@example.com", "globex", "viewer")

    sign_in = store.people.sign_in(profile("ada@example.com"), {"acme": "viewer"}, NOW)

    assert {row.tenant_id: (row.role, row.source) for row in sign_in.memberships} == {
        "acme": ("editor", "invitation"),
        "globex": ("admin", "admin"),
    }


def test_of_eight_people_with_the_address_at_once_one_becomes_a_member(store):
    invite(store, "ada@example.com")

    roles = at_once(
        lambda number: memberships(store, profile("ada@example.com", subject=f"p{number}"))
    )

    assert sorted(map(len, roles)) == [0] * (THREADS - 1) + [1]


def test_eight_invitations_of_an_address_at_once_are_one(store):
    at_once(lambda number: invite(store, "ada@example.com"))

    assert len(store.invitations.listed("acme")) == 1


@pytest.mark.parametrize(
    ("address", "other"),
    [("kim@example.com", "\u212aim@example.com"), ("strasse@x.de", "stra\u00dfe@x.de")],
    ids=["kelvin-sign", "sharp-s"],
)
def test_an_address_with_letters_that_look_alike_is_another(store, address, other):
    invite(store, address)

    assert memberships(store, profile(other)) == {}
    assert normalized(other) != address


def test_invitations_are_deleted_long_after_they_expire(store):
    invite(store, "old@example.com")
    invite(store, "new@example.com", now=NOW + DAY)

    store.delete_expired(NOW + DAY + ENDED_INVITATIONS + 1)

    assert [row.email for row in store.invitations.listed("acme")] == ["new@example.com"]
