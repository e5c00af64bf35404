"""A person in Chromium who opens every page and connects a source, and what the browser saw."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Page, Response

from bench.browser import TIMEOUT_MS, WINDOW

PAGES = ("", "services", "connectors", "activity", "incidents", "notifications", "jobs")
# Streamlit looks below the page's own path first, by design.
HARMLESS = ("_stcore/health", "_stcore/host-config")
SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"


@dataclass
class Traffic:
    """What a browser asked for below an address, and what went wrong."""

    url: str
    # Where the Connect Card and icons are, as at Fivetran.
    elsewhere: str
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)

    def watch(self, page: Page) -> None:
        """Collect what a page requests and logs."""
        page.on("response", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note_message)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith(HARMLESS):
            self.errors.append(message.text)

    def _note(self, response: Response) -> None:
        if response.status >= 400 and not response.url.endswith(HARMLESS):
            self.refused.append(f"{response.status} {response.url}")
        inside = response.url.startswith((self.url, self.elsewhere, "data:", "blob:"))
        if not inside:
            self.foreign.add(response.url)


def travel(browser: Browser, url: str, elsewhere: str, name: str) -> Traffic:
    """Open every page, connect Google Sheets under a name, and come back to its page."""
    traffic = Traffic(url, elsewhere)
    with _page(browser) as page:
        traffic.watch(page)
        for path in PAGES:
            page.goto(f"{url}/{path}")
            page.wait_for_selector(SETTLED)
        page.goto(f"{url}/connect?service=google_sheets")
        page.get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("button", name="Create and continue").click()
        _fill_card(page)
        page.wait_for_url(f"{url}/connectors**")
        page.wait_for_selector(SETTLED)
        page.get_by_role("searchbox").first.wait_for()
        page.get_by_role("link", name=re.compile(f"^{name}")).first.click()
        page.get_by_role("heading", name=name).wait_for()
        page.wait_for_selector(SETTLED)
    return traffic


def _fill_card(page: Page) -> None:
    """Authorise Google Sheets on its Connect Card, and go back."""
    page.get_by_role("button", name="Authorise").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_label("Sheet ID").fill("1AbC-sheet")
    page.get_by_label("Pass", exact=True).check()
    page.get_by_role("button", name="Save & Test").click()


@contextmanager
def _page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=WINDOW, ignore_https_errors=True, locale="en-GB")
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()
