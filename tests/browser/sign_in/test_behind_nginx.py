"""The product behind nginx, which ends TLS."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.browser.sign_in import steps
from tests.support.nginx_server import nginx
from tests.support.servers import free_port
from tests.support.site import Site, site

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

PAGE_REQUEST = {"Accept": "text/html"}


@dataclass(frozen=True)
class Secure:
    """A site with TLS, and the certificate of it."""

    site: Site
    certificate: Path

    def status(self, path: str, cookie: str) -> int:
        """Return the status of a request with a Cookie header."""
        headers = {**PAGE_REQUEST, "Cookie": cookie}
        url, verify = f"{self.site.url}{path}", str(self.certificate)
        return requests.get(
            url, headers=headers, verify=verify, timeout=10, allow_redirects=False
        ).status_code


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """The site behind nginx."""
    folder, port = tmp_path_factory.mktemp("tls"), free_port()
    with (
        site(folder, url=f"https://localhost:{port}") as running,
        nginx(folder / "nginx", port, running.port) as certificate,
    ):
        yield Secure(running, certificate)


def test_with_tls_the_cookie_is_bound_to_the_host_and_a_deep_link_survives(
    secure: Secure, page: Page
):
    connection = secure.site.connector_of("acme")
    address = f"{secure.site.url}{steps.path_of(connection)}"

    page.goto(address)
    page.get_by_role("link", name="Continue with Example ID").click()
    steps.sign_in_at_provider(page, "ada")

    steps.sees(page, connection)  # which comes over the WebSocket
    assert page.url == address
    (cookie,) = (c for c in page.context.cookies() if c["name"].endswith("pbf"))
    assert cookie["name"] == "__Host-pbf"
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
    assert (cookie["domain"], cookie["path"], cookie["expires"]) == ("localhost", "/", -1)
    value = cookie["value"]
    assert secure.status("/_/connectors", f"__Host-pbf={value}") == 200
    # Another site of the same domain could set the other name.
    assert secure.status("/_/connectors", f"pbf={value}") == 401
    assert secure.status("/", f"pbf={value}") == 303
    assert secure.status("/_/connectors", f"__Host-pbf={value}; __Host-pbf=x") == 401

    page.evaluate("fetch('/_/sign-out', {method: 'POST'})")
    steps.sees_the_end(page)
    assert "__Host-pbf" not in {c["name"] for c in page.context.cookies()}
    assert secure.status("/_/connectors", f"__Host-pbf={value}") == 401


def test_a_socket_through_nginx_needs_our_origin(secure: Secure):
    url = f"{secure.site.url.replace('https', 'wss')}/_stcore/stream"
    context = ssl.create_default_context(cafile=str(secure.certificate))
    for origin in (None, "https://evil.example"):
        with (
            pytest.raises(InvalidStatus) as caught,
            connect(url, origin=origin, ssl=context, proxy=None),  # type: ignore[arg-type]
        ):
            pass
        assert caught.value.response.status_code == 403
