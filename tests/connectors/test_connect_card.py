import pytest

from pbf.connectors.connect_card import DAY, LONGEST_TOKEN, Signer

NOW = 1_700_000_000.0


@pytest.fixture
def clock(monkeypatch):
    """What itsdangerous takes for the time, as a list of one number."""
    now = [NOW]
    monkeypatch.setattr("time.time", lambda: now[0])
    return now


@pytest.fixture
def signer():
    return Signer("a key")


def test_a_ticket_leads_to_its_connector(signer):
    ticket = signer.link("us", "speak_inexpensive")

    assert signer.read_link(ticket, "us") == "speak_inexpensive"


def test_a_ticket_of_another_tenant_leads_nowhere(signer):
    ticket = signer.link("us", "speak_inexpensive")

    assert signer.read_link(ticket, "them") is None


def test_a_ticket_can_stand_in_a_path(signer):
    ticket = signer.link("us", "ü/.. ?#")

    assert ticket.replace(".", "").replace("-", "").replace("_", "").isalnum()
    assert signer.read_link(ticket, "us") == "ü/.. ?#"


def test_a_state_says_what_was_put_into_it(signer):
    by_id = signer.read_state(signer.state("us", connector_id="one"), "us")
    by_name = signer.read_state(signer.state("us", schema_name="sales.sales"), "us")

    assert by_id is not None
    assert by_name is not None
    assert (by_id.tenant_id, by_id.connector_id, by_id.schema_name) == ("us", "one", "")
    assert (by_name.connector_id, by_name.schema_name) == ("", "sales.sales")


def test_two_states_for_the_same_connector_differ(signer):
    states = [signer.state("us", connector_id="one") for _ in range(3)]

    nonces = {said.nonce for state in states if (said := signer.read_state(state, "us"))}

    assert len(set(states)) == 3
    assert len(nonces) == 3


def test_a_state_of_another_tenant_says_nothing(signer):
    assert signer.read_state(signer.state("us", connector_id="one"), "them") is None


def test_a_ticket_is_no_state_and_a_state_no_ticket(signer):
    assert signer.read_state(signer.link("us", "one"), "us") is None
    assert signer.read_link(signer.state("us", connector_id="one"), "us") is None


def test_what_another_key_signed_is_not_ours(signer):
    other = Signer("another key")

    assert signer.read_link(other.link("us", "one"), "us") is None
    assert signer.read_state(other.state("us", connector_id="one"), "us") is None


def test_processes_that_share_the_key_read_each_other(signer):
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


def test_no_letter_of_a_slip_can_be_changed(signer, clock):
    # The last letter of base64 has bits that say nothing, so that it may stand for another.
    ticket = signer.link("us", "one")

    for place in range(len(ticket) - 1):
        letter = "A" if ticket[place] != "A" else "B"
        assert signer.read_link(ticket[:place] + letter + ticket[place + 1 :], "us") is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(".", id="dot"),
        pytest.param("..", id="dots"),
        pytest.param("no slip", id="words"),
        pytest.param("é" * 20, id="other-letters"),
        pytest.param("\ud800", id="half-a-letter"),
        pytest.param("a" * 100_000, id="very-long"),
        pytest.param("WyJ1cyIsIm9uZSJd", id="unsigned"),
    ],
)
def test_what_is_no_slip_is_nothing(signer, text):
    assert signer.read_link(text, "us") is None
    assert signer.read_state(text, "us") is None


def test_slips_live_for_a_day_and_no_longer(signer, clock):
    ticket, state = signer.link("us", "one"), signer.state("us", connector_id="one")

    clock[0] = NOW + DAY
    still = signer.read_link(ticket, "us"), signer.read_state(state, "us")
    clock[0] = NOW + DAY + 1
    later = signer.read_link(ticket, "us"), signer.read_state(state, "us")

    assert None not in still
    assert later == (None, None)


def test_an_invitation_leads_to_its_connector_and_is_neither_ticket_nor_state(signer):
    invitation = signer.invitation("us", "one")

    assert signer.read_invitation(invitation, "us") == "one"
    assert signer.read_invitation(invitation, "them") is None
    assert signer.read_link(invitation, "us") is None
    assert signer.read_state(invitation, "us") is None
    assert signer.read_invitation(signer.link("us", "one"), "us") is None


def test_a_slip_that_is_too_long_is_not_even_verified(signer):
    ticket, state = signer.link("us", "a" * 2_000), signer.state("us", schema_name="a" * 2_000)
    padded = signer._dump(signer._links, ["us", "".join(map(chr, range(300, 900)))])

    assert len(padded) > LONGEST_TOKEN
    assert signer.read_link(padded, "us") is None
    assert len(ticket) < LONGEST_TOKEN
    assert signer.read_link(ticket, "us") is not None
    assert signer.read_state(state, "us") is not None
