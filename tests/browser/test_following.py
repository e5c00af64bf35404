"""An open tab shows what changes elsewhere, and runs nothing while nothing changes."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, Request, Response, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.support.component_server import new_context

ROUTE = "/_/revision?of=connectors"
START = datetime(2026, 11, 28, tzinfo=UTC)
# In seconds; the page asks every three while it is visible, and every thirty otherwise.
JUST_BEFORE, A_LITTLE = 29, 2
# Others see that no answer is awaited only after the page has done what follows the last one.
COUNT_REQUESTS = f"""
  const send = window.fetch;
  let sent = 0, awaited = 0, status = 0;
  const show = () => Object.assign(document.documentElement.dataset, {{ sent, awaited, status }});
  window.fetch = async (url, ...rest) => {{
    if (!String(url).endsWith("{ROUTE}")) return send(url, ...rest);
    sent += 1;
    awaited += 1;
    show();
    try {{
      const response = await send(url, ...rest);
      status = response.status;
      return response;
    }} finally {{
      awaited -= 1;
      show();
    }}
  }};
"""


@dataclass
class Watch:
    """What a page's browser sends: its requests for the revision, and its runs."""

    page: Page
    asked: int = 0
    answers: list[int] = field(default_factory=list)
    runs: int = 0

    def __post_init__(self) -> None:
        self.page.on("websocket", lambda socket: self._watch(socket))
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_response)

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framesent", self._note_frame)

    def _note_frame(self, frame: bytes | str) -> None:
        message = BackMsg.FromString(frame if isinstance(frame, bytes) else frame.encode())
        self.runs += message.HasField("rerun_script")

    def _note_request(self, request: Request) -> None:
        self.asked += request.url.endswith(ROUTE)

    def _note_response(self, response: Response) -> None:
        if response.url.endswith(ROUTE):
            self.answers.append(response.status)


def asks(page: Page, status: int):
    """Wait until the page is answered with a status."""
    return page.expect_response(
        lambda response: response.url.endswith(ROUTE) and response.status == status
    )


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A page in a window of its own, whose clock the test may move."""
    assert window.browser
    with closing(new_context(window.browser)) as own:
        yield own.new_page()


def test_a_change_elsewhere_appears_and_otherwise_nothing_runs(product, ids, page):
    watch = Watch(page)
    page.goto(f"{product}/connector?id={ids['stripe_payments']}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("stripe_payments")
    page.evaluate("window.sameDocument = true")
    for _ in range(3):
        with asks(page, 304):
            pass
    assert watch.runs == 1 + watch.answers.count(200)

    url = f"{product}/_/connectors/{ids['stripe_payments']}"
    requests.patch(url, json={"paused": True}, timeout=60).raise_for_status()

    expect(page.locator(".pbf-state")).to_contain_text("Paused")
    assert page.evaluate("window.sameDocument")
    with asks(page, 304):
        pass
    assert watch.runs == 1 + watch.answers.count(200)


def test_a_hidden_tab_asks_every_thirty_seconds(product, page):
    page.add_init_script(COUNT_REQUESTS)
    page.clock.install(time=START)
    page.goto(product)
    document = page.locator("html[data-awaited='0']")
    document.wait_for(state="attached")
    page.evaluate(
        """() => {
          Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.clock.pause_at(START + timedelta(hours=1))
    # After a change the page asks again once it has run, for which its clock has to go on.
    while document.get_attribute("data-status") != "304":
        page.clock.run_for(f"00:{JUST_BEFORE + A_LITTLE}")
    before = int(document.get_attribute("data-sent"))

    page.clock.run_for(f"00:{JUST_BEFORE}")
    assert document.get_attribute("data-sent") == str(before)
    page.clock.run_for(f"00:{A_LITTLE:02}")
    assert document.get_attribute("data-sent") == str(before + 1)
