"""One site for all tests of this folder, and people with browsers of their own."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.component_server import new_context
from tests.support.site import Site, site

# The second provider's pages ask for a style sheet of the Internet.
ELSEWHERE = "https://cdn.jsdelivr.net/**"
NewBrowser = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site; what a test changes there, no other test may notice."""
    with site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def new_browser(chromium: Browser) -> Iterator[NewBrowser]:
    """Open browsers that have no cookies, or that of a session."""
    opened: list[BrowserContext] = []

    def new(site: Site | None = None, cookie: str = "") -> BrowserContext:
        browser = new_context(chromium, ignore_https_errors=True)
        browser.route(ELSEWHERE, lambda route: route.abort())
        if site and cookie:
            browser.add_cookies(
                [{"name": site.cookie_name, "value": cookie, "url": site.url, "httpOnly": True}]
            )
        opened.append(browser)
        return browser

    yield new
    for browser in opened:
        browser.close()


@pytest.fixture
def page(new_browser: NewBrowser) -> Page:
    """A tab of a browser without cookies."""
    return new_browser().new_page()
