"""Clicks that are made before the answer to the first has come over a slow line."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser import steps
from tests.support.component_server import PATIENCE_MS

NAME = "facebook_ads_dach"


class Line:
    """The way from the server to a page that is about to be loaded; it can be held up."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._held: list[bytes] | None = None
        self._hides_ends = False
        page.route_web_socket("**/_stcore/stream", self._open)

    def _open(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        socket.connect_to_server().on_message(self._pass)

    def _pass(self, message: bytes) -> None:
        if self._hides_ends and ForwardMsg.FromString(message).HasField("script_finished"):
            return
        if self._held is None:
            self._socket.send(message)
        else:
            self._held.append(message)

    def hold(self) -> None:
        """Keep back what the server sends from now on."""
        self._held = []

    def hide_ends(self) -> None:
        """Do not let the page hear that a run has ended, so that each seems to go on."""
        self._hides_ends = True

    def wait_until_the_server_is_done(self) -> None:
        """Wait for the end of a run that went to its end, of which the page does not hear yet."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while not any(_is_end(message) for message in self._held or ()):
            assert time.monotonic() < end, "no run came to its end"
            self.page.wait_for_timeout(20)

    def release(self) -> None:
        """Send what was kept back, and nothing is held up any more."""
        held, self._held = self._held or [], None
        for message in held:
            self._socket.send(message)


def _is_end(message: bytes) -> bool:
    parsed = ForwardMsg.FromString(message)
    finished = parsed.WhichOneof("type") == "script_finished"
    return finished and parsed.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


@pytest.fixture
def line(product, ids, visit) -> Iterator[Line]:
    """The line to the page of a connector."""
    page = visit(f"{product}/connector?id={ids[NAME]}").page
    line = Line(page)
    page.reload()
    yield line
    # A page that is kept would keep the line.
    page.close()


def click_twice(line: Line, page: Page, name: str) -> None:
    """Click once more before the page hears that the first click closed the dialog."""
    button = page.get_by_role("button", name=name, exact=True)
    expect(button).to_be_enabled()
    line.hold()
    button.click()
    line.wait_until_the_server_is_done()
    button.click()
    line.release()


def test_a_pressed_button_is_not_shown_beside_its_successor(line, product, ids):
    page = line.page
    page.goto(f"{product}/connector?id={ids['hubspot_marketing']}")
    buttons = page.get_by_role("button", name=re.compile("^(Pause|Resume)$"))
    expect(buttons).to_have_text("Pause")
    line.hide_ends()
    buttons.click()

    # Pause is disabled now and says why; the one that was pressed is gone.
    expect(buttons).to_have_text(["Resume", "Pause"])


def test_a_dialog_that_is_done_is_not_shown_once_more(line):
    page = line.page
    steps.in_menu(page, "Delete").click()
    page.get_by_role("textbox").press_sequentially(NAME)
    click_twice(line, page, "Delete it")

    expect(page.get_by_text("It is deleted for good in 24 hours.")).to_be_visible()
    page.get_by_role("button", name="Delete for good now").click()
    click_twice(line, page, "Delete for good")

    expect(page.get_by_text(f"{NAME} is deleted for good.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="All connectors").click()
    expect(page.get_by_role("heading", name="Connectors", exact=True)).to_be_visible()
