"""Links for colleagues: made, listed, followed, finished, revoked."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import inspect

from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.cards.colleague_links import ColleagueLink, NewLink
from pbf.connectors.portal import Portal
from pbf.errors import (
    InputError,
    LimitReached,
    NotAllowed,
    NotPermitted,
    UnknownConnector,
    UnknownLink,
)
from pbf.rules.access.colleague_links import DURATIONS, LONGEST_NOTE, MOST_LINKS
from pbf.rules.access.permissions import Role

BASE = "https://connect.example"
HOUR = 3600.0


@contextmanager
def acting(actor: str, role: Role | None, name: str = "") -> Iterator[None]:
    before = CALLER.set(Caller(actor, role, name=name))
    yield
    CALLER.reset(before)


@pytest.fixture
def unfinished(sandbox) -> str:
    """The id of a connector whose set-up is not finished."""
    connectors = sandbox.world.connections.values()
    return next(row.id for row in connectors if row.setup_state == "incomplete")


def make(portal: Portal, connector_id: str, **options) -> NewLink:
    return portal.links.create(connector_id, public_url=BASE, **options)


def signed_part(made: NewLink) -> str:
    return made.url.rpartition("/")[2]


def only(portal: Portal, connector_id: str) -> ColleagueLink:
    (link,) = portal.links.listed(connector_id)
    return link


def come_back(portal: Portal, link: ColleagueLink) -> None:
    state = portal.signer.state(
        portal.tenant.id, connector_id=link.connector_id, invitation_id=link.id
    )
    portal.links.returned(state)


def test_a_link_is_a_whole_url_that_leads_to_its_connector(portal, unfinished):
    made = make(portal, unfinished, note="Use the shop's account.")

    link, connector = portal.links.follow(signed_part(made))

    assert made.url.startswith(f"{BASE}/_/invite/")
    assert (connector.id, link.id) == (unfinished, made.link.id)
    assert (link.note, link.state, link.opened_at) == ("Use the shop's account.", "waiting", None)
    assert (link.expires_at - link.created_at).total_seconds() == 24 * HOUR


def test_the_store_knows_no_secret(portal, runtime, unfinished):
    made = make(portal, unfinished)
    secret = portal.signer.read_invitation(signed_part(made), portal.tenant.id)

    (row,) = runtime.store.colleague_links.listed(portal.tenant.group_id, unfinished, 9)

    assert secret
    assert secret not in repr(vars(row))


@pytest.mark.parametrize(
    ("actor", "name", "asker"),
    [
        pytest.param("person:1", "Ada Lovelace", "Ada Lovelace", id="person"),
        pytest.param("person:1", "", "Data connections", id="person-without-a-name"),
        pytest.param("token:1", "nightly", "Data connections", id="token"),
        pytest.param("page", "", "Data connections", id="sign-in-off"),
        pytest.param("person:1", "A\0d\ud800a" + "x" * 300, None, id="any-text"),
    ],
)
def test_a_link_says_who_asks(portal, unfinished, actor, name, asker):
    with acting(actor, Role.EDITOR, name):
        make(portal, unfinished)

        assert asker is None or only(portal, unfinished).asker == asker


@pytest.mark.parametrize("hours", DURATIONS)
def test_a_link_works_as_long_as_it_was_made_for(portal, unfinished, later, hours):
    made = make(portal, unfinished, hours=hours)

    later(hours * HOUR - 5)
    before = portal.links.follow(signed_part(made))[0].state
    later(hours * HOUR + 5)

    assert before == "waiting"
    assert only(portal, unfinished).state == "expired"


@pytest.mark.parametrize(
    "options", [{"hours": 0}, {"hours": 25}, {"hours": 10_000}, {"note": "x" * (LONGEST_NOTE + 1)}]
)
def test_another_duration_or_a_longer_note_is_refused(portal, unfinished, options):
    with pytest.raises(InputError):
        make(portal, unfinished, **options)

    assert portal.links.listed(unfinished) == []


def test_a_note_is_kept_as_lines_of_visible_characters(portal, unfinished):
    make(portal, unfinished, note=" <b>Hi</b>\r\n\u202egpj\0\ud800 \n")

    assert only(portal, unfinished).note == "<b>Hi</b>\n\ufffdgpj\ufffd\ufffd"


def test_a_link_notes_when_it_was_opened_and_finished(portal, sandbox, unfinished):
    made = make(portal, unfinished)

    portal.links.open(made.link, public_url=BASE)
    opened = only(portal, unfinished)
    come_back(portal, opened)
    still = only(portal, unfinished)
    sandbox.world.pass_setup(unfinished)
    come_back(portal, opened)
    finished = only(portal, unfinished)

    assert (opened.state, still.state, finished.state) == ("opened", "opened", "finished")
    assert opened.opened_at == finished.opened_at
    assert finished.finished_at is not None


def test_the_set_up_may_be_finished_by_others_and_no_link_says_it_was_its_own(
    portal, sandbox, unfinished
):
    first, _ = make(portal, unfinished), make(portal, unfinished)
    sandbox.world.pass_setup(unfinished)

    come_back(portal, first.link)
    portal.links.returned(portal.signer.state(portal.tenant.id, connector_id=unfinished))

    states = {link.id: link.state for link in portal.links.listed(unfinished)}
    assert sorted(states.values()) == ["finished", "waiting"]
    assert states[first.link.id] == "finished"


def test_a_revoked_link_is_listed_as_such_and_cannot_be_revoked_again(portal, unfinished):
    made = make(portal, unfinished)

    revoked = portal.links.revoke(unfinished, made.link.id)

    assert revoked.state == "revoked"
    assert portal.links.follow(signed_part(made))[0].state == "revoked"
    with pytest.raises(UnknownLink):
        portal.links.revoke(unfinished, made.link.id)
    with pytest.raises(UnknownLink):
        portal.links.revoke(unfinished, "another\0\ud800")


def test_a_link_of_another_tenant_is_not_known(portal, unfinished):
    made = make(portal, unfinished)
    foreign = portal.signer.invitation("them", "a secret")

    for text in ("", "x", foreign, portal.signer.invitation(portal.tenant.id, "a secret")):
        with pytest.raises(UnknownLink):
            portal.links.follow(text)
    with pytest.raises(UnknownConnector):
        portal.links.revoke("nobody", made.link.id)


def test_a_link_does_not_lead_to_another_connector_that_has_the_same_id(
    portal, runtime, unfinished
):
    made = make(portal, unfinished)
    secret = portal.signer.read_invitation(signed_part(made), portal.tenant.id)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    row = runtime.store.colleague_links.find(portal.tenant.group_id, digest)
    other = {column.key: getattr(row, column.key) for column in inspect(type(row)).columns}
    other |= {"id": "b", "digest": hashlib.sha256(b"b").hexdigest(), "schema_name": "another"}
    runtime.store.colleague_links.add(type(row)(**other))

    with pytest.raises(UnknownConnector):
        portal.links.follow(portal.signer.invitation(portal.tenant.id, "b"))
    assert only(portal, unfinished).id == made.link.id


@pytest.mark.parametrize("role", [None, Role.VIEWER])
def test_viewers_neither_make_nor_see_nor_revoke_links(portal, unfinished, role):
    made = make(portal, unfinished)

    with acting("person:2", role):
        for do in (
            lambda: make(portal, unfinished),
            lambda: portal.links.listed(unfinished),
            lambda: portal.links.revoke(unfinished, made.link.id),
        ):
            with pytest.raises(NotPermitted):
                do()

    assert only(portal, unfinished).state == "waiting"


def test_the_policy_may_allow_no_links(under):
    portal = under("{limits: {invitations: false}}").portal
    connector = next(item for item in portal.connectors().items if item.is_incomplete)

    with pytest.raises(NotAllowed):
        make(portal, connector.id)
    with pytest.raises(NotAllowed):
        portal.links.follow(portal.signer.invitation(portal.tenant.id, "a secret"))


def test_so_many_links_of_a_connector_work_at_the_same_time_and_no_more(portal, unfinished):
    links = [make(portal, unfinished).link for _ in range(MOST_LINKS)]

    with pytest.raises(LimitReached):
        make(portal, unfinished)
    portal.links.revoke(unfinished, links[0].id)

    assert make(portal, unfinished).link.works


def test_making_and_revoking_is_in_the_audit_log_without_the_note(portal, unfinished):
    made = make(portal, unfinished, note="between us", hours=1)
    portal.links.revoke(unfinished, made.link.id)

    entries = portal.audit_log.newest(9)

    assert [(entry.what, entry.details, entry.outcome) for entry in entries] == [
        ("revoke", "", "done"),
        ("invite", "works for 1 hour", "done"),
    ]
    assert {entry.connector_id for entry in entries} == {unfinished}
