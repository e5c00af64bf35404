"""Throttling: fewer remaining requests make refreshing slower."""

import pytest

from pbf.fivetran.models import RateLimit
from pbf.rules.list_lifetime import LONGEST_LIFETIME, throttled, throttling_notice


def left(share: float) -> RateLimit:
    return RateLimit(limit=20_000, remaining=round(20_000 * share))


@pytest.mark.parametrize(
    ("share", "seconds"),
    [
        pytest.param(1.0, 3.0, id="all"),
        pytest.param(0.3, 3.0, id="enough"),
        pytest.param(0.1, LONGEST_LIFETIME, id="the-last-tenth"),
        pytest.param(0.0, LONGEST_LIFETIME, id="none"),
    ],
)
def test_the_last_tenth_is_reserved(share: float, seconds: float):
    assert throttled(3.0, left(share)) == seconds


def test_fewer_remaining_requests_mean_a_longer_lifetime():
    lifetimes = [throttled(60.0, left(share / 100)) for share in range(40, 0, -1)]

    assert lifetimes == sorted(lifetimes)
    assert lifetimes[0] == 60.0
    assert lifetimes[20] > 120.0  # a fifth left
    assert max(lifetimes) == LONGEST_LIFETIME


def test_a_long_lifetime_is_not_shortened():
    assert {throttled(3600.0, left(share / 100)) for share in range(100)} == {3600.0}


@pytest.mark.parametrize("limit", [RateLimit(), RateLimit(limit=0, remaining=0)])
def test_an_unknown_limit_does_not_throttle(limit: RateLimit):
    assert throttled(3.0, limit) == 3.0
    assert throttling_notice(limit) == ""


def test_throttling_is_explained_in_a_sentence():
    assert throttling_notice(left(0.5)) == ""
    assert throttling_notice(left(0.1)) == (
        "Only 2,000 of this hour's 20,000 requests to Fivetran are left, so this page refreshes "
        "less often. Your actions still take effect immediately."
    )


def test_a_list_fetched_in_the_last_tenth_is_fresh_for_ten_minutes(runtime, sandbox):
    runtime.portal.connectors()
    runtime.client._request.latest.rate_limit = left(0.5)
    before = runtime.portal.connectors()
    sandbox.world.limits.plan = "off"  # its responses have no limit from here
    runtime.client._request.latest.rate_limit = left(0.05)
    runtime.portal._list.forget()

    throttled_list = runtime.portal.connectors()

    assert before.lifetime <= 60.0
    assert throttled_list.lifetime == LONGEST_LIFETIME
    assert runtime.portal.throttling_notice.startswith("Only 1,000 of this hour's 20,000")


def test_actions_show_immediately_despite_throttling(runtime, sandbox):
    sandbox.world.limits.plan = "off"
    runtime.client._request.latest.rate_limit = left(0.05)
    connector = runtime.portal.connectors().items[0]

    (runtime.portal.operations.resume if connector.paused else runtime.portal.operations.pause)(
        connector.id
    )

    assert runtime.portal.connector(connector.id).paused is not connector.paused
