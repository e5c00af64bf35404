"""Open tabs: sessions that rerun their pages and connect again as browsers do."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

STREAM = "/_stcore/stream"
# In seconds: how often a tab reruns its page, and how long a run may take.
INTERVAL = 5.0
LONGEST_RUN = 60.0
# Streamlit's page waits so long before it connects again, and twice as long after each failure.
FIRST_RETRY, LONGEST_RETRY = 0.5, 30.0
PAGES = (
    ("", ""),
    ("connectors", ""),
    ("services", ""),
    ("activity", ""),
    ("connect", "service=stripe"),
)
NAME = "Typed in tab"
PERMANENT_NAME = b"typed_in_tab"
FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_EARLY_FOR_RERUN)


@dataclass
class Absence:
    """A time without a page: from the end of a connection to the end of the next run."""

    began_at: float
    ended_at: float | None = None

    @property
    def seconds(self) -> float:
        """How long it took, until now if it lasts."""
        return (self.ended_at or time.monotonic()) - self.began_at


@dataclass
class Tab:
    """One tab, and what its visitor has noticed."""

    url: str
    page: str
    query: str
    absences: list[Absence] = field(default_factory=list)
    runs: int = 0
    # Runs in which the text that the visitor has typed was missing.
    without_text: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    _widget: str = ""
    _session: str = ""
    _connection: ClientConnection | None = None

    def close(self) -> None:
        """Close the tab."""
        self.stopped.set()
        if self._connection is not None:
            self._connection.close()

    def stay_open(self) -> None:
        """Show the page until the tab is closed."""
        retry = FIRST_RETRY
        while not self.stopped.is_set():
            before = self.runs
            try:
                self._visit()
            except (OSError, WebSocketException, TimeoutError):
                if not self.stopped.is_set() and self._is_shown:
                    self.absences.append(Absence(time.monotonic()))
            retry = FIRST_RETRY if self.runs > before else min(2 * retry, LONGEST_RETRY)
            self.stopped.wait(retry)

    @property
    def _is_shown(self) -> bool:
        return not self.absences or self.absences[-1].ended_at is not None

    def _visit(self) -> None:
        parts = urlsplit(self.url)
        resumed = [Subprotocol(self._session)] if self._session else []
        with connect(
            f"ws://{parts.netloc}{parts.path}{STREAM}",
            origin=Origin(f"http://{parts.netloc}"),
            subprotocols=[Subprotocol("streamlit"), Subprotocol("token"), *resumed],
            max_size=None,
            proxy=None,
            open_timeout=5,
        ) as connection:
            self._connection = connection
            while not self.stopped.is_set():
                self._run(connection)
                if not self._is_shown:
                    self.absences[-1].ended_at = time.monotonic()
                _read_for(connection, INTERVAL)

    def _run(self, connection: ClientConnection) -> None:
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = self.page, self.query
        if self._widget:
            message.rerun_script.widget_states.widgets.add(id=self._widget, string_value=NAME)
        connection.send(message.SerializeToString())
        is_there = not self._widget
        while True:
            data = connection.recv(LONGEST_RUN)
            if not isinstance(data, bytes):
                continue
            is_there = is_there or PERMANENT_NAME in data
            answer = ForwardMsg.FromString(data)
            self._note(answer)
            if answer.WhichOneof("type") == "script_finished" and (
                answer.script_finished in FINISHED
            ):
                break
        self.runs += 1
        self.without_text += not is_there

    def _note(self, message: ForwardMsg) -> None:
        """Keep what a browser sends with the next run and the next connection."""
        if message.WhichOneof("type") == "new_session":
            self._session = message.new_session.initialize.session_id or self._session
        elif self.page == "connect" and message.delta.new_element.HasField("text_input"):
            self._widget = message.delta.new_element.text_input.id


def _read_for(connection: ClientConnection, seconds: float) -> None:
    """Read what comes for some seconds; raises ConnectionClosed as soon as the socket ends."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            connection.recv(left)
        except TimeoutError:
            return


@contextmanager
def open_tabs(url: str, count: int) -> Iterator[Sequence[Tab]]:
    """Keep several tabs open until the block ends, of each page in turn."""
    tabs = [Tab(url, page, query) for page, query in islice(cycle(PAGES), count)]
    threads = [threading.Thread(target=tab.stay_open, daemon=True) for tab in tabs]
    for thread in threads:
        thread.start()
    try:
        end = time.monotonic() + LONGEST_RUN
        while not all(tab.runs for tab in tabs) and time.monotonic() < end:
            time.sleep(0.1)
        yield tabs
    finally:
        for tab in tabs:
            tab.close()
        for thread in threads:
            thread.join(INTERVAL)
