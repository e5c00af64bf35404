import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.paths import RESERVED, from_page, own_page, path_of, with_prefix, without_prefix
from tests.support.servers import ROOT


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
        "/data/_/go/one",
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


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/data", ""),
        ("/data/", "/"),
        ("/data/connectors", "/connectors"),
        ("/connectors", "/connectors"),
        ("/database", "/database"),
        ("/", "/"),
    ],
)
def test_a_request_means_the_same_with_the_prefix_kept_and_removed(path, own):
    assert without_prefix(path, "/data") == own


@pytest.mark.parametrize(
    ("address", "requested"),
    [
        ("/", "/data/"),
        ("/_/sign-in?next=%2F", "/data/_/sign-in?next=%2F"),
        ("/data/connectors?id=1", "/data/connectors?id=1"),
        ("/data?x", "/data?x"),
        ("/database", "/data/database"),
        ("https://other.example/", "https://other.example/"),
        ("//other.example/", "//other.example/"),
        ("setup?token=1", "setup?token=1"),
    ],
)
def test_only_our_own_paths_get_the_prefix(address, requested):
    assert with_prefix(address, "/data") == requested
    assert with_prefix(address, "") == address


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (None, ""),
        ("https://a.example", ""),
        ("https://a.example/", ""),
        ("https://a.example/b/c", "/b/c"),
    ],
)
def test_the_prefix_is_the_path_of_our_address(url, path):
    assert path_of(url) == path


def test_a_link_on_a_page_is_relative_to_it():
    assert from_page("/_/go/one") == "./_/go/one"
    assert from_page("https://a.example/") == "https://a.example/"


def test_no_prefix_is_a_page():
    names = {path.stem for path in (ROOT / "pages").glob("*.py")}

    assert names - RESERVED == set()
