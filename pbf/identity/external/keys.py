"""Public keys with which others sign tokens, from a file or a URL."""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

import jwt
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm
from jwt.exceptions import PyJWTError

from pbf.concurrency.deadline import deadline
from pbf.errors import ConfigurationError, ProviderUnavailable
from pbf.paths import is_loopback

# Never HS256, for which a public key would be a secret, and never none.
ALGORITHMS = ("ES256", "RS256", "EdDSA")
TIMEOUT = 5.0
LONGEST = 1_000_000
# Keys that their owner withdraws are refused after this time, in seconds.
LIFETIME = 600.0
# An unknown key id makes us read the keys again, but not more often; forged tokens have any id.
PAUSE = 60.0
# How many keys are kept; those of all load balancers of a region are at one URL.
MOST_KEYS = 100
KEY_ID = re.compile(r"[0-9A-Za-z-]{1,100}")

log = logging.getLogger(__name__)


class Keys(Protocol):
    """Finds the key with which a token is signed."""

    def key_for(self, kid: str) -> PyJWK | None:
        """Return the key with an id, or None; raise ProviderUnavailable if none can be read."""


class KeySet:
    """The keys of a JWKS in a file or at an https URL.

    While they cannot be read again, those that were read last stay valid.
    """

    def __init__(
        self, source: str, *, timeout: float = TIMEOUT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Use a file or URL, which is read when a key is needed; raise ConfigurationError.

        http is accepted only for loopback hosts. `timeout` is in seconds.
        """
        check_source(source)
        self._source = source
        self._timeout = timeout
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._lock = threading.Lock()

    def key_for(self, kid: str) -> PyJWK | None:
        """Return the key with an id, or None; raise ProviderUnavailable if none can be read."""
        key = self._keys.get(kid)
        if key and self._is_fresh():
            return key
        # Known keys do not wait while another thread reads.
        if self._lock.acquire(blocking=key is None):
            try:
                self._read_again(kid)
            finally:
                self._lock.release()
        if self._read_at is None:
            raise ProviderUnavailable(
                "The keys that verify sign-in cannot be read. Try again in a minute; if it happens "
                "again, tell the people who run this site."
            )
        return self._keys.get(kid)

    def _is_fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < LIFETIME

    def _read_again(self, kid: str) -> None:
        """Read the keys, unless another thread just did or the last attempt was too recent."""
        if kid in self._keys and self._is_fresh():
            return
        now = self._clock()
        if self._tried_at is not None and now - self._tried_at < PAUSE:
            return
        self._tried_at = now
        try:
            self._keys = _keys(_read(self._source, self._timeout))
        except (OSError, ValueError, HTTPException, RecursionError) as exc:
            log.warning("the keys at %s were not read: %s", _place(self._source), exc)
            return
        self._read_at = now


class PemKeys:
    """The keys of AWS load balancers: each in PEM, at a URL that ends with the key's id."""

    def __init__(
        self, base: str, *, timeout: float = TIMEOUT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Use a URL without a slash at its end; raise ConfigurationError if it is not https."""
        check_source(base)
        self._base = base
        self._timeout = timeout
        self._clock = clock
        self._keys: dict[str, tuple[float, PyJWK]] = {}
        self._failed_at: float | None = None
        self._lock = threading.Lock()

    def key_for(self, kid: str) -> PyJWK | None:
        """Return the key with an id, or None if there is none or it cannot be read."""
        with self._lock:
            now = self._clock()
            read_at, key = self._keys.get(kid, (0.0, None))
            if key and now - read_at < LIFETIME:
                return key
            if self._failed_at is not None and now - self._failed_at < PAUSE:
                return key
            try:
                key = self._read(kid)
            except (OSError, ValueError, HTTPException, PyJWTError) as exc:
                self._failed_at = now
                log.warning("a key at %s was not read: %s", _place(self._base), exc)
                return key
            self._keys.pop(kid, None)
            self._keys[kid] = (now, key)
            if len(self._keys) > MOST_KEYS:
                del self._keys[next(iter(self._keys))]
            return key

    def _read(self, kid: str) -> PyJWK:
        if not KEY_ID.fullmatch(kid):
            raise ValueError("its id has another form")
        pem = fetch(f"{self._base}/{kid}", self._timeout)
        algorithm = ECAlgorithm(ECAlgorithm.SHA256)
        entry = algorithm.to_jwk(algorithm.prepare_key(pem), as_dict=True)
        return PyJWK(entry, "ES256")


def check_source(source: str) -> None:
    """Raise ConfigurationError unless keys may be read from a URL, or from a file that exists."""
    parts = urlsplit(source)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return
    if "://" in source:
        raise ConfigurationError(
            "The keys that verify tokens must come from a file or an https:// URL; http:// is only "
            "for this machine."
        )
    if not Path(source).is_file():
        raise ConfigurationError(f"There is no file {source} with the keys that verify tokens.")


def fetch(url: str, timeout: float) -> bytes:
    """Return what is at a URL; raise OSError or ValueError.

    The answer as a whole takes at most `timeout` seconds. Redirects are not followed, since they
    would lead past the check of the address.
    """
    handlers: list[type[NoRedirects] | ProxyHandler] = [NoRedirects]
    if is_loopback(urlsplit(url).hostname or ""):
        # A proxy from the environment cannot reach this machine.
        handlers.append(ProxyHandler({}))
    opener = build_opener(*handlers)
    with deadline(timeout), opener.open(url, timeout=timeout) as response:
        content: bytes = response.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} bytes")
    return content


class NoRedirects(HTTPRedirectHandler):
    """Turns redirects into errors."""

    def redirect_request(self, *_args: object) -> None:
        """Follow no redirect."""


def _read(source: str, timeout: float) -> object:
    if "://" not in source:
        return json.loads(Path(source).read_text(encoding="utf-8"))
    return json.loads(fetch(source, timeout))


def _keys(jwks: object) -> Mapping[str, PyJWK]:
    """Return the usable keys of a JWKS by their id; raise ValueError if there is none."""
    entries = jwks.get("keys") if isinstance(jwks, dict) else None
    keys = {}
    for entry in entries if isinstance(entries, list) else []:
        key = _key(entry)
        if key and key.key_id:
            keys[key.key_id] = key
    if not keys:
        raise ValueError("it is no JWKS with a public key for " + ", ".join(ALGORITHMS))
    return keys


def _key(entry: object) -> PyJWK | None:
    """Return a key for signatures that has an id and is public."""
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    if "d" in entry or entry.get("use", "sig") != "sig":
        return None
    try:
        key = PyJWK(entry)
    except PyJWTError:
        return None
    return key if key.algorithm_name in ALGORITHMS else None


def _place(source: str) -> str:
    """Return where keys are read from, without user names and queries."""
    parts = urlsplit(source)
    address = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{address}{parts.path}" if "://" in source else source


def decode(
    token: str, key: PyJWK, *, audience: Sequence[str] | None, issuer: str | None
) -> dict[str, Any]:
    """Return the claims of a token with the right signature, issuer and audience.

    None accepts any audience or issuer. Times are not checked. Raises PyJWTError.
    """
    return jwt.decode(
        token,
        key,
        algorithms=ALGORITHMS,
        audience=audience,
        issuer=issuer,
        options={
            "verify_aud": audience is not None,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
            "enforce_minimum_key_length": True,
        },
    )
