"""How many descriptors the process may open, and how long a connection waits for a reader."""

import socket
import sys
from contextlib import suppress

# Seconds for which a caller may take nothing of an answer. A page's socket has as long: Streamlit
# sends a ping every 30 seconds and waits 30 seconds for the answer.
UNREAD = 60
# What macOS allows at most when it says that there is no limit.
MOST_DESCRIPTORS = 10_240


def raise_descriptor_limit() -> int:
    """Allow the process as many descriptors as the system does, and return their number."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return MOST_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


def drop_unread(listener: socket.socket) -> None:
    """Have the system close connections whose caller takes nothing of an answer for a minute.

    Connections inherit the option from the socket that listens. Neither server closes them by
    itself: to do so, it waits until the caller has read everything. Only Linux has the option.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a Unix socket
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * UNREAD)
