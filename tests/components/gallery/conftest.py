"""One server and one browser for the tests of the gallery."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.component_server import component_server, visitor

SCRIPT = Path(__file__).parent / "gallery_app.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with component_server(SCRIPT, tmp_path_factory.mktemp("gallery")) as url:
        yield url


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    with visitor(window) as page:
        yield page
