"""Limits on attempts to sign in, for each network address.

People of one office share an address, so what succeeds is limited generously, and failures are
limited strictly. Sessions, tokens and links are too long to be guessed; the limits keep floods from
the providers and the database.
"""

from enum import StrEnum

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from pbf.connectors.access.client_address import Client
from pbf.connectors.access.limiter import Limiter, Limits, check_all, count_all


class Attempt(StrEnum):
    """What somebody attempts."""

    SIGN_IN = "sign-in"
    LOGOUT = "logout by a provider"
    LINK = "sign-in link"
    TOKEN = "API token"  # noqa: S105 - not a token


# Each in a minute from one address.
ATTEMPTS: dict[Attempt, RateLimitItem] = {
    Attempt.SIGN_IN: RateLimitItemPerMinute(600),
    Attempt.LINK: RateLimitItemPerMinute(1200),
}
FAILURES: dict[Attempt, RateLimitItem] = {
    Attempt.SIGN_IN: RateLimitItemPerMinute(60),
    Attempt.LOGOUT: RateLimitItemPerMinute(60),
    Attempt.TOKEN: RateLimitItemPerMinute(20),
}
MESSAGES = {
    Attempt.SIGN_IN: "Too many attempts to sign in from your network.",
    Attempt.LOGOUT: "Too many invalid logout tokens from your network.",
    Attempt.LINK: "Too many sign-in links from your network.",
    Attempt.TOKEN: "Too many requests with an invalid API token from your network.",
}


class SignInLimits:
    """Counts attempts and failures by address."""

    def __init__(self, limiter: Limiter, *, trusted_proxies: int = 0) -> None:
        """Count with a limiter; `trusted_proxies` is how many of them report addresses."""
        self._limiter = limiter
        self._trusted_proxies = trusted_proxies

    def admit(self, attempt: Attempt, client: Client) -> None:
        """Count an attempt; raise TooManyRequests after too many of them, or of failures."""
        address = client.address(trusted_proxies=self._trusted_proxies)
        attempts = _limits(ATTEMPTS, attempt, f"{attempt} {address}")
        failures = _limits(FAILURES, attempt, _failures_key(attempt, address))

        def count(limiter: MovingWindowRateLimiter) -> None:
            check_all(limiter, failures)
            count_all(limiter, attempts)

        self._limiter.attempt(count)

    def count_failure(self, attempt: Attempt, client: Client) -> None:
        """Count a failed attempt that was admitted."""
        address = client.address(trusted_proxies=self._trusted_proxies)
        limit, key = FAILURES[attempt], _failures_key(attempt, address)
        self._limiter.attempt(lambda limiter: _hit(limiter, limit, key))


def _limits(limits: dict[Attempt, RateLimitItem], attempt: Attempt, key: str) -> Limits:
    return {key: (limits[attempt], MESSAGES[attempt])} if attempt in limits else {}


def _failures_key(attempt: Attempt, address: str) -> str:
    return f"failed {attempt} {address}"


def _hit(limiter: MovingWindowRateLimiter, limit: RateLimitItem, key: str) -> None:
    limiter.hit(limit, key)
