"""The transport to Fivetran: a pooled session, and errors by status."""

import logging
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError, ReadTimeoutError

from pbf.clock import machine_clock
from pbf.concurrency.bulkheads import Dependency, waiting_for
from pbf.concurrency.deadline import deadline
from pbf.errors import (
    ApiError,
    ApiRejected,
    Conflict,
    ConnectionFailed,
    FivetranBusy,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerFailed,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from pbf.fivetran.http.retries import RETRY_POLICY
from pbf.fivetran.models import RateLimit
from pbf.fivetran.parsing import content_of, data_of, decoded
from pbf.metrics.instruments import FIVETRAN_SECONDS
from pbf.metrics.outages import ERRORS, Outage
from pbf.metrics.tracing.spans import fivetran_span
from pbf.paths import is_loopback
from pbf.redaction import HIDDEN, redact
from pbf.show_api.exchanges import add_answer, reported

CONNECT_TIMEOUT = 5.0
POOL = 32
WAIT_AFTER_429 = 60
LONGEST_MESSAGE = 300
LONGEST_PROCESSED = 20_000  # the rest of a longer message is ignored

# The version header that all endpoints under /connections require (see the API reference).
VERSION_2 = "application/json;version=2"

# Where a word begins inside of a class name.
CAPITALS = re.compile(r"(?<!^)(?=[A-Z])")

REJECTIONS: Mapping[int, type[ApiRejected]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
}


log = logging.getLogger(__name__)


class Session(requests.Session):
    """A session that follows no redirect, because that would read the whole body first."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return no target for any response."""


@dataclass
class Latest:
    """The account's rate limit and the server's time, from the latest response.

    `answered_at` and `failed_at` are when a call last had an answer and when one last had none or a
    5xx, by the monotonic clock.
    """

    rate_limit: RateLimit = field(default_factory=RateLimit)
    date: float | None = None  # in whole seconds since 1970
    answered_at: float | None = None
    failed_at: float | None = None


class Request:
    """The wrapper around requests: one pooled session, safe to share between threads.

    A call with its retries takes at most `timeout` seconds, and the size of a response is limited.
    Raises a subclass of ApiError.
    """

    def __init__(
        self, base_url: str, api_key: str, api_secret: str, *, timeout: float = 60.0
    ) -> None:
        """Open a session on `base_url`, which has no version in its path."""
        self._base_url = base_url.rstrip("/")
        self.timeout = timeout
        # As bytes: requests encodes text as Latin-1 and would fail on other characters.
        pair = (api_key.encode(), api_secret.encode())
        self._secrets = (b64encode(b":".join(pair)).decode(), api_secret, api_key)
        self._session = Session()
        self._session.auth = HTTPBasicAuth(*pair)
        self._session.headers["User-Agent"] = "pbf"
        # A cookie jar is not thread-safe, and the API needs no cookies.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.trust_env = not is_loopback(urlsplit(self._base_url).hostname or "")
        for scheme in ("http://", "https://"):
            self._session.mount(
                scheme,
                HTTPAdapter(pool_connections=1, pool_maxsize=POOL, max_retries=RETRY_POLICY),
            )
        self.latest = Latest()
        self._outage = Outage(
            "fivetran",
            log,
            begins="Fivetran does not answer (%s). Lists are served as they were last read.",
            ends="Fivetran answers again.",
        )
        self._admit: Callable[[], None] = lambda: None

    def admitted_by(self, admit: Callable[[], None]) -> "Request":
        """Return the same session, which sends a call only if `admit` raises nothing."""
        request = copy(self)
        request._admit = admit
        return request

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the `data` of the response, or an empty dict if it has none."""
        with waiting_for(Dependency.FIVETRAN, FivetranBusy):
            self._admit()
            with (
                fivetran_span(method, path),
                self._observed(),
                reported(method, path, params, body),
            ):
                return self._answer(method, path, params, body)

    def _answer(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None,
        body: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        accept = VERSION_2 if path.startswith("/connections") else "application/json"
        try:
            with (
                deadline(self.timeout),
                self._session.request(
                    method,
                    f"{self._base_url}/v1{path}",
                    params=params,
                    json=body,
                    headers={"Accept": accept},
                    timeout=(self._connect_timeout, self.timeout),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                self._update_date(response)
                self._update_rate_limit(response)
                content = content_of(response)
                add_answer(response.status_code, response.headers, content)
        except (requests.RequestException, HTTPError) as exc:
            # urllib3 raises its own error for an invalid host such as "api..example.com".
            self.latest.failed_at = time.monotonic()
            raise self._unreachable(exc) from exc
        if response.status_code >= 500:
            self.latest.failed_at = time.monotonic()
        else:
            self.latest.answered_at = time.monotonic()
        if not response.ok:
            raise self._rejection(response, content)
        return data_of(response.status_code, content)

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    @contextmanager
    def _observed(self) -> Iterator[None]:
        """Measure a call by its outcome, and note whether Fivetran answers."""
        start, outcome = time.monotonic(), "unexpected"
        try:
            yield
            outcome = "ok"
            self._outage.answers()
        except ApiError as error:
            outcome = CAPITALS.sub("_", type(error).__name__).lower()
            if isinstance(error, ERRORS):
                self._outage.fails(error)
            else:
                self._outage.answers()
            raise
        finally:
            FIVETRAN_SECONDS.labels(outcome).observe(time.monotonic() - start)

    @property
    def _connect_timeout(self) -> float:
        return min(CONNECT_TIMEOUT, self.timeout)

    def _unreachable(self, error: Exception) -> Unreachable:
        # A response that stops halfway raises a ConnectionError with a ReadTimeoutError inside.
        cause = error.args[0] if error.args else None
        if not isinstance(error, requests.Timeout) and not isinstance(cause, ReadTimeoutError):
            return ConnectionFailed(
                "Fivetran cannot be reached. Check the network and FIVETRAN_API_URL, "
                "then try again."
            )
        is_connecting = isinstance(error, requests.ConnectTimeout)
        seconds = self._connect_timeout if is_connecting else self.timeout
        return TimedOut(
            f"Fivetran did not answer within {seconds:g} seconds. Try again in a moment."
        )

    def _update_date(self, response: requests.Response) -> None:
        with suppress(ValueError, OverflowError):
            date = parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
            self.latest.date = date
            if self._base_url.startswith("https://"):  # a sandbox may have another time
                machine_clock.correct(date)

    def _update_rate_limit(self, response: requests.Response) -> None:
        if "X-Rate-Limit-Remaining" in response.headers:
            self.latest.rate_limit = RateLimit.model_validate(
                {
                    "limit": response.headers.get("X-Rate-Limit"),
                    "remaining": response.headers["X-Rate-Limit-Remaining"],
                }
            )

    def _rejection(self, response: requests.Response, content: bytes) -> ApiError:
        status, message = response.status_code, self._message(content)
        if status == 429:
            return RateLimited(
                "The account's limit of requests to Fivetran is used up.",
                retry_after=_retry_after(response),
            )
        if status >= 500:
            return ServerFailed(f"Fivetran failed to answer ({status}). Try again in a moment.")
        if status == 401:
            return Unauthorized(
                "Fivetran refused the API key: Invalid authorization credentials. "
                "Check FIVETRAN_API_KEY and FIVETRAN_API_SECRET."
            )
        if status == 403:
            return Forbidden(f"The API key may not do that{message or '.'} Check the key's role.")
        error = REJECTIONS.get(status, ApiRejected)
        return error(f"Fivetran refused the request ({status}){message or '.'}")

    def _message(self, content: bytes) -> str:
        """Return ": <Fivetran's message>" on one line and without secrets, or an empty string."""
        try:
            message = decoded(content)["message"]
        except (ValueError, LookupError, TypeError):
            return ""
        if not isinstance(message, str) or not message.strip():
            return ""
        message = message[:LONGEST_PROCESSED]
        for secret in filter(None, self._secrets):
            message = message.replace(secret, HIDDEN)
        # Control characters could split a log line or colour a terminal.
        message = "".join(letter if letter.isprintable() else " " for letter in message)
        # The message may quote the request, such as a return URL or a card's address.
        message = " ".join(redact(message).split())[:LONGEST_MESSAGE]
        return f": {message}" if message.endswith((".", "!", "?")) else f": {message}."


def _retry_after(response: requests.Response) -> int:
    seconds = response.headers.get("Retry-After", "")
    is_valid = seconds.isascii() and seconds.isdigit() and len(seconds) < 10
    return int(seconds) if is_valid else WAIT_AFTER_429
