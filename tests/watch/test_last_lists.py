"""The lists that incidents are judged by cost a share of the rate limit at most."""

from collections import Counter
from dataclasses import dataclass, field

from pbf.cache.entries import CachedList
from pbf.connectors.portal import Tenant
from pbf.errors import ConnectionFailed
from pbf.fivetran.models import RateLimit
from pbf.watch.last_lists import LastLists
from tests.support.clock import Clock

MINUTE = 60.0


@dataclass
class Portal:
    """A tenant that nobody looks at."""

    tenant: Tenant
    clock: Clock
    is_away: bool = False
    last: CachedList | None = None

    def last_connectors(self):
        return self.last

    def connectors(self):
        if self.is_away:
            raise ConnectionFailed("Fivetran does not answer.")
        self.last = CachedList((), "", self.clock())
        return self.last


@dataclass
class Account:
    """Tenants in whose lists something new is seen at every look."""

    number: int
    limit: RateLimit = field(default_factory=lambda: RateLimit(limit=500, remaining=400))

    def __post_init__(self):
        self.clock = Clock()
        groups = [f"g{number}" for number in range(self.number)]
        self.portals = {group: Portal(Tenant(group, group, group), self.clock) for group in groups}
        self.lists = LastLists(self.portals.get, lambda: self.limit)

    def look(self, seen_at: float) -> list[str]:
        """Return the groups whose last list was read now."""
        listed = self.lists.all(dict.fromkeys(self.portals, seen_at), self.clock())
        return [portal.tenant.id for portal, cached in listed if cached.fetched_at == self.clock()]


def test_where_something_new_was_seen_the_groups_take_turns_within_the_budget():
    account, reads = Account(number=20), Counter()

    for _ in range(60):
        account.clock.advance(MINUTE)
        reads.update(account.look(account.clock()))

    assert reads.total() <= 0.2 * 500 + 5 * 0.2 * 500 / 60
    assert len(reads) == 20
    assert max(reads.values()) - min(reads.values()) <= 1


def test_where_nothing_new_was_seen_nothing_is_read():
    account = Account(number=3)
    account.clock.advance(MINUTE)
    assert len(account.look(account.clock())) == 3
    seen_at = account.clock()

    account.clock.advance(MINUTE)

    assert account.look(seen_at) == []


def test_the_rest_of_the_hour_is_for_people():
    account = Account(number=3, limit=RateLimit(limit=500, remaining=100))

    assert account.look(account.clock()) == []


def test_a_list_that_cannot_be_read_is_the_one_before():
    account = Account(number=1)
    [portal] = account.portals.values()
    portal.last, portal.is_away = CachedList((), "", account.clock()), True
    account.clock.advance(MINUTE)

    listed = list(account.lists.all({"g0": account.clock()}, account.clock()))

    assert listed == [(portal, portal.last)]


def test_a_group_without_a_tenant_has_no_turn():
    account = Account(number=3)
    account.clock.advance(MINUTE)
    account.look(account.clock())
    del account.portals["g0"]
    read_at = dict.fromkeys(("g0", "g1"), account.clock())

    assert [portal.tenant.id for portal, _ in account.lists.all(read_at, account.clock())] == ["g1"]
    assert account.lists._read_at.keys() == {"g1"}
