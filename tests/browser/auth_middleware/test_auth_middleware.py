"""Sign-in in front of a real Streamlit: how sessions reach its pages, and how they end."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.component_server import visiting
from tests.support.servers import PATIENCE, ROOT, free_port, running

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

VENDOR = "http://127.0.0.1:1"
TICKS = 5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server, with the product's own configuration of Streamlit."""
    folder = tmp_path_factory.mktemp("signed-in")
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = Path(__file__).with_name("signed_in_app.py")
    command = ["streamlit", "run", str(app), f"--server.port={port}"]
    with running(command, folder, f"{url}/_stcore/health"):
        yield url


class Person:
    """A person with one session."""

    def __init__(self, server: str, session_id: str) -> None:
        self.server, self.session_id = server, session_id
        self.change("start")

    def change(self, action: str) -> None:
        path = f"{self.server}/_/{action}/{self.session_id}"
        requests.post(path, timeout=10).raise_for_status()

    def counts(self) -> dict[str, int]:
        return requests.get(f"{self.server}/_/counts/{self.session_id}", timeout=10).json()

    def wait_for_ticks(self, count: int = TICKS) -> None:
        """Wait until the fragment has run some times more."""
        wait_until(self.counts()["fragment"] + count, lambda: self.counts()["fragment"])


def wait_until(least: int, count: Callable[[], int]) -> None:
    end = time.monotonic() + PATIENCE
    while count() < least:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def person(server: str, request: pytest.FixtureRequest) -> Person:
    """A person who is signed in, with a session of their own for each test."""
    name = "".join(filter(str.isalnum, request.node.name))
    return Person(server, f"ada{name}")


@pytest.fixture
def open_tab(window: BrowserContext, server: str) -> Iterator[Callable[..., Page]]:
    """Open tabs, in which a person is signed in."""
    with visiting(window) as open_page:

        def open_one(person: Person | None, path: str = "/") -> Page:
            if person is not None:
                window.add_cookies([{"name": "pbf", "value": person.session_id, "url": server}])
            page = open_page()
            page.goto(f"{server}{path}")
            return page

        yield open_one


def signed_in(page: Page, person: Person) -> None:
    expect(page.get_by_text(f"Signed in as {person.session_id}")).to_be_visible()


@pytest.mark.parametrize("action", ["revoke", "expire"])
def test_the_end_of_a_session_reaches_both_tabs_and_nothing_runs_afterwards(
    person: Person, server: str, open_tab: Callable[..., Page], action: str
):
    tabs = [open_tab(person, "/?id=a%20b"), open_tab(person, "/?id=2")]
    for tab in tabs:
        signed_in(tab, person)
    tabs[0].get_by_role("button", name="Click").click()
    expect(tabs[0].get_by_text("Clicked: yes")).to_be_visible()
    addresses = [tab.url for tab in tabs]
    other = Person(server, f"other{person.session_id}")
    untouched = open_tab(other)
    signed_in(untouched, other)

    person.change(action)
    ended_at = time.monotonic()
    for tab in tabs:
        expect(tab.get_by_text("Your session has ended. Sign in again.")).to_be_visible()
    seconds = time.monotonic() - ended_at
    runs = person.counts()
    other.wait_for_ticks()

    assert seconds < 5
    assert person.counts() == runs
    assert [tab.url for tab in tabs] == addresses
    assert "clicked=yes" in addresses[0]
    for tab in tabs:
        expect(tab.get_by_role("button", name="Click")).not_to_be_visible()
        expect(tab.get_by_text("Signed in as")).not_to_be_visible()
    signed_in(untouched, other)


def test_keys_run_nothing_after_the_end(person: Person, open_tab: Callable[..., Page]):
    tab = open_tab(person)
    signed_in(tab, person)
    person.change("revoke")
    expect(tab.get_by_text("Your session has ended")).to_be_visible()
    runs = person.counts()
    other = Person(person.server, f"other{person.session_id}")
    signed_in(open_tab(other), other)

    tab.bring_to_front()
    tab.locator("body").press("r")
    other.wait_for_ticks()

    assert person.counts() == runs


