"""How tenants share the limit on requests for all."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.connectors.access.client_limits import ClientLimits
from pbf.connectors.access.limiter import Limiter
from pbf.errors import TooManyRequests
from tests.support.clock import START
from tests.support.draws import cases
from tests.support.redis_server import redis_server

LIMIT, HOUR = 40, 3600
# Who asks (a tenant), how often at once, and how many seconds after the one before.
VISITS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 25), st.sampled_from([0, 1, 600, 1801, 3601])),
    max_size=40,
)


def limits(
    amount: int = LIMIT, *, tenants: int = 1000, redis_url: str | None = None
) -> ClientLimits:
    return ClientLimits(
        Limiter(redis_url=redis_url),
        requests="",
        all_requests=f"{amount} per hour",
        creations="",
        tenants=lambda: tenants,
    )


def admitted(limits: ClientLimits, tenant_id: str, times: int = 1) -> int:
    """Return how many of a tenant's requests are admitted."""
    count = 0
    for _ in range(times):
        try:
            limits.admit_request(tenant_id)
        except TooManyRequests:
            continue
        count += 1
    return count


def test_a_storm_leaves_a_quarter_to_the_others():
    shared = limits(400)

    assert admitted(shared, "storm", 5000) == 300
    assert [admitted(shared, f"tenant {number}", 2) for number in range(50)] == [2] * 50


def test_a_refused_tenant_learns_what_happened_and_when_to_retry():
    shared = limits()
    admitted(shared, "storm", LIMIT)

    with pytest.raises(TooManyRequests) as refusal:
        shared.admit_request("storm")

    assert str(refusal.value) == (
        "Your organization has used its share of the requests to Fivetran, and few are left for "
        "the others. Try again in 60 minutes."
    )
    assert HOUR - 60 < refusal.value.retry_after <= HOUR + 1


def test_tenants_that_use_equal_shares_use_the_whole_limit():
    shared = limits(400)

    assert [sum(admitted(shared, f"tenant {number}") for _ in range(300)) for number in (1, 2)] == [
        300,
        100,
    ]
    shared = limits(400)
    counts = [0] * 4
    for turn in range(4 * 300):
        counts[turn % 4] += admitted(shared, f"tenant {turn % 4}")
    assert counts == [100] * 4


@pytest.mark.parametrize(
    ("tenants", "tenant_id"), [(1, "only"), (1000, "")], ids=["one-tenant", "no-tenant"]
)
def test_without_other_tenants_nothing_is_kept_for_them(tenants: int, tenant_id: str):
    shared = limits(tenants=tenants)

    assert admitted(shared, tenant_id, LIMIT + 5) == LIMIT
    with pytest.raises(TooManyRequests, match="all users together"):
        shared.admit_request(tenant_id)


def test_an_hour_later_the_storm_may_go_on(later: Callable[[float], None]):
    shared = limits()
    admitted(shared, "storm", LIMIT)

    later(HOUR + 60)

    assert admitted(shared, "storm", LIMIT) == LIMIT * 3 // 4


@given(VISITS)
@cases(400)
def test_only_tenants_over_their_share_are_refused_while_requests_are_left(visits):
    with pytest.MonkeyPatch.context() as patch:
        now = START
        patch.setattr("time.time", lambda: now)
        shared, hits, present = limits(), [], {}
        for tenant, times, later in visits:
            now += later
            for _ in range(times):
                recent = [who for who, at in hits if at >= now - HOUR]
                used, share = recent.count(tenant), LIMIT / max(2, len(set(recent)))
                ok = admitted(shared, f"tenant {tenant}") == 1
                if len(recent) >= LIMIT:
                    assert not ok
                elif len(recent) < 0.75 * LIMIT or used == 0:
                    assert ok
                elif sum(at >= now - HOUR for at in present.values()) == len(set(recent)):
                    assert ok == (used < share)
                if ok:
                    hits.append((tenant, now))
                    if present.get(tenant, 0) < now - HOUR:
                        present[tenant] = now


def test_one_storm_among_200_tenants_refuses_nobody_else():
    """Over two hours; each of the 199 acts 5 times an hour, the storm 3 times a second."""
    draw, now, refused, storm = Random(13), START, 0, 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: now)
        shared = limits(6000)
        calm = sorted(
            (START + draw.uniform(0, 2 * HOUR), f"tenant {number}")
            for number in range(199)
            for _ in range(10)
        )
        acts = sorted([*calm, *((START + third / 3, "storm") for third in range(6 * HOUR))])
        for moment, tenant_id in acts:
            now = moment
            ok = admitted(shared, tenant_id)
            storm += ok and tenant_id == "storm"
            refused += not ok and tenant_id != "storm"

    assert refused == 0
    assert 2 * 3300 < storm < 2 * 4600


def test_processes_that_share_redis_share_between_tenants(tmp_path: Path):
    with redis_server(tmp_path) as url:
        first, second = (limits(redis_url=url) for _ in range(2))
        storm = [admitted(process, "storm", LIMIT) for process in (first, second)]
        calm = admitted(second, "calm", 10)

    assert storm == [30, 0]
    assert calm == 10
    assert admitted(second, "storm", LIMIT) == 30  # by itself, without Redis
    assert admitted(second, "calm", 10) == 10


def test_the_requests_of_each_tenant_can_be_told():
    limits = ClientLimits(
        Limiter(), requests="", all_requests="100 per hour", creations="", tenants=lambda: 3
    )
    for tenant_id, number in (("acme", 3), ("globex", 1)):
        for _ in range(number):
            limits.admit_request(tenant_id)

    assert limits.used(["acme", "globex", "initech"]) == {"acme": 3, "globex": 1, "initech": 0}
    assert limits.for_all == "100 per 1 hour"


def test_they_are_not_told_where_that_would_cost_much():
    shared = ClientLimits(
        Limiter(redis_url="redis://127.0.0.1:1/0"),
        requests="",
        all_requests="100 per hour",
        creations="",
        tenants=lambda: 3,
    )
    unlimited = ClientLimits(
        Limiter(), requests="", all_requests="", creations="", tenants=lambda: 3
    )
    alone = ClientLimits(Limiter(), requests="", all_requests="100 per hour", creations="")

    assert [limits.used(["acme"]) for limits in (shared, unlimited, alone)] == [{}, {}, {}]
