"""The product behind Apache with mod_auth_openidc, which signs people in and proves itself."""

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.sign_in import steps
from tests.support.apache_server import PRESET, SECRET, apache, require_apache
from tests.support.servers import free_port
from tests.support.site import Site, site

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

GRACE = {"X-Claim-sub": "grace", "X-Claim-email": "grace@globex.example"}
ADA = {"X-Claim-sub": "ada", "X-Claim-email": "ada@acme.example"}
PROVEN = {"X-Proxy-Secret": SECRET}


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site behind Apache."""
    require_apache()
    folder, port = tmp_path_factory.mktemp("trusted"), free_port()
    settings = {
        "PBF_SIGN_IN": "proxy",
        "PBF_PROXY_SECRET": SECRET,
        "PBF_PROXY_PRESET": PRESET,
        "PBF_ALLOWED_HOSTS": "127.0.0.1",
    }
    url = f"http://localhost:{port}"
    with site(folder, url=url, provider_id="apache", **settings) as running:
        issuer = running.settings["PBF_OIDC_ISSUER"]
        with apache(folder / "apache", port, running.port, issuer):
            yield running


def directly(site: Site, path: str, cookie: str = "", **headers: str) -> requests.Response:
    """Ask the dashboard itself, without the proxy in front of it."""
    more = {"Cookie": f"pbf={cookie}"} if cookie else {}
    return requests.get(
        f"http://localhost:{site.port}{path}",
        headers={"Accept": "text/html", **headers, **more},
        timeout=10,
        allow_redirects=False,
    )


def entered(site: Site, **headers: str) -> str:
    """Return the cookie of the session that the proxy's headers start."""
    return directly(site, "/_/sign-in", **PROVEN, **headers).cookies["pbf"]


def test_the_proxy_signs_people_in_and_their_deep_link_survives(trusted: Site, page: Page):
    connection = trusted.connector_of("acme")
    # What a visitor sends under these names, Apache removes.
    page.set_extra_http_headers({"X-Claim-sub": "grace", "X-Proxy-Secret": "guessed"})
    address = f"{trusted.url}{steps.path_of(connection)}"

    page.goto(address)
    steps.sign_in_at_provider(page, "ada")

    steps.sees(page, connection)
    assert page.url == address
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies(trusted.url)}
    identity = trusted.identity(cookies["pbf"])
    assert (identity.method, identity.email) == ("proxy", "ada@acme.example")


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param({}, id="none"),
        pytest.param({"X-Proxy-Secret": "guessed"}, id="wrong"),
        pytest.param({"X-Proxy-Secret": f"{SECRET}x"}, id="longer"),
        pytest.param({"X_Proxy_Secret": SECRET}, id="underscores"),
    ],
)
def test_headers_without_the_secret_sign_nobody_in(trusted: Site, proof: dict[str, str]):
    for path in ("/_/sign-in", "/", "/_/connectors"):
        answer = directly(trusted, path, **GRACE, **proof)

        assert (path, answer.status_code) in [
            ("/_/sign-in", 403),
            ("/", 303),
            ("/_/connectors", 401),
        ]
        assert not answer.cookies


def test_names_with_underscores_are_not_the_proxys(trusted: Site):
    forged = {name.replace("-", "_"): value for name, value in GRACE.items()}

    answer = directly(trusted, "/_/sign-in", **PROVEN, **forged)
    both = directly(trusted, "/_/sign-in", **PROVEN, **ADA, **forged)

    assert not answer.cookies
    assert trusted.identity(both.cookies["pbf"]).email == "ada@acme.example"


def test_a_session_of_another_person_than_the_header_names_does_not_count(trusted: Site):
    session = entered(trusted, **ADA)
    same = directly(trusted, "/_/connectors", session, **PROVEN, **ADA)

    route = directly(trusted, "/_/connectors", session, **PROVEN, **GRACE)
    page = directly(trusted, "/", session, **PROVEN, **GRACE)
    again = directly(trusted, "/_/sign-in", session, **PROVEN, **GRACE)

    assert (same.status_code, route.status_code, page.status_code) == (200, 401, 303)
    assert trusted.identity(again.cookies["pbf"]).tenant_id == "globex"
    assert directly(trusted, "/_/connectors", session, **PROVEN, **ADA).status_code == 401


def test_somebody_whom_the_proxy_knows_but_no_rule_gets_no_access(trusted: Site, page: Page):
    page.goto(f"{trusted.url}/")
    steps.sign_in_at_provider(page, "zoe")

    expect(page.get_by_text("this account has not been given access")).to_be_visible()
