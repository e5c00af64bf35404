"""The transport to Fivetran: one pooled session, timeouts, retries, and statuses as errors."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from math import inf
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.util.retry import Retry

from pbf.errors import (
    ApiError,
    ApiRejected,
    BadAnswer,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerFailed,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from pbf.fivetran.deadline import DeadlineAdapter, deadline, is_over
from pbf.fivetran.models import RateLimit
from pbf.paths import is_loopback
from pbf.redaction import HIDDEN, redact

CONNECT_TIMEOUT = 5.0
RETRIES = 2
POOL = 32
WAIT_AFTER_429 = 60
LONGEST_MESSAGE = 300
# More of a message is not even looked at.
LONGEST_READ = 20_000
# As it is once unpacked; a page of 1,000 connectors takes a few.
MEGABYTES = 64
PIECE = 64 * 1024
# Python refuses numbers of thousands of digits, and the whole text with them.
LONGEST_NUMBER = 100

# The version header that all endpoints under /connections want (see the API reference).
VERSION_2 = "application/json;version=2"

REJECTIONS: Mapping[int, type[ApiRejected]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
}


class GetOnly(Retry):
    """Retries of GET after a lost connection or a 5xx; a timeout has cost enough already."""

    def increment(self, method: str | None = None, *args: Any, **kwargs: Any) -> "GetOnly":
        """Return the retries that are left, or raise what went wrong."""
        error = kwargs.get("error")
        if isinstance(error, ReadTimeoutError):
            raise error
        # To urllib3 a refused connection is a kind of timeout, though it costs no time.
        slow = isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError)
        if is_over() or (error is not None and (method != "GET" or slow)):
            raise MaxRetryError(kwargs["_pool"], args[0] if args else kwargs.get("url"), error)
        return super().increment(method, *args, **kwargs)


class Session(requests.Session):
    """A session that follows no redirect; it would read all of its body first."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nothing, whatever the answer says."""


@dataclass
class Latest:
    """What the latest answer told of the account: its rate limit, and the server's clock."""

    rate_limit: RateLimit = field(default_factory=RateLimit)
    # In seconds since 1970, to the second.
    date: float | None = None


def _admit_all() -> None:
    """Refuse nothing."""


