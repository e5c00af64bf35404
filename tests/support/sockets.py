"""Streamlit's WebSocket as a program uses it, without a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tests.support.servers import PATIENCE


class Served(Protocol):
    """A dashboard that is served at a URL."""

    @property
    def url(self) -> str:
        """Where people reach it."""


@contextmanager
def socket(
    site: Served, cookie: str = "", *, origin: str | None = "", resumed: str = "", **headers: str
) -> Iterator[ClientConnection]:
    """Open a socket as Streamlit's page does."""
    with connect(
        f"{site.url.replace('http', 'ws')}/_stcore/stream",
        origin=site.url if origin == "" else origin,  # type: ignore[arg-type]
        additional_headers={"Cookie": f"pbf={cookie}", **headers},
        subprotocols=["streamlit", "token", *([resumed] if resumed else [])],  # type: ignore[list-item]
        proxy=None,
        max_size=None,
    ) as opened:
        yield opened


def run(opened: ClientConnection, page: str = "", query: str = "", *clicks: str) -> str:
    """Run a page to its end, with clicks on buttons, and return all that it draws."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = page
    for click in clicks:
        message.rerun_script.widget_states.widgets.add(id=click, trigger_value=True)
    opened.send(message.SerializeToString())
    return drawn(opened)


def drawn(opened: ClientConnection) -> str:
    """Return what a page draws until it has run."""
    parts = []
    while True:
        message = ForwardMsg.FromString(opened.recv(timeout=PATIENCE))
        parts.append(str(message))
        if message.HasField("script_finished"):
            return "\n".join(parts)


def until_heartbeat(opened: ClientConnection) -> list[ForwardMsg]:
    """Send a heartbeat, which is answered in any case, and return what comes until then."""
    opened.send(BackMsg(app_heartbeat=True).SerializeToString())
    messages = [ForwardMsg()]
    while not messages[-1].HasField("heartbeat_ack"):
        messages.append(ForwardMsg.FromString(opened.recv(timeout=PATIENCE)))
    return messages
