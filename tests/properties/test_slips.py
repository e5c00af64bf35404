"""Whatever is typed or comes back: names are valid, and only slips that we made count."""

import re
import string

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as some

from pbf.api_client import ApiClient, Request
from pbf.errors import BadAnswer, InvalidName
from pbf.handoff import Signer
from pbf.naming import LONGEST, permanent_name, slug
from tests.draws import cases

API = "https://fivetran.example"
VALID = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
TYPED = some.text(max_size=200)
NAMES = some.text(alphabet="ab_1", min_size=1, max_size=4)
SLIP_LETTERS = string.ascii_letters + string.digits + "-_."
IDS = some.text(min_size=1, max_size=30)


@cases(3000)
@given(typed=TYPED)
def test_a_name_is_valid_and_stays_what_it_is_whatever_is_typed(typed: str):
    try:
        name = slug(typed)
    except InvalidName:
        return

    assert VALID.fullmatch(name)
    assert len(name) <= LONGEST
    assert slug(name) == name


@cases(2000)
@given(typed=TYPED | NAMES, existing=some.lists(NAMES | TYPED, max_size=12))
def test_the_free_name_is_valid_and_nobody_s(typed: str, existing: list[str]):
    try:
        name = permanent_name("postgres", typed, existing)
    except InvalidName:
        return

    assert VALID.fullmatch(name.free)
    assert len(name.free) <= LONGEST
    assert name.free not in {one.split(".")[0].lower() for one in existing}


@cases(1500)
@given(text=some.text(max_size=200) | some.text(alphabet=SLIP_LETTERS, max_size=200))
def test_no_text_is_a_slip(text: str):
    signer = Signer("a key")

    assert signer.read_state(text, "us") is None
    assert signer.read_ticket(text, "us") is None


@cases(1500)
@given(data=some.data(), connector=IDS, letter=some.sampled_from(SLIP_LETTERS))
def test_a_slip_that_was_changed_says_what_it_said_or_nothing(data, connector: str, letter: str):
    signer = Signer("a key")
    state, ticket = signer.state("us", connector_id=connector), signer.ticket("us", connector)
    place = data.draw(some.integers(0, min(len(state), len(ticket)) - 1))

    changed = [f"{slip[:place]}{letter}{slip[place + 1 :]}" for slip in (state, ticket)]

    # The last letter of a signature has bits that say nothing.
    assert signer.read_state(changed[0], "us") in (None, signer.read_state(state, "us"))
    assert signer.read_ticket(changed[1], "us") in (None, connector)


@cases(500)
@given(connector=IDS, tenant=IDS, key=IDS)
def test_a_slip_counts_for_its_maker_its_tenant_and_its_use_alone(connector, tenant, key):
    signer = Signer("a key")
    state, ticket = signer.state("us", connector_id=connector), signer.ticket("us", connector)

    assert signer.read_ticket(ticket, "us") == connector
    assert (signer.read_state(state, "us") or pytest.fail("it is ours")).connector_id == connector
    assert (signer.read_state(ticket, "us"), signer.read_ticket(state, "us")) == (None, None)
    if tenant != "us":
        assert (signer.read_state(state, tenant), signer.read_ticket(ticket, tenant)) == (None,) * 2
    if key != "a key":
        assert Signer(key).read_state(state, "us") is None
        assert Signer(key).read_ticket(ticket, "us") is None


@cases(600)
@given(cursors=some.lists(some.text(min_size=1, max_size=12), max_size=6))
def test_a_list_follows_every_cursor_once_and_ends(cursors: list[str]):
    pages = [*cursors, None]
    client = ApiClient(Request(API, "key", "secret"))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        for number, cursor in enumerate(pages):
            answer = {"items": [{"id": f"service_{number}"}], "next_cursor": cursor}
            api.get(f"{API}/v1/metadata/connector-types", json={"code": "Success", "data": answer})
        listing = client.get_metadata()

        if len(set(cursors)) < len(cursors):
            with pytest.raises(BadAnswer, match="does not end"):
                list(listing)
        else:
            assert [one.id for one in listing] == [f"service_{at}" for at in range(len(pages))]
            sent = [call.request.params.get("cursor") for call in api.calls]
            assert sent == [None, *cursors]
