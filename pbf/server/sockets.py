"""What the server's own sockets shall do."""

import os
import socket
import stat
from contextlib import suppress
from functools import wraps
from typing import Any

MOST_FILES = 256


def send_at_once() -> None:
    """Have the connections to come send what they are given at once (TCP_NODELAY).

    Streamlit 1.67 makes its listening socket without a protocol number, by which asyncio knows
    what to switch this on for. So the second half of each answer waited 40 ms for the client to
    acknowledge the first. Connections inherit what is set on the listening socket.
    """
    for number in range(MOST_FILES):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                _switch(socket.socket(fileno=os.dup(number)))


def keep_senders_addresses() -> None:
    """Have uvicorn leave a request's client as its socket says, whatever X-Forwarded-For says.

    Uvicorn 0.54 believes the header of whoever connects from this machine, and Streamlit 1.67 has
    no option against it: any sender behind a proxy that passes the header on could be anybody.
    """
    from uvicorn.middleware.proxy_headers import _TrustedHosts

    setattr(_TrustedHosts, "get_trusted_client_address", lambda *_: ("", 0))  # noqa: B010


def limit_messages(largest: int) -> None:
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
