"""A real Chromium, and the product as a person starts it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import requests
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.support.component_server import visiting
from tests.support.servers import dashboard

# Streamlit looks below the page's own path first, by design.
HARMLESS = ("_stcore/health", "_stcore/host-config")


@dataclass
class Visitor:
    """A person who was never here, and what the browser complains of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until Streamlit has run the page to its end."""
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on its own sandbox, shared by the tests of one file."""
    with dashboard(tmp_path_factory.mktemp("product")) as url:
        yield url


def controls(url: str) -> Callable[..., dict]:
    """Use the sandbox's controls: what to do, and what for."""

    def use(method: str, path: str, /, **given: object) -> dict:
        answer = requests.request(method, f"{url}/sandbox/_control/{path}", json=given, timeout=10)
        answer.raise_for_status()
        return answer.json()

    return use


@pytest.fixture
def control(product) -> Callable[..., dict]:
    """The controls of the product's sandbox."""
    return controls(product)


@pytest.fixture
def ids(product) -> dict[str, str]:
    """The connectors' ids by their permanent names."""
    found = requests.get(f"{product}/_/connectors", timeout=10).json()
    return {one["schema"]: one["id"] for one in found}


@pytest.fixture
def visit(window: BrowserContext) -> Iterator[Callable[[str], Visitor]]:
    """Give out people who were never here; one who saw a console error fails the test."""
    visitors: list[Visitor] = []

    with visiting(window) as open_page:

        def arrive(url: str) -> Visitor:
            visitor = Visitor(open_page())
            visitors.append(visitor)
            _watch(visitor)
            visitor.page.goto(url)
            visitor.settle()
            return visitor

        yield arrive
        assert [visitor.complaints for visitor in visitors] == [[] for _ in visitors]


def _watch(visitor: Visitor) -> None:
    page = visitor.page
    page.on("console", lambda message: _note(visitor, message))
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))


def _note(visitor: Visitor, message: ConsoleMessage) -> None:
    where = message.location.get("url", "")
    if message.type == "error" and not any(part in where for part in HARMLESS):
        visitor.complaints.append(f"{message.text} {where}")
