"""The dashboard in a frame of another page: the Connect Card opens in a tab of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser import steps
from tests.support.component_server import visiting
from tests.support.servers import dashboard

HOST = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def framed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard, which the pages of one other origin may show."""
    with dashboard(tmp_path_factory.mktemp("framed"), PBF_FRAME_ANCESTORS=HOST) as url:
        yield url


@pytest.mark.browser
def test_in_a_frame_the_page_follows_the_connector_while_its_card_is_open(
    framed: str, window: BrowserContext
):
    source = f"{framed}/connect?service=google_sheets"
    body = f'<iframe src="{source}" style="width:1200px;height:850px"></iframe>'
    with visiting(window) as open_page:
        host = open_page()
        host.route(f"{HOST}/", lambda route: route.fulfill(body=body, content_type="text/html"))
        host.goto(f"{HOST}/")
        frame = host.frame_locator("iframe")
        frame.get_by_role("textbox", name="Name").fill("In a frame")
        frame.get_by_role("button", name="Create and continue").click()

        with host.expect_popup() as opened:
            frame.get_by_role("link", name="Open the Connect Card in a new tab").click()

        waits = frame.get_by_text("The Connect Card is open in another tab.")
        expect(waits).to_be_visible()
        expect(frame.get_by_role("heading", name="In a frame")).to_be_visible()
        expect(frame.get_by_text("Opening the Connect Card")).not_to_be_visible()
        steps.fill_google_sheets(opened.value)
        steps.save_and_test(opened.value)
        expect(waits).not_to_be_visible()
        expect(frame.get_by_text("First sync").first).to_be_visible()
