"""What the status pages of all tenants keep."""

import pytest

from pbf.connectors.portal import Tenant
from pbf.errors import ConnectionFailed
from pbf.watch import status_page
from pbf.watch.status_page import LIFETIME, StatusPages
from tests.support.clock import Clock


class Portal:
    """A tenant whose connectors cannot be read."""

    def __init__(self, group_id: str) -> None:
        self.tenant = Tenant(group_id, group_id, group_id)

    def connectors(self):
        raise ConnectionFailed("Fivetran does not answer.")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pages(clock, monkeypatch):
    monkeypatch.setattr(status_page, "MOST_PAGES", 3)
    return StatusPages(None, clock=clock)


def test_pages_that_could_not_be_made_are_not_kept_for_ever(pages):
    for number in range(10):
        with pytest.raises(ConnectionFailed):
            pages.of(Portal(f"g{number}"), lambda: None)

    kept = [
        name for name, value in vars(pages).items() if isinstance(value, dict) and len(value) > 3
    ]
    assert kept == []


def test_a_page_is_made_once_a_minute_and_the_last_used_ones_stay(pages, clock, monkeypatch):
    made = []
    monkeypatch.setattr(pages, "_make", lambda portal, _: made.append(portal.tenant.id) or "page")

    for name in ("a", "b", "a", "c", "a", "d", "a", "b"):
        assert pages.of(Portal(name), lambda: None) == "page"

    assert made == ["a", "b", "c", "d", "b"]
    clock.advance(LIFETIME + 1)
    pages.of(Portal("a"), lambda: None)
    assert made[5:] == ["a"]
