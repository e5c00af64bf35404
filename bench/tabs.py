"""Open tabs: WebSocket sessions of people who are signed in, which do what the browser does.

A tab runs its page, asks for the revision every three seconds, and runs the page again when the
revision differs or what it shows is a minute old.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from bench.load import check_loopback
from bench.sessions import STREAM

PAGES = ("overview", "connectors", "activity", "incidents")
# In seconds, as in pbf/components/follow.
INTERVAL = 3.0
LONGEST_SHOWN = 60.0
# As browsers send them.
HEADERS = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0",
    "Accept: */*",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-US,en;q=0.9",
    "Sec-Fetch-Dest: empty",
    "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Site: same-origin",
)
# Sessions that open at the same time.
AT_ONCE = 8


class Tab:
    """One open tab: its session, and what its page says about following along."""

    def __init__(self, url: str, page: str, cookie: str) -> None:
        """Show a page of the product at `url` to the person of a cookie."""
        check_loopback(url)
        self.runs = 0
        self.asked = 0
        self._url = url
        self._page = page
        self._cookie = f"pbf={cookie}"
        self._socket: ClientConnection | None = None
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._script_hash = ""
        self._fragment = ""
        self._follow: dict[str, str] = {}
        self._timer = 0.0
        self._drawn_at = 0.0

    async def open(self, places: asyncio.Semaphore) -> None:
        """Open the session, and run the page to its end."""
        async with places:
            self._socket = await connect(
                f"{self._url.replace('http', 'ws', 1)}{STREAM}",
                subprotocols=[Subprotocol("streamlit")],
                origin=Origin(self._url),
                additional_headers={"Cookie": self._cookie},
                max_size=None,
                proxy=None,
            )
            await self._run()

    async def follow(self, shown: float) -> None:
        """Follow along as the page says, which was drawn `shown` seconds ago, until cancelled."""
        self._drawn_at = time.monotonic() - shown
        try:
            while True:
                await asyncio.sleep(self._timer or INTERVAL)
                self.asked += 1
                is_old = time.monotonic() - self._drawn_at >= LONGEST_SHOWN
                if self._timer or is_old or await self._has_changed():
                    await self._run(self._fragment)
        finally:
            if self._connection:
                self._connection[1].close()
            if self._socket:
                await self._socket.close()

    async def _has_changed(self) -> bool:
        """Ask for the revision, as the browser does: by a new connection if the last was closed."""
        for _ in range(2):
            if self._connection is None:
                address = urlsplit(self._url)
                self._connection = await asyncio.open_connection(address.hostname, address.port)
            try:
                return await self._ask(*self._connection)
            except (asyncio.IncompleteReadError, ConnectionError):
                self._connection = None
        return False

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Ask for the revision by a connection, and return whether it is another one."""
        path = self._follow["url"].removeprefix(".")
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {urlsplit(self._url).netloc}",
            f"Cookie: {self._cookie}",
            f'If-None-Match: "{self._follow["revision"]}"',
            *HEADERS,
            f"Referer: {self._url}/{self._page}",
        )
        writer.write("\r\n".join((*lines, "", "")).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        lengths = re.findall(r"content-length: (\d+)", head)
        await reader.readexactly(int(lengths[0]) if lengths and " 304 " not in head else 0)
        return " 200 " in head.partition("\r\n")[0]

    async def _run(self, fragment: str = "") -> None:
        """Run the page, or its fragment, to the end."""
        request = BackMsg()
        state = request.rerun_script
        state.page_name, state.fragment_id = self._page, fragment
        state.page_script_hash, state.is_auto_rerun = self._script_hash, bool(fragment)
        if self._socket is None:
            return
        await self._socket.send(request.SerializeToString())
        self._drawn_at = time.monotonic()
        async for data in self._socket:
            if isinstance(data, bytes) and self._take(data):
                break
        self.runs += 1

    def _take(self, data: bytes) -> bool:
        """Note what a message says; return whether it is the end of a run."""
        message = ForwardMsg()
        message.ParseFromString(data)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._script_hash = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            self._timer = message.auto_rerun.interval
            self._fragment = message.auto_rerun.fragment_id
        elif kind == "delta":
            component = message.delta.new_element.bidi_component
            if component.component_name == "follow":
                self._follow = json.loads(component.json)
                self._fragment = message.delta.fragment_id
        finished = ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return kind == "script_finished" and message.script_finished != finished


def tabs_of(url: str, cookies: Sequence[str]) -> list[Tab]:
    """Return a tab for each cookie, of each page in turn."""
    return [Tab(url, PAGES[n % len(PAGES)], cookie) for n, cookie in enumerate(cookies)]


@asynccontextmanager
async def following(tabs: Sequence[Tab]) -> AsyncIterator[None]:
    """Open tabs, and have them follow along until the block ends."""
    places = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        await asyncio.gather(*(tab.open(places) for tab in tabs))
        tasks = [
            group.create_task(tab.follow(LONGEST_SHOWN * number / len(tabs)))
            for number, tab in enumerate(tabs)
        ]
        yield
        for task in tasks:
            task.cancel()
