"""Signed links, invitations and states, and the URLs of the card that they lead to."""

from urllib.parse import parse_qs, urlsplit

import pytest

from pbf.connectors.portal import Portal
from pbf.signed_links import DAY, LONGEST_TOKEN, Signer

NOW = 1_700_000_000.0


@pytest.fixture
def clock(monkeypatch):
    """The time that itsdangerous reads, as a list of one number."""
    now = [NOW]
    monkeypatch.setattr("time.time", lambda: now[0])
    return now


@pytest.fixture
def signer():
    return Signer("a key")


def test_a_link_leads_to_its_connector(signer):
    link = signer.link("us", "speak_inexpensive")

    assert signer.read_link(link, "us") == "speak_inexpensive"


def test_a_link_of_another_tenant_leads_nowhere(signer):
    link = signer.link("us", "speak_inexpensive")

    assert signer.read_link(link, "them") is None


def test_a_link_can_be_part_of_a_path(signer):
    link = signer.link("us", "ü/.. ?#")

    assert link.replace(".", "").replace("-", "").replace("_", "").isalnum()
    assert signer.read_link(link, "us") == "ü/.. ?#"


def test_a_state_contains_what_was_signed(signer):
    by_id = signer.read_state(signer.state("us", connector_id="one"), "us")
    by_name = signer.read_state(signer.state("us", schema_name="sales.sales"), "us")

    assert by_id is not None
    assert by_name is not None
    assert (by_id.tenant_id, by_id.connector_id, by_id.schema_name) == ("us", "one", "")
    assert (by_name.connector_id, by_name.schema_name) == ("", "sales.sales")


def test_two_states_for_the_same_connector_differ(signer):
    states = [signer.state("us", connector_id="one") for _ in range(3)]

    nonces = {content.nonce for state in states if (content := signer.read_state(state, "us"))}

    assert len(set(states)) == 3
    assert len(nonces) == 3


def test_a_state_of_another_tenant_is_not_accepted(signer):
    assert signer.read_state(signer.state("us", connector_id="one"), "them") is None


def test_a_link_is_not_a_state_and_a_state_not_a_link(signer):
    assert signer.read_state(signer.link("us", "one"), "us") is None
    assert signer.read_link(signer.state("us", connector_id="one"), "us") is None


def test_a_signature_of_another_key_is_not_accepted(signer):
    other = Signer("another key")

    assert signer.read_link(other.link("us", "one"), "us") is None
    assert signer.read_state(other.state("us", connector_id="one"), "us") is None


def test_processes_that_share_the_key_read_each_others_links(signer):
    assert Signer("a key").read_link(signer.link("us", "one"), "us") == "one"


def test_keys_can_be_rotated_with_an_overlap():
    before, during, after = Signer("old"), Signer("new", "old", "oldest"), Signer("new")
    old, new = before.link("us", "one"), during.link("us", "one")
    state, invitation = before.state("us", connector_id="one"), before.invitation("us", "one")

    assert during.read_link(old, "us") == during.read_link(new, "us") == "one"
    assert during.read_state(state, "us") is not None
    assert during.read_invitation(invitation, "us") == "one"
    assert after.read_link(new, "us") == "one"
    assert after.read_link(old, "us") is None
    assert before.read_link(new, "us") is None


def test_no_letter_of_a_link_can_be_changed(signer, clock):
    # The last letter of base64 has unused bits, so that another letter may mean the same.
    link = signer.link("us", "one")

    for place in range(len(link) - 1):
        letter = "A" if link[place] != "A" else "B"
        assert signer.read_link(link[:place] + letter + link[place + 1 :], "us") is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(".", id="dot"),
        pytest.param("..", id="dots"),
        pytest.param("not a token", id="words"),
        pytest.param("é" * 20, id="other-letters"),
        pytest.param("\ud800", id="half-a-letter"),
        pytest.param("a" * 100_000, id="very-long"),
        pytest.param("WyJ1cyIsIm9uZSJd", id="unsigned"),
    ],
)
def test_unsigned_text_is_not_accepted(signer, text):
    assert signer.read_link(text, "us") is None
    assert signer.read_state(text, "us") is None


