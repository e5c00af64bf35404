"""For any input, names are valid, and only tokens that we signed are accepted."""

import re
import string

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as some

from pbf.errors import BadAnswer, InvalidName
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.rules.permanent_names import ANY_NAME, MAX_LENGTH, permanent_name
from pbf.signed_links import Signer
from tests.properties.plan import ENOUGH, PLAN, planned

API = "https://fivetran.example"
VALID = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
TYPED = some.text(max_size=200)
NAMES = some.text(alphabet="ab_1", min_size=1, max_size=4)
TOKEN_LETTERS = string.ascii_letters + string.digits + "-_."
IDS = some.text(min_size=1, max_size=30)


def test_enough_examples_are_drawn():
    assert sum(PLAN.values()) >= ENOUGH


@planned("typed names")
@given(typed=TYPED)
def test_any_typed_text_becomes_a_valid_and_stable_name(typed: str):
    try:
        name = ANY_NAME.name(typed)
    except InvalidName:
        return

    assert VALID.fullmatch(name)
    assert len(name) <= MAX_LENGTH
    assert ANY_NAME.name(name) == name


@planned("names beside other names")
@given(typed=TYPED | NAMES, existing=some.lists(NAMES | TYPED, max_size=12))
def test_the_free_name_is_valid_and_unused(typed: str, existing: list[str]):
    try:
        name = permanent_name("postgres", typed, existing)
    except InvalidName:
        return

    assert VALID.fullmatch(name.free)
    assert len(name.free) <= MAX_LENGTH
    assert name.free not in {schema.split(".")[0].lower() for schema in existing}


@planned("texts as tokens")
@given(text=some.text(max_size=200) | some.text(alphabet=TOKEN_LETTERS, max_size=200))
def test_arbitrary_text_is_not_a_signed_token(text: str):
    signer = Signer("a key")

    assert signer.read_state(text, "us") is None
    assert signer.read_link(text, "us") is None
    assert signer.read_invitation(text, "us") is None


@planned("tokens with a changed letter")
@given(data=some.data(), connector=IDS, letter=some.sampled_from(TOKEN_LETTERS))
def test_a_changed_token_is_equivalent_or_invalid(data, connector: str, letter: str):
    signer = Signer("a key")
    tokens = (
        signer.state("us", connector_id=connector),
        signer.link("us", connector),
        signer.invitation("us", connector),
    )
    place = data.draw(some.integers(0, min(map(len, tokens)) - 1))

    state, link, invitation = (f"{token[:place]}{letter}{token[place + 1 :]}" for token in tokens)

    # The last letter of a signature has unused bits.
    assert signer.read_state(state, "us") in (None, signer.read_state(tokens[0], "us"))
    assert signer.read_link(link, "us") in (None, connector)
    assert signer.read_invitation(invitation, "us") in (None, connector)


@planned("tokens of other keys, tenants and uses")
@given(connector=IDS, tenant=IDS, key=IDS)
def test_a_token_is_valid_only_for_its_key_tenant_and_use(connector, tenant, key):
    signer = Signer("a key")
    tokens = {
        "state": signer.state("us", connector_id=connector),
        "link": signer.link("us", connector),
        "invitation": signer.invitation("us", connector),
    }

    def read(reader: Signer, tenant_id: str) -> dict[tuple[str, str], str]:
        """Return which token is accepted for which use, and its content."""
        read_as = {
            "state": lambda token: getattr(
                reader.read_state(token, tenant_id), "connector_id", None
            ),
            "link": lambda token: reader.read_link(token, tenant_id),
            "invitation": lambda token: reader.read_invitation(token, tenant_id),
        }
        contents = {(kind, use): read_as[use](tokens[kind]) for kind in tokens for use in read_as}
        return {pair: content for pair, content in contents.items() if content is not None}

    assert read(signer, "us") == {(kind, kind): connector for kind in tokens}
    assert tenant == "us" or read(signer, tenant) == {}
    assert key == "a key" or read(Signer(key), "us") == {}


@planned("lists of cursors")
@given(cursors=some.lists(some.text(min_size=1, max_size=12), max_size=6))
def test_a_list_follows_every_cursor_once_and_ends(cursors: list[str]):
    pages = [*cursors, None]
    client = ApiClient(Request(API, "key", "secret"))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        for number, cursor in enumerate(pages):
            page = {"items": [{"id": f"service_{number}"}], "next_cursor": cursor}
            api.get(f"{API}/v1/metadata/connector-types", json={"code": "Success", "data": page})
        services = client.get_metadata()

        if len(set(cursors)) < len(cursors):
            with pytest.raises(BadAnswer, match="does not end"):
                list(services)
        else:
            assert [service.id for service in services] == [
                f"service_{at}" for at in range(len(pages))
            ]
            sent = [call.request.params.get("cursor") for call in api.calls]
            assert sent == [None, *cursors]
