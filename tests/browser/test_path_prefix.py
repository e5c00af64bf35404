"""The product behind nginx, which ends TLS, under a path of a shared host."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, Response, expect

from pbf.server.compression import SMALLEST
from tests.browser import steps
from tests.browser.conftest import HARMLESS, Visitor
from tests.support.component_server import new_context
from tests.support.nginx_server import nginx
from tests.support.servers import dashboard, free_port, json_api
from tests.support.variants import exhaustive

PREFIX = "/data/connections"
HOW = [
    pytest.param(False, id="kept"),
    exhaustive(True, id="stripped"),
]


@dataclass(frozen=True)
class Front:
    """The address under which nginx serves the product, and the certificate of it."""

    url: str
    certificate: Path

    def get(self, path: str) -> requests.Response:
        """Request a path below the prefix."""
        return requests.get(
            f"{self.url}{path}", verify=str(self.certificate), timeout=20, allow_redirects=False
        )


@pytest.fixture(scope="module", params=HOW)
def front(tmp_path_factory: pytest.TempPathFactory, request) -> Iterator[Front]:
    """The dashboard behind nginx, which keeps the prefix or strips it."""
    folder, port = tmp_path_factory.mktemp("prefix"), free_port()
    url = f"https://localhost:{port}{PREFIX}"
    with (
        dashboard(folder, PBF_PUBLIC_URL=url) as direct,
        nginx(
            folder / "nginx", port, urlsplit(direct).port, prefix=PREFIX, strip=request.param
        ) as certificate,
    ):
        yield Front(url, certificate)


@dataclass
class Traffic:
    """What a browser asked for, and what went wrong."""

    responses: list[Response] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Collect what a page requests and logs."""
        page.on("response", lambda response: self.responses.append(response))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda message: message.type == "error" and self.errors.append(message.text),
        )

    def refused(self) -> list[tuple[int, str]]:
        """Return what was answered with 4xx or 5xx."""
        pairs = [(response.status, response.url) for response in self.responses]
        return [pair for pair in pairs if pair[0] >= 400 and not pair[1].endswith(HARMLESS)]

    def elsewhere(self, url: str) -> set[str]:
        """Return what was requested outside an address."""
        urls = {response.url for response in self.responses if response.url.startswith("http")}
        return {one for one in urls if one != url and not one.startswith(f"{url}/")}

    def uncompressed(self, url: str) -> set[str]:
        """Return Streamlit's scripts that came uncompressed, except small ones."""
        scripts = [r for r in self.responses if r.url.startswith(f"{url}/static/js/")]
        assert scripts
        plain = (r for r in scripts if "content-encoding" not in r.headers)
        return {r.url for r in plain if int(r.headers["content-length"]) >= SMALLEST}


@pytest.mark.exhaustive
def test_the_journey_stays_below_the_prefix(front: Front, chromium: Browser):
    context = new_context(chromium, ignore_https_errors=True)
    page, traffic = context.new_page(), Traffic()
    traffic.watch(page)
    visitor = Visitor(page)

    page.goto(front.url)
    visitor.settle()
    page.get_by_role("button", name="Connect a source").click()
    steps.choose_service(visitor, "google she", "Google Sheets")
    steps.create(visitor, "Below a path")
    assert page.url.startswith(f"{front.url}/sandbox/connect-card/")
    steps.fill_google_sheets(page)
    steps.save_and_test(page)
    steps.come_back(visitor)
    assert page.url == f"{front.url}/connectors"
    steps.row(page, "Below a path").get_by_role("link", name="Below a path").click()
    expect(page.get_by_role("heading", name="Below a path")).to_be_visible()
    page.reload()
    visitor.settle()
    page.goto(f"{front.url}/connectors")
    steps.row(page, "stripe_payments").get_by_role("link").first.click()
    page.get_by_text("Show as a table").first.click()
    with page.expect_download() as syncs:
        page.get_by_role("link", name="Download CSV").click()
    page.goto(f"{front.url}/activity")
    visitor.settle()
    with page.expect_download() as audit:
        page.get_by_role("link", name="Download CSV").click()
    page.go_back()
    expect(page.get_by_role("heading", name="Syncs")).to_be_visible()
    assert page.url.startswith(f"{front.url}/connector?id=")

    assert syncs.value.url.startswith(f"{front.url}/_/connectors/")
    assert "below_a_path" in audit.value.path().read_text()
    assert (traffic.errors, traffic.refused()) == ([], [])
    assert traffic.elsewhere(front.url) == set()
    assert traffic.uncompressed(front.url) == set()
    context.close()


@pytest.mark.parametrize("path", ["/_/unknown", "/_/", "/_", "/static/js/old.js", "/static"])
def test_an_unknown_path_is_not_answered_with_a_page(front: Front, path: str):
    assert front.get(path).status_code == 404


def test_the_description_of_the_routes_and_its_page_are_below_the_prefix(front: Front):
    description = front.get("/_/openapi.json").json()
    scripts = re.findall('src="([^"]+)"', front.get("/_/docs").text)

    assert description["servers"] == [{"url": PREFIX}]
    assert [front.get(script.removeprefix(PREFIX)).status_code for script in scripts] == [200, 200]


def test_the_icon_is_ours(front: Front):
    assert front.get("/favicon.png").headers["Content-Type"] == "image/svg+xml"


@pytest.mark.parametrize("strip", HOW)
def test_the_routes_alone_work_below_the_prefix(tmp_path: Path, strip: bool):
    port = free_port()
    url = f"https://localhost:{port}{PREFIX}"
    with (
        json_api(tmp_path, PBF_PUBLIC_URL=url) as direct,
        nginx(
            tmp_path / "nginx", port, urlsplit(direct).port, prefix=PREFIX, strip=strip
        ) as certificate,
    ):
        front = Front(url, certificate)
        service = front.get("/_/services").json()[0]
        icon = front.get(service["icon_url"].removeprefix(url))
        connector = front.get("/_/connectors").json()[0]
        form = front.get(f"/_/connectors/{connector['id']}/form").json()
        card = front.get(form["url"].removeprefix(url))

    assert icon.headers["Content-Type"].startswith("image/svg+xml")
    assert form["url"].startswith(f"{url}/sandbox/")
    assert card.status_code == 200
