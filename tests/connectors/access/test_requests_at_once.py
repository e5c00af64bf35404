"""The requests of one tenant that may be under way at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pbf.connectors.access.requests_at_once import Limit, RequestsAtOnce
from pbf.errors import TooManyRequests


def test_a_tenant_with_many_changes_is_refused_and_others_are_not():
    turns = RequestsAtOnce()
    first = turns.begin("acme", is_change=True)
    turns.begin("acme", is_change=True)

    with pytest.raises(TooManyRequests, match=r"has 2 changes under way already. Try again in 1"):
        turns.begin("acme", is_change=True)
    turns.begin("globex", is_change=True)
    turns.begin("acme", is_change=False)

    turns.end(first)
    turns.begin("acme", is_change=True)


def test_a_read_waits_for_its_turn():
    turns = RequestsAtOnce({"requests": Limit(1, waiting=1, patience=60)})
    first = turns.begin("acme", is_change=False)

    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(turns.begin, "acme", is_change=False)
        while not turns._waiting:
            pass
        turns.end(first)
        turns.end(second.result(60))

    assert not turns._under_way
    assert not turns._waiting


def test_more_reads_than_may_wait_are_refused():
    turns = RequestsAtOnce({"requests": Limit(1, waiting=0)})
    turns.begin("acme", is_change=False)

    with pytest.raises(TooManyRequests, match=r"has 1 requests under way already. Try again in 1"):
        turns.begin("acme", is_change=False)


def test_a_read_that_waits_too_long_is_refused():
    turns = RequestsAtOnce({"requests": Limit(1, waiting=1, patience=0)})
    turns.begin("acme", is_change=False)

    with pytest.raises(TooManyRequests):
        turns.begin("acme", is_change=False)

    assert not turns._waiting


def test_nothing_is_kept_of_requests_that_are_done():
    turns = RequestsAtOnce()
    turns.end(turns.begin("acme", is_change=True))
    turns.end(turns.begin("acme", is_change=False))

    assert not turns._under_way
