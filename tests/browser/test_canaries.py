"""The search for canaries finds them, in whatever form, wherever they have no permit."""

from base64 import b64encode, urlsafe_b64encode
from html import escape
from urllib.parse import quote

import pytest

from pbf.signed_links import Signer
from tests.browser.canaries import SIGNED_LINK, TOKEN, Permit, Place, found

SECRET = 'can&ary/7Qm4"ü'
LINK, CARD = Signer("key").link("us", "it"), "eyJhbGciOi.eyJzdWIiOiJ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(SECRET, id="plain"),
        pytest.param(f"?x={quote(SECRET, safe='')}&y", id="in-a-url"),
        pytest.param(f"<p>{escape(SECRET)}</p>", id="in-html"),
        pytest.param(b64encode(f"k:{SECRET}:z".encode()).decode(), id="in-a-header"),
        pytest.param(urlsafe_b64encode(f"key{SECRET}?".encode()).decode(), id="in-a-signed-link"),
        pytest.param(SECRET.encode().hex(), id="in-hex"),
        pytest.param(f"/_/go/{LINK} ", id="a-signed-link"),
        pytest.param(f"card?auth={CARD}&x", id="a-card"),
    ],
)
def test_a_secret_is_found_in_every_form(written: str):
    leaks = found([Place("here", b"\x00\xff" + written.encode())], {"it": SECRET})

    assert [leak.partition(" holds ")[0] for leak in leaks] == ["here"]


def test_a_permit_is_for_its_place_and_its_secret_alone():
    permit = Permit("GET /form body", TOKEN)
    both = f"{CARD} {LINK}".encode()

    leaks = found([Place("GET /form body", both), Place("GET /form", CARD.encode())], {}, [permit])

    assert [leak.partition(":")[0] for leak in leaks] == [
        "GET /form body holds a signed link",
        "GET /form holds a Connect Card's token",
    ]
    assert permit.used == 1


def test_what_only_looks_like_a_signed_link_is_none():
    script = f"window.{'a' * 6}.{'b' * 43}".encode()

    assert found([Place("a script", script)], {"it": SECRET}) == []
    assert found([Place("a link", LINK.encode())], {}, [Permit("a link", SIGNED_LINK)]) == []
