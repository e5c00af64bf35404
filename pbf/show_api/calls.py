"""The last calls of one session, without secrets."""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pbf.clock import current_time
from pbf.redaction import HIDDEN, redact
from pbf.show_api.exchanges import Exchange
from pbf.show_api.hiding import as_text, shown

MOST_CALLS = 100
# A list that was read so many seconds ago was read for the page that shows it.
JUST_NOW = 2.0
# Of the headers of an answer, those that say something about it.
SHOWN_HEADERS = ("Content-Type", "Date", "X-Rate-Limit", "X-Rate-Limit-Remaining", "Retry-After")


@dataclass(frozen=True)
class ApiCall:
    """One call for a tenant, as it may be shown: `request` and `answer` are JSON texts.

    `at` is when it was made, in seconds since 1970. `age` is how many seconds old the answer was
    if it came from the cache; Fivetran was not asked then.
    """

    tenant_id: str
    method: str
    path: str
    at: float
    query: tuple[tuple[str, str], ...] = ()
    request: str = ""
    request_headers: tuple[tuple[str, str], ...] = ()
    status: int | None = None
    answer: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    milliseconds: int = 0
    age: float | None = None
    requests_left: int | None = None

    @property
    def is_from_cache(self) -> bool:
        """Whether Fivetran was not asked."""
        return self.age is not None


class Calls:
    """The last calls of a session, the newest last; safe to share between threads."""

    def __init__(self, most: int = MOST_CALLS) -> None:
        """Keep at most so many."""
        self._most = most
        self._calls: deque[ApiCall] = deque(maxlen=most)
        # By tenant and path: when the list that the cache answered with last was read.
        self._served: dict[str, float] = {}
        self._lock = threading.Lock()

    def of(self, tenant_id: str) -> tuple[ApiCall, ...]:
        """Return the calls for one tenant."""
        with self._lock:
            return tuple(call for call in self._calls if call.tenant_id == tenant_id)

    def last(
        self, tenant_id: str, method: str, path: str, *, field: str | None = None
    ) -> ApiCall | None:
        """Return the newest call for a tenant with this method and path.

        With `field`, only calls with that field in their body count.
        """
        for call in reversed(self.of(tenant_id)):
            has_field = field is None or f'"{field}"' in call.request
            if (call.method, call.path) == (method, path) and has_field:
                return call
        return None

    def record(self, tenant_id: str, exchange: Exchange) -> None:
        """Add a request that was sent to Fivetran."""
        self._add(_from_exchange(tenant_id, exchange))

    def record_cached(
        self,
        tenant_id: str,
        path: str,
        items: Callable[[], Sequence[Mapping[str, Any]]],
        *,
        read_at: float,
    ) -> None:
        """Add a list that the cache has answered with, once for each time it was read.

        `items` is called only then.
        """
        now, key = current_time(), f"{tenant_id} {path}"
        with self._lock:
            if self._served.get(key) == read_at or now - read_at < JUST_NOW:
                return
            self._served.pop(key, None)
            self._served[key] = read_at
            if len(self._served) > self._most:
                del self._served[next(iter(self._served))]
        answer = as_text({"items": items()})
        self._add(ApiCall(tenant_id, "GET", path, now, answer=answer, age=now - read_at))

    def _add(self, call: ApiCall) -> None:
        with self._lock:
            self._calls.append(call)


def request_headers(path: str, *, has_body: bool) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request to a path of Fivetran's API, without its key and secret."""
    version = ";version=2" if path.startswith("/v1/connections") else ""
    headers = [("Accept", f"application/json{version}"), ("Authorization", f"Basic {HIDDEN}")]
    return (*headers, ("Content-Type", "application/json")) if has_body else tuple(headers)


def _from_exchange(tenant_id: str, exchange: Exchange) -> ApiCall:
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    visible = [
        (name, redact(headers[name.lower()])) for name in SHOWN_HEADERS if name.lower() in headers
    ]
    left = headers.get("x-rate-limit-remaining", "")
    has_body = exchange.body is not None
    return ApiCall(
        tenant_id,
        exchange.method,
        redact(exchange.path),
        exchange.at,
        tuple(
            (redact(str(name)), str(shown(str(value)))) for name, value in exchange.query.items()
        ),
        as_text(exchange.body) if has_body else "",
        request_headers(exchange.path, has_body=has_body),
        exchange.status,
        _answer(exchange),
        tuple(visible),
        exchange.milliseconds,
        requests_left=int(left) if left.isascii() and left.isdigit() and len(left) < 10 else None,
    )


def _answer(exchange: Exchange) -> str:
    """Return the answer's JSON; of a failure only the sentence that pages show, too."""
    if exchange.error:
        return as_text({"error": exchange.error})
    with suppress(ValueError, RecursionError):
        return as_text(json.loads(exchange.content)) if exchange.content else ""
    return ""
