"""Patches of the internals of Streamlit and uvicorn, each with the version it is for."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import StopException, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from pbf.server.connections.descriptors import drop_unread

MAX_FILE_DESCRIPTORS = 256
# In the keys of the components that run a fragment again once what it shows has changed.
FOLLOW = "pbf-follow"


class ClientMessage(NamedTuple):
    """What a browser asks of Streamlit 1.67.

    `complete_run` is empty unless it is a run of a page or fragment. It is the message that runs
    the same page from the top, with its query, without what was typed or clicked.
    `is_unattended` is whether the browser asks for it by itself.
    """

    kind: str
    complete_run: bytes = b""
    is_fragment: bool = False
    is_unattended: bool = False


def read_client_message(content: bytes) -> ClientMessage | None:
    """Return what a message from a browser asks for; None if Streamlit would not accept it."""
    message = BackMsg()
    try:
        message.ParseFromString(content)
    except DecodeError:
        return None
    kind = message.WhichOneof("type")
    if kind != "rerun_script":
        return ClientMessage(kind or "")
    state = message.rerun_script
    return ClientMessage(kind, _complete_run(state), bool(state.fragment_id), _is_unattended(state))


def _is_unattended(state: ClientState) -> bool:
    """Return whether a run is requested by a component that follows changes."""
    return any(
        FOLLOW in widget.id and widget.HasField("json_trigger_value")
        for widget in state.widget_states.widgets
    )


def _complete_run(state: ClientState) -> bytes:
    run = ClientState(
        query_string=state.query_string,
        page_script_hash=state.page_script_hash,
        page_name=state.page_name,
    )
    if state.HasField("context_info"):
        run.context_info.CopyFrom(state.context_info)
    return bytes(BackMsg(rerun_script=run).SerializeToString())


def ignore_fragments_of_left_pages() -> None:
    """Make Streamlit ignore a request to run a fragment after the visitor has left its page.

    A fragment that follows changes may request a run just before the browser learns of the next
    page. Streamlit 1.67 runs it after the new page: it clears the screen for a fragment that no
    longer exists, and leaves it blank.
    """
    original = ScriptRequests.request_rerun
    if hasattr(original, "__wrapped__"):
        return
    attribute = "_requested_page"

    @wraps(original)
    def request_rerun(requests: ScriptRequests, new_data: RerunData) -> bool:
        page = new_data.page_script_hash
        if new_data.fragment_id:
            requested = getattr(requests, attribute, "")
            if page and requested and page != requested:
                return True
        elif page:
            setattr(requests, attribute, page)
        return original(requests, new_data)

    setattr(ScriptRequests, "request_rerun", request_rerun)  # noqa: B010


def keep_unsent_elements() -> None:
    """Make Streamlit send what a fragment has drawn, though the fragment runs again.

    A fragment may be asked to run again before the browser was sent the page of which it is a part.
    Streamlit 1.67 then drops the fragment's elements and sends those that come after them, for
    which the browser finds no place: "Bad delta path index 1 (should be between [0, 0])".
    """
    original = AppSession._clear_queue
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def clear_queue(session: AppSession, fragment_ids_this_run: list[str] | None = None) -> None:
        original(session, None if fragment_ids_this_run is None else [])

    setattr(AppSession, "_clear_queue", clear_queue)  # noqa: B010


@contextmanager
def forget_fragments_on_stop() -> Iterator[None]:
    """Make Streamlit forget the fragments that a page no longer shows, also after `st.stop`.

    Streamlit 1.67 forgets them only when a run reaches its end. Otherwise a second click in a
    dialog that is closing runs the dialog again, in a container that the browser has removed, and
    the whole page goes blank.
    """
    try:
        yield
    except StopException:
        if context := get_script_run_ctx():
            context.fragment_storage.clear(context.shared.new_fragment_ids.snapshot())
        raise


def set_socket_options() -> None:
    """Set TCP_NODELAY and `drop_unread` on the listening sockets, whose connections inherit both.

    Streamlit 1.67 creates its listening socket without a protocol number, so asyncio does not set
    TCP_NODELAY. The second half of each response then waits 40 ms until the client acknowledges
    the first.
    """
    for number in range(MAX_FILE_DESCRIPTORS):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                _set_options(socket.socket(fileno=os.dup(number)))


def ignore_forwarded_for() -> None:
    """Make uvicorn take a request's client from its socket, not from X-Forwarded-For.

    Uvicorn 0.54 trusts the header on connections from this machine, and Streamlit 1.67 has no
    option to change that: behind a proxy that forwards it, any client could pose as another.
    """
    from uvicorn.middleware.proxy_headers import _TrustedHosts

    setattr(_TrustedHosts, "get_trusted_client_address", lambda *_: ("", 0))  # noqa: B010


def limit_message_size(largest: int) -> None:
    """Limit the messages that new WebSocket connections accept to some bytes, uncompressed.

    Streamlit 1.67 gives uvicorn one limit for both directions, which must allow for the largest
    table that it sends. A compressed message of a thousandth of that size would fill the memory.
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


def _set_options(listener: socket.socket) -> None:
    with listener:
        if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            drop_unread(listener)