def test_an_invitation_may_be_used_for_a_week(signer, clock):
    invitation = signer.invitation("us", "a secret")

    clock[0] = NOW + 7 * DAY
    still = signer.read_invitation(invitation, "us")
    clock[0] = NOW + 7 * DAY + 1

    assert still == "a secret"
    assert signer.read_invitation(invitation, "us") is None


def test_a_state_of_an_earlier_version_names_no_invitation(signer):
    earlier = signer._sign("state", "us", "one", "", "nonce")
    by_link = signer.state("us", connector_id="one", invitation_id="a-link")

    assert signer.read_state(earlier, "us").invitation_id == ""
    assert signer.read_state(by_link, "us").invitation_id == "a-link"


def test_links_and_states_expire_after_a_day(signer, clock):
    link, state = signer.link("us", "one"), signer.state("us", connector_id="one")

    clock[0] = NOW + DAY
    still = signer.read_link(link, "us"), signer.read_state(state, "us")
    clock[0] = NOW + DAY + 1
    later = signer.read_link(link, "us"), signer.read_state(state, "us")

    assert None not in still
    assert later == (None, None)


def test_an_invitation_contains_its_secret_and_is_neither_link_nor_state(signer):
    invitation = signer.invitation("us", "one")

    assert signer.read_invitation(invitation, "us") == "one"
    assert signer.read_invitation(invitation, "them") is None
    assert signer.read_link(invitation, "us") is None
    assert signer.read_state(invitation, "us") is None
    assert signer.read_invitation(signer.link("us", "one"), "us") is None


def test_a_token_that_is_too_long_is_not_even_verified(signer):
    link, state = signer.link("us", "a" * 2_000), signer.state("us", schema_name="a" * 2_000)
    padded = signer._sign("link", "us", "".join(map(chr, range(300, 900))))

    assert len(padded) > LONGEST_TOKEN
    assert signer.read_link(padded, "us") is None
    assert len(link) < LONGEST_TOKEN
    assert signer.read_link(link, "us") is not None
    assert signer.read_state(state, "us") is not None


@pytest.fixture
def unfinished(portal: Portal, sandbox) -> str:
    """The id of a connector whose set-up is not finished."""
    connectors = sandbox.world.connections.values()
    return next(row.id for row in connectors if row.setup_state == "incomplete")


def redirect_of(card_url: str) -> str | None:
    """Return where a card of the sandbox leads back to."""
    return parse_qs(urlsplit(card_url).query).get("redirect_uri", [None])[0]


def test_the_path_in_our_pages_contains_a_link_to_the_connector(portal):
    path = portal.cards.link("speak_inexpensive")

    assert path.startswith("/_/go/")
    assert portal.cards.read_link(path.removeprefix("/_/go/")) == "speak_inexpensive"


def test_a_return_url_carries_a_new_state(portal):
    urls = [
        portal.cards.return_url("https://connect.example", schema_name="sales") for _ in range(2)
    ]

    states = [url.removeprefix("https://connect.example/_/return?state=") for url in urls]
    contents = [portal.signer.read_state(state, portal.tenant.id) for state in states]
    assert [content.schema_name for content in contents] == ["sales", "sales"]
    assert len({content.nonce for content in contents}) == 2


def test_each_kind_of_card_leads_back_to_its_own_route(portal, unfinished):
    cards, base = portal.cards, "https://connect.example"

    ours = cards.open(unfinished, public_url=base)
    colleagues = cards.open_for_colleague(unfinished, "a-link", public_url=base)
    chosen = cards.form(unfinished, public_url=base, redirect_uri="https://app.example/back")
    plain = cards.form(unfinished, public_url=base)

    assert redirect_of(ours).startswith(f"{base}/_/return?state=")
    assert redirect_of(colleagues).startswith(f"{base}/_/invited?state=")
    assert redirect_of(chosen) == "https://app.example/back"
    assert redirect_of(plain) is None
