"""Patches of Streamlit's internals and of the server under it, each with the version it is for."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner import StopException, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

MOST_FILES = 256


def ignore_timers_of_left_pages() -> None:
    """Have Streamlit ignore the timer of a fragment on a page that was left.

    The browser stops a page's timers when it hears of the next page. One that strikes just before
    asks for the old page once more, and Streamlit 1.67 obeys after it has run the new one: it
    clears the screen for a fragment that is no more, and leaves it blank.
    """
    original = ScriptRequests.request_rerun
    if hasattr(original, "__wrapped__"):
        return
    asked = "_page_asked_for"

    @wraps(original)
    def request_rerun(requests: ScriptRequests, new_data: RerunData) -> bool:
        page = new_data.page_script_hash
        if new_data.is_auto_rerun:
            wanted = getattr(requests, asked, "")
            if page and wanted and page != wanted:
                return True
        elif page:
            setattr(requests, asked, page)
        return original(requests, new_data)

    setattr(ScriptRequests, "request_rerun", request_rerun)  # noqa: B010


@contextmanager
def forget_fragments_on_stop() -> Iterator[None]:
    """Have Streamlit forget the fragments that a page no longer shows, though `st.stop` ends it.

    Streamlit 1.67 forgets them at the end of a whole run only. A second click into a dialog that is
    being closed then runs the dialog once more, into a place that is no more in the browser, and
    the whole page goes blank.
    """
    try:
        yield
    except StopException:
        if context := get_script_run_ctx():
            context.fragment_storage.clear(context.shared.new_fragment_ids.snapshot())
        raise


def enable_tcp_nodelay() -> None:
    """Have the connections to come send what they are given at once (TCP_NODELAY).

    Streamlit 1.67 makes its listening socket without a protocol number, by which asyncio knows
    what to switch this on for. So the second half of each answer waited 40 ms for the client to
    acknowledge the first. Connections inherit what is set on the listening socket.
    """
    for number in range(MOST_FILES):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                _switch(socket.socket(fileno=os.dup(number)))


def ignore_forwarded_for() -> None:
    """Have uvicorn leave a request's client as its socket says, whatever X-Forwarded-For says.

    Uvicorn 0.54 believes the header of whoever connects from this machine, and Streamlit 1.67 has
    no option against it: any sender behind a proxy that passes the header on could be anybody.
    """
    from uvicorn.middleware.proxy_headers import _TrustedHosts

    setattr(_TrustedHosts, "get_trusted_client_address", lambda *_: ("", 0))  # noqa: B010


def limit_message_size(largest: int) -> None:
    """Have the WebSocket connections to come take no message over so many bytes, once unpacked.

    Streamlit 1.67 gives uvicorn one limit for both directions, which must allow for the largest
    table that is sent. A thousandth of that, compressed, would make the server unpack all of it.
    """
    from uvicorn.protocols.websockets import websockets_sansio_impl as implementation

    original = vars(implementation)["ServerProtocol"]
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original, updated=())
    def limited(*arguments: Any, max_size: int | None = None, **options: Any) -> Any:
        size = largest if max_size is None else min(largest, max_size)
        return original(*arguments, max_size=size, **options)

    setattr(implementation, "ServerProtocol", limited)  # noqa: B010


def _switch(known: socket.socket) -> None:
    with known:
        if known.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            known.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
