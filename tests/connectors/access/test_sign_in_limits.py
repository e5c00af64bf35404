"""How often one network address may attempt to sign in."""

from pathlib import Path

import pytest

from pbf.connectors.access.client_address import Client
from pbf.connectors.access.limiter import Limiter
from pbf.connectors.access.sign_in_limits import ATTEMPTS, FAILURES, Attempt, SignInLimits
from pbf.errors import TooManyRequests
from tests.support.redis_server import redis_server

OFFICE = Client("192.0.2.1")
OTHER = Client("192.0.2.2")


def in_memory(*, trusted_proxies: int = 0) -> SignInLimits:
    return SignInLimits(Limiter(), trusted_proxies=trusted_proxies)


def fail(limits: SignInLimits, attempt: Attempt, client: Client, times: int) -> None:
    for _ in range(times):
        limits.count_failure(attempt, client)


@pytest.mark.parametrize("attempt", FAILURES)
def test_an_address_with_too_many_failures_is_refused_for_a_while(attempt: Attempt):
    limits = in_memory()
    fail(limits, attempt, OFFICE, FAILURES[attempt].amount - 1)
    limits.admit(attempt, OFFICE)
    fail(limits, attempt, OFFICE, 1)

    with pytest.raises(TooManyRequests, match="from your network") as refused:
        limits.admit(attempt, OFFICE)

    assert 1 <= refused.value.retry_after <= 60
    limits.admit(attempt, OTHER)


def test_failures_of_one_kind_do_not_count_for_another():
    limits = in_memory()
    fail(limits, Attempt.TOKEN, OFFICE, 100)

    limits.admit(Attempt.SIGN_IN, OFFICE)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_flood_of_attempts_is_refused_even_if_none_fails(attempt: Attempt):
    limits = in_memory()
    for _ in range(ATTEMPTS[attempt].amount):
        limits.admit(attempt, OFFICE)

    with pytest.raises(TooManyRequests):
        limits.admit(attempt, OFFICE)


def test_people_behind_a_trusted_proxy_count_by_their_own_addresses():
    limits = in_memory(trusted_proxies=1)
    fail(limits, Attempt.SIGN_IN, Client("10.0.0.1", "198.51.100.1"), 60)

    limits.admit(Attempt.SIGN_IN, Client("10.0.0.1", "198.51.100.2"))
    with pytest.raises(TooManyRequests):
        limits.admit(Attempt.SIGN_IN, Client("10.0.0.1", "198.51.100.1"))


def test_processes_that_share_redis_count_together(tmp_path: Path):
    with redis_server(tmp_path) as url:
        first, second = (SignInLimits(Limiter(redis_url=url, redis_prefix="t")) for _ in range(2))
        fail(first, Attempt.SIGN_IN, OFFICE, 60)
        with pytest.raises(TooManyRequests):
            second.admit(Attempt.SIGN_IN, OFFICE)

    second.admit(Attempt.SIGN_IN, OFFICE)  # by itself, without Redis