class Request:
    """The wrapper around requests: one pooled session, safe to share between threads.

    A call and its retries have `timeout` seconds in all, and an answer a largest size. Raises a
    subclass of ApiError.
    """

    def __init__(
        self, base_url: str, api_key: str, api_secret: str, *, timeout: float = 60.0
    ) -> None:
        """Open a session on `base_url`, without the version in its path."""
        self._base_url = base_url.rstrip("/")
        self._timeout = (min(CONNECT_TIMEOUT, timeout), timeout)
        # As bytes: requests encodes text as Latin-1, and fails on a key that was pasted wrong.
        pair = (api_key.encode(), api_secret.encode())
        self._secrets = (b64encode(b":".join(pair)).decode(), api_secret, api_key)
        self._session = Session()
        self._session.auth = HTTPBasicAuth(*pair)
        self._session.headers["User-Agent"] = "pbf"
        # A jar that threads write to is not safe, and the API needs no cookies.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.trust_env = not is_loopback(urlsplit(self._base_url).hostname or "")
        retries = GetOnly(
            total=RETRIES,
            allowed_methods={"GET"},
            status_forcelist={500, 502, 503, 504},
            backoff_factor=0.2,
            backoff_jitter=0.2,
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(
                scheme, DeadlineAdapter(pool_connections=1, pool_maxsize=POOL, max_retries=retries)
            )
        self.latest = Latest()
        self._admit: Callable[[], None] = _admit_all

    def admitted_by(self, admit: Callable[[], None]) -> "Request":
        """Return the same session, with each call sent only if `admit` raises nothing."""
        other = copy(self)
        other._admit = admit
        return other

    @property
    def timeout(self) -> float:
        """For how many seconds it waits for an answer."""
        return self._timeout[1]

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the `data` of the answer; an empty dict where there is none."""
        self._admit()
        accept = VERSION_2 if path.startswith("/connections") else "application/json"
        try:
            with (
                deadline(self._timeout[1]),
                self._session.request(
                    method,
                    f"{self._base_url}/v1{path}",
                    params=params,
                    json=body,
                    headers={"Accept": accept},
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                self._note_date(answer)
                self._note_rate_limit(answer)
                content = _content(answer)
        except (requests.RequestException, HTTPError) as exc:
            # Of its own, urllib3 raises what it thinks of a host such as "api..example.com".
            raise self._no_answer(exc) from exc
        if not answer.ok:
            raise self._rejection(answer, content)
        return _data(answer.status_code, content)

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def _no_answer(self, error: Exception) -> Unreachable:
        # An answer that stops halfway comes as a ConnectionError about a ReadTimeoutError.
        about = error.args[0] if error.args else None
        if not isinstance(error, requests.Timeout) and not isinstance(about, ReadTimeoutError):
            return ConnectionFailed(
                "Fivetran cannot be reached. Check the network and FIVETRAN_API_URL, "
                "then try again."
            )
        seconds = self._timeout[0 if isinstance(error, requests.ConnectTimeout) else 1]
        return TimedOut(
            f"Fivetran did not answer within {seconds:g} seconds. Try again in a moment."
        )

    def _note_date(self, answer: requests.Response) -> None:
        try:
            self.latest.date = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
        except (ValueError, OverflowError):
            return

    def _note_rate_limit(self, answer: requests.Response) -> None:
        if "X-Rate-Limit-Remaining" in answer.headers:
            self.latest.rate_limit = RateLimit.model_validate(
                {
                    "limit": answer.headers.get("X-Rate-Limit"),
                    "remaining": answer.headers["X-Rate-Limit-Remaining"],
                }
            )

    def _rejection(self, answer: requests.Response, content: bytes) -> ApiError:
        status, said = answer.status_code, self._message(content)
        if status == 429:
            wait = answer.headers.get("Retry-After", "")
            told = wait.isascii() and wait.isdigit() and len(wait) < 10
            seconds = int(wait) if told else WAIT_AFTER_429
            return RateLimited(
                "The account's limit of requests to Fivetran is used up.", retry_after=seconds
            )
        if status >= 500:
            return ServerFailed(f"Fivetran failed to answer ({status}). Try again in a moment.")
        if status == 401:
            return Unauthorized(
                "Fivetran refused the API key: Invalid authorization credentials. "
                "Check FIVETRAN_API_KEY and FIVETRAN_API_SECRET."
            )
        if status == 403:
            return Forbidden(f"The API key may not do that{said or '.'} Check the key's role.")
        error = REJECTIONS.get(status, ApiRejected)
        return error(f"Fivetran refused the request ({status}){said or '.'}")

    def _message(self, content: bytes) -> str:
        """Return ': <what Fivetran says>', on one line and without a secret, or nothing."""
        try:
            said = _decoded(content)["message"]
        except (ValueError, LookupError, TypeError):
            return ""
        if not isinstance(said, str) or not said.strip():
            return ""
        said = said[:LONGEST_READ]
        for secret in filter(None, self._secrets):
            said = said.replace(secret, HIDDEN)
        # What does not print could break a log into lines, or colour it.
        printed = "".join(letter if letter.isprintable() else " " for letter in said)
        # It may quote what we sent, such as a way back, or a card's address.
        said = " ".join(redact(printed).split())[:LONGEST_MESSAGE]
        return f": {said}" if said.endswith((".", "!", "?")) else f": {said}."


def _content(answer: requests.Response) -> bytes:
    """Return the body, unpacked; raise BadAnswer as soon as it is too large."""
    content = bytearray()
    for piece in answer.iter_content(PIECE):
        content += piece
        if len(content) > MEGABYTES * 1024 * 1024:
            raise BadAnswer(
                f"An answer from FIVETRAN_API_URL is larger than {MEGABYTES} MB. Check the address."
            )
    return bytes(content)


def _data(status: int, content: bytes) -> dict[str, Any]:
    try:
        envelope = _decoded(content) if content else {}
    except ValueError:
        envelope = None
    if status >= 300 or not isinstance(envelope, dict):
        raise BadAnswer(
            "What answers at FIVETRAN_API_URL is not Fivetran's API. Check the address."
        )
    data = envelope.get("data")
    return data if isinstance(data, dict) else {}


def _decoded(content: bytes) -> Any:
    """Return JSON as it can be read: one odd letter or number must not take the rest with it."""
    try:
        text = content.decode(json.detect_encoding(content), "replace")
        return json.loads(text.removeprefix("\ufeff"), parse_int=_whole)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < LONGEST_NUMBER else inf
