"""A server with the script of the folder under test, and a page of a new visitor."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.component_server import component_server, visitor


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a server that runs the one *_app.py beside the tests."""
    (script,) = request.path.parent.glob("*_app.py")
    with component_server(script, tmp_path_factory.mktemp("component")) as url:
        yield url


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A page of a new visitor."""
    with visitor(window) as page:
        yield page
