import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.paths import own_page


@pytest.mark.parametrize(
    "page", ["/", "/connect", "/connect?service=google_ads&next=//x", "/_stcore", "/a%20b", "/#x"]
)
def test_our_own_pages_are_kept(page):
    assert own_page(page) == page


@pytest.mark.parametrize(
    "address",
    [
        "",
        "connect",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1",
        "/\t/evil.example",
        "/\x00",
        "/a b",
        "/é",
        " /connect",
        "/_",
        "/_/go/one",
        "/_?x",
        "/%5f/go/one",
        "/a/../_/go/one",
        "/a/%2e%2E/_/go/one",
        "/./_/go/one",
        "/" + "a" * 3000,
    ],
)
def test_any_other_address_becomes_the_start_page(address):
    assert own_page(address) == "/"


@given(st.text(alphabet="/\\_.%25efE?#@:a\t\r\n\x00é"))
def test_whatever_is_kept_stays_on_our_host(address):
    page = own_page(address)

    assert page[0] == "/"
    assert page[:2] not in ("//", "/\\")
    assert page.isascii()
    assert page.isprintable()