def test_runs_without_a_click_do_not_keep_a_session_alive_and_clicks_do(
    person: Person, open_tab: Callable[..., Page]
):
    tab = open_tab(person)
    signed_in(tab, person)
    person.wait_for_ticks()
    before = person.counts()["touched"]
    person.wait_for_ticks()
    after_ticks = person.counts()["touched"]

    tab.get_by_role("button", name="Click").click()
    wait_until(after_ticks + 1, lambda: person.counts()["touched"])

    assert after_ticks == before
    expect(tab.get_by_text("Clicked: yes")).to_be_visible()


def test_a_deep_link_leads_to_sign_in_and_names_the_page(open_tab: Callable[..., Page]):
    tab = open_tab(None, "/connector?id=a%20b&x=1")

    assert urlsplit(tab.url).path == "/_/sign-in"
    expect(tab.get_by_text("Sign in to continue to /connector?id=a%20b&x=1")).to_be_visible()


@pytest.mark.parametrize("value", ["unknown", "", "é"])
def test_an_unknown_cookie_leads_to_sign_in(
    window: BrowserContext, server: str, open_tab: Callable[..., Page], value: str
):
    window.add_cookies([{"name": "pbf", "value": value, "url": server}])

    assert urlsplit(open_tab(None).url).path == "/_/sign-in"


def test_in_a_frame_the_page_around_it_learns_that_the_session_ended(
    window: BrowserContext, server: str
):
    body = f"""<p id="heard"></p><iframe src="{server}/?id=1"></iframe><script>
      addEventListener("message", event => {{
        document.querySelector("#heard").textContent = `${{event.data.type}} ${{event.origin}}`;
      }});
    </script>"""
    with visiting(window) as open_page:
        host = open_page()
        host.route(f"{VENDOR}/", lambda route: route.fulfill(body=body, content_type="text/html"))
        host.goto(f"{VENDOR}/")

        expect(host.locator("#heard")).to_have_text(f"pbf:session-ended {server}")
        heading = host.frame_locator("iframe").get_by_role("heading")
        expect(heading).to_have_text("Your session has ended")


@contextmanager
def socket(server: str, cookie: str, resumed: str = "") -> Iterator[ClientConnection]:
    """Open a socket as Streamlit's page does, and run the page."""
    with connect(
        f"{server.replace('http', 'ws')}/_stcore/stream",
        origin=server,
        additional_headers={"Cookie": f"pbf={cookie}", "X-Pbf-Session": "forged"},
        subprotocols=["streamlit", "token", *([resumed] if resumed else [])],
        proxy=None,
    ) as opened:
        opened.send(BackMsg(rerun_script={"query_string": ""}).SerializeToString())
        yield opened


def page_of(opened: ClientConnection) -> tuple[str, str]:
    """Return Streamlit's id of a session, and the first text on its page."""
    streamlit_id = ""
    while True:
        message = ForwardMsg.FromString(opened.recv(timeout=PATIENCE))
        if message.HasField("new_session"):
            streamlit_id = message.new_session.initialize.session_id
        element = message.delta.new_element
        if element.HasField("markdown"):
            return streamlit_id, element.markdown.body


def test_another_person_cannot_resume_a_session_of_streamlit(person: Person, server: str):
    other = Person(server, f"other{person.session_id}")
    with socket(server, person.session_id) as opened:
        streamlit_id, text = page_of(opened)
        with (
            socket(server, other.session_id, streamlit_id) as foreign,
            socket(server, "unknown", streamlit_id) as unknown,
        ):
            foreign_id, foreign_text = page_of(foreign)
            unknown_id, unknown_text = page_of(unknown)

    with socket(server, person.session_id, streamlit_id) as resumed:
        resumed_id, _ = page_of(resumed)

    assert text == f"Signed in as {person.session_id}"
    assert foreign_text == f"Signed in as {other.session_id}"
    assert unknown_text.startswith("Your session has ended")
    assert len({streamlit_id, foreign_id, unknown_id}) == 3
    assert resumed_id == streamlit_id


def test_a_socket_without_an_origin_is_refused(person: Person, server: str):
    url = f"{server.replace('http', 'ws')}/_stcore/stream"
    headers = {"Cookie": f"pbf={person.session_id}"}

    with (
        pytest.raises(InvalidStatus) as caught,
        connect(url, additional_headers=headers, proxy=None),
    ):
        pass

    assert caught.value.response.status_code == 403
