"""How often the routes may do what costs requests to Fivetran: for one client, and for all.

Each process counts by itself, in memory; what is counted for all bounds the number of clients.
"""

import math
import time
from ipaddress import ip_address, ip_network

from flask import Flask, Response, current_app, request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pbf.answers import TOO_MANY, refusal
from pbf.door import opened
from pbf.errors import InputError
from pbf.wishes import KEY_HEADER, read_key

EXTENSION = "pbf_action_limiter"
CREATION = "routes.create_connector"
# A GET that makes a card, or reads the list anew, costs as much as any other.
ACTIONS = frozenset(
    {
        *(CREATION, "routes.get_form", "routes.go", "routes.come_back"),
        *("invitations.invite", "invitations.come_back"),
        *("connector.change_connector", "connector.sync_connector", "connector.resync_connector"),
        *("connector.test_connector", "connector.delete_connector", "connector.restore_connector"),
    }
)


def limit_actions(app: Flask) -> None:
    """Keep the routes of an app to PBF_ACTION_LIMIT and PBF_TOTAL_ACTION_LIMIT."""
    app.extensions[EXTENSION] = MovingWindowRateLimiter(MemoryStorage())
    app.before_request(_refuse_too_many)


def client_address() -> str:
    """Return who sends this request: an address, or the network of an IPv6 address.

    It is that of the socket, unless PBF_TRUSTED_PROXIES says how many proxies stand before us:
    whatever else X-Forwarded-For names, the sender may have made up.
    """
    address, proxies = request.remote_addr or "", opened().settings.trusted_proxies
    passed_on = request.headers.get("X-Forwarded-For", "").split(",")
    if proxies and len(passed_on) >= proxies:
        address = passed_on[-proxies].strip()
    try:
        parsed = ip_address(address)
    except ValueError:
        return request.remote_addr or ""
    # Whoever has one IPv6 address has a network of them.
    return str(parsed if parsed.version == 4 else ip_network((parsed, 64), strict=False))


def is_replay() -> bool:
    """Whether this request asks for what its Idempotency-Key has led to before."""
    try:
        key = read_key(request.headers.get(KEY_HEADER))
    except InputError:
        return False
    return key is not None and opened().portal.has_made(key)


def refused(message: str, reset_at: float) -> Response:
    """Return the answer to one who did too much, and when to go on."""
    wait = max(1, math.ceil(reset_at - time.time()))
    response = refusal(*TOO_MANY, f"{message} Try again in {_in_words(wait)}.")
    response.headers["Retry-After"] = str(wait)
    return response


def _refuse_too_many() -> Response | None:
    if request.endpoint not in ACTIONS or (request.endpoint == CREATION and is_replay()):
        return None
    limiter: MovingWindowRateLimiter = current_app.extensions[EXTENSION]
    settings = opened().settings
    limits = [
        (parse(limit), key)
        for limit, key in (
            (settings.action_limit, f"client {client_address()}"),
            (settings.total_action_limit, "all"),
        )
        if limit
    ]
    # Tested before any is counted: what one client is refused uses up nothing of the others', and
    # a client that all together leave no room for is not even remembered.
    for limit, key in limits:
        if not limiter.test(limit, key):
            reset_at = limiter.get_window_stats(limit, key).reset_time
            return refused("Too many requests.", reset_at)
    for limit, key in limits:
        limiter.hit(limit, key)
    return None


def _in_words(seconds: int) -> str:
    if seconds == 1:
        return "1 second"
    return f"{seconds} seconds" if seconds < 120 else f"{round(seconds / 60)} minutes"
