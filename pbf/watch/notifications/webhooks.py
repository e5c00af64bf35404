"""Signed webhooks to the vendor's own systems, as Standard Webhooks describes them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
import hmac
import secrets
import socket
import ssl
from base64 import b64decode, b64encode
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from pbf.concurrency.deadline import deadline
from pbf.errors import NotDelivered
from pbf.watch.notifications.public_hosts import resolve

PREFIX = "whsec_"
# In seconds, for each step of a request, and for the answer as a whole: a server that sends it byte
# by byte would otherwise hold our thread for hours.
TIMEOUT, LONGEST_ANSWER = 10.0, 20.0
REDIRECTS = range(300, 400)


def new_secret() -> str:
    """Return a new secret with which webhooks are signed."""
    return PREFIX + b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """Return the header webhook-signature of a message."""
    key = b64decode(secret.removeprefix(PREFIX))
    content = f"{message_id}.{timestamp}.{body}".encode()
    return f"v1,{b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}"


def post(
    url: str, secret: str, *, message_id: str, timestamp: int, body: str, allow_private: bool
) -> None:
    """Post a signed message; raise NotDelivered unless the answer is 2xx.

    The host is resolved once, so that its name cannot lead elsewhere after the check.
    """
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "pbf-notifications",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    try:
        connection = _connect(url, allow_private=allow_private)
        try:
            parts = urlsplit(url)
            path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            with deadline(LONGEST_ANSWER):
                connection.request("POST", path, body.encode(), headers)
                status = connection.getresponse().status
        finally:
            connection.close()
    except ssl.SSLError:
        raise NotDelivered("The server's TLS certificate is not valid.") from None
    except TimeoutError:
        raise NotDelivered("The server did not answer in time.") from None
    except (OSError, HTTPException):
        raise NotDelivered("The server cannot be reached.") from None
    if status in REDIRECTS:
        raise NotDelivered(f"The server redirects ({status}); redirects are not followed.")
    if not 200 <= status < 300:
        raise NotDelivered(f"The server refused the message ({status}).")


def _connect(url: str, *, allow_private: bool) -> HTTPConnection:
    parts = urlsplit(url)
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_secure else 80)
    address = resolve(host, port, allow_private=allow_private)
    connection = (HTTPSConnection if is_secure else HTTPConnection)(host, port, timeout=TIMEOUT)
    plain = socket.create_connection((address, port), TIMEOUT)
    if is_secure:
        context = ssl.create_default_context()
        connection.sock = context.wrap_socket(plain, server_hostname=host)
    else:
        connection.sock = plain
    return connection
