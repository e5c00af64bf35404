"""The People screen as each role, and what its dialogs do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pbf import runtime as runtimes
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from pbf.store.identity.people import Profile
from tests.pages.conftest import Visit
from tests.pages.reading import everything, html, labels, press
from tests.support.tenants import Person, add_person, make_token, sign_in, start_with_tenants

ONLY_ADMINS = "Only an admin may manage people; ask one to do it."
Open = Callable[..., AppTest]


@pytest.fixture
def tenants(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Runtime]:
    """The product with sign-in and the tenants acme and globex."""
    started = start_with_tenants(sandbox, tmp_path)
    runtimes.use(started)
    yield started
    started.close()


@pytest.fixture
def open_people(tenants: Runtime, visit: Visit) -> Open:
    """Open the screen as a person who is signed in, or as nobody."""

    def open_page(person: Person | None, **query: str) -> AppTest:
        return visit("people", person.identity.session_id if person else "", **query)

    return open_page


@pytest.fixture
def ada(tenants: Runtime) -> Person:
    """An admin of acme."""
    return sign_in(tenants, "Ada", Role.ADMIN)


def test_nobody_sees_anything_but_the_way_to_sign_in(open_people: Open):
    page = open_people(None)

    assert "/_/sign-in?next=" in everything(page)
    assert "Members" not in everything(page)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_others_are_told_who_may(tenants: Runtime, open_people: Open, role: Role):
    page = open_people(sign_in(tenants, "Bob", role))

    assert ONLY_ADMINS in page.info[0].value
    assert not page.tabs
    assert not page.exception


def test_an_admin_sees_members_and_what_may_be_done(tenants, open_people, ada):
    add_person(tenants, "Bob", acme=Role.VIEWER)
    add_person(tenants, "Zoe", globex=Role.ADMIN)

    page = open_people(ada)

    assert not page.exception
    assert [part in html(page) for part in ("Ada", "Bob", "Zoe")] == [True, True, False]
    assert labels(page) == ["Change role", "Remove"]


def test_an_operator_may_change_everybody(tenants, open_people, ada):
    page = open_people(sign_in(tenants, "Olga", Role.OPERATOR))

    assert labels(page) == ["Change role", "Remove"]


def test_roles_of_the_policy_file_are_marked_and_cannot_be_changed(tenants, open_people, ada):
    profile = Profile("https://i.example", "bob", "bob@people.example", True, "Bob")
    tenants.identity.members.sign_in(profile, {"acme": Role.EDITOR})

    page = open_people(ada)

    assert "role from the policy file" in html(page)
    assert labels(page) == []


def test_dialogs_say_what_will_happen(tenants, open_people, ada):
    add_person(tenants, "Bob", acme=Role.VIEWER)

    assert "they sign in again with the new role" in everything(
        press(open_people(ada), "Change role")
    )
    assert "loses access, and their open sessions end" in everything(
        press(open_people(ada), "Remove")
    )


def test_an_address_is_invited_and_the_way_in_is_shown(tenants, open_people, ada):
    page = open_people(ada, part="Invitations")
    page.text_input(key="people_invite_email").set_value("Grace@People.example")
    page = press(page, "Invite")

    assert "grace@people.example" in html(page)
    assert "No e-mail is sent" in page.success[0].value
    assert page.text_input(key="people_invite_email").value == ""
    assert [one.email for one in tenants.store.invitations.listed("acme")] == [
        "grace@people.example"
    ]
    assert "Withdraw" in labels(page)


def test_what_is_no_address_is_refused_in_a_sentence(open_people, ada):
    page = open_people(ada, part="Invitations")
    page.text_input(key="people_invite_email").set_value("grace")
    page = press(page, "Invite")

    assert "This is not an e-mail address." in page.error[0].value
    assert page.text_input(key="people_invite_email").value == "grace"


def test_sessions_are_listed_and_ones_own_is_marked(tenants, open_people, ada):
    bob = sign_in(tenants, "Bob", Role.VIEWER)

    page = open_people(ada, part="Sessions")

    assert "This session" in html(page)
    assert labels(page) == ["End"]
    assert "is signed out in that browser" in everything(press(page, "End"))
    assert tenants.identity.sessions.find(bob.cookie)


def test_tokens_are_listed_without_their_texts(tenants, open_people, ada):
    text = make_token(tenants, Role.VIEWER)

    page = open_people(ada, part="API tokens")

    assert labels(page) == ["Create a token", "Revoke"]
    assert "never used" in html(page)
    assert text not in everything(page)


def test_without_sign_in_the_screen_says_so_and_is_not_listed(runtime: Runtime, visit):
    page = visit("people")

    assert page.info[0].value.startswith("Sign-in is off")
    assert not page.exception
    assert not page.tabs
