"""How many connectors one client may create through the JSON door in a while."""

from typing import Any

from flask import Flask, Response
from flask_limiter import Limiter, RateLimitExceeded
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from pbf.action_limit import client_address, is_replay, refused
from pbf.config import Settings
from pbf.door import opened

MEMORY = "memory://"
REDIS_TIMEOUT = 1.0
REDIS = {"socket_timeout": REDIS_TIMEOUT, "socket_connect_timeout": REDIS_TIMEOUT}


class RouteLimiter(Limiter):
    """Counts where a route asks for it, and costs all other routes nothing.

    The library's own hooks look for limits at every request; a decorated route looks for itself.
    """

    def init_app(self, app: Flask) -> None:
        """Bind to an app, without hooks on its requests."""
        before, after = list(app.before_request_funcs[None]), list(app.after_request_funcs[None])
        at_the_end = list(app.teardown_request_funcs[None])
        super().init_app(app)
        app.before_request_funcs[None] = before
        app.after_request_funcs[None] = after
        app.teardown_request_funcs[None] = at_the_end


def limit_creation(app: Flask, endpoint: str, settings: Settings) -> None:
    """Let a client use an endpoint no more often than PBF_CREATE_LIMIT says; replays are free.

    Processes that share Redis count together; where it is away, each counts by itself.
    """
    storage = _storage(settings)
    limiter = RouteLimiter(
        client_address,
        storage_uri=storage,
        storage_options=dict(REDIS) if storage != MEMORY else {},  # type: ignore[arg-type]
        in_memory_fallback_enabled=storage != MEMORY,
        strategy="moving-window",
        key_prefix="pbf:creation",
    )
    limiter.init_app(app)
    limited = limiter.limit(_limit, exempt_when=lambda: not _limit() or is_replay())
    views: dict[str, Any] = app.view_functions
    views[endpoint] = limited(views[endpoint])

    def refuse(_: RateLimitExceeded) -> Response:
        found = limiter.current_limit
        return refused("That is enough connectors for now.", found.reset_at if found else 0)

    app.register_error_handler(RateLimitExceeded, refuse)


def _limit() -> str:
    return opened().settings.create_limit


def _storage(settings: Settings) -> str:
    if not settings.shares_redis:
        return MEMORY
    # The library's own name for a Redis behind a file.
    url = (settings.redis_url or "").replace("unix://", "redis+unix://", 1)
    try:
        storage_from_string(url, **REDIS)
    except (ValueError, ImportError, ConfigurationError):
        return MEMORY  # every route and page says what is wrong with it
    return url
