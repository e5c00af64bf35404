"""The search for canaries finds them, in whatever form, wherever they have no permit."""

from base64 import b64encode, urlsafe_b64encode
from html import escape
from urllib.parse import quote

import pytest

from pbf.connectors.connect_card import Signer
from tests.browser.canaries import SLIP, TOKEN, Permit, Place, found

SECRET = 'can&ary/7Qm4"ü'
TICKET, CARD = Signer("key").link("us", "it"), "eyJhbGciOi.eyJzdWIiOiJ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(SECRET, id="plain"),
        pytest.param(f"?x={quote(SECRET, safe='')}&y", id="in-a-url"),
        pytest.param(f"<p>{escape(SECRET)}</p>", id="in-html"),
        pytest.param(b64encode(f"k:{SECRET}:z".encode()).decode(), id="in-a-header"),
        pytest.param(urlsafe_b64encode(f"key{SECRET}?".encode()).decode(), id="in-a-slip"),
        pytest.param(SECRET.encode().hex(), id="in-hex"),
        pytest.param(f"/_/go/{TICKET} ", id="a-slip"),
        pytest.param(f"card?auth={CARD}&x", id="a-card"),
    ],
)
def test_a_secret_is_found_in_every_form(written: str):
    leaks = found([Place("here", b"\x00\xff" + written.encode())], {"it": SECRET})

    assert [leak.partition(" holds ")[0] for leak in leaks] == ["here"]


def test_a_permit_is_for_its_place_and_its_secret_alone():
    permit = Permit("GET /form body", TOKEN)
    both = f"{CARD} {TICKET}".encode()

    leaks = found([Place("GET /form body", both), Place("GET /form", CARD.encode())], {}, [permit])

    assert [leak.partition(":")[0] for leak in leaks] == [
        "GET /form body holds a slip",
        "GET /form holds a Connect Card's token",
    ]
    assert permit.used == 1


def test_what_only_looks_like_a_slip_is_none():
    script = f"window.{'a' * 6}.{'b' * 43}".encode()

    assert found([Place("a script", script)], {"it": SECRET}) == []
    assert found([Place("a ticket", TICKET.encode())], {}, [Permit("a ticket", SLIP)]) == []
