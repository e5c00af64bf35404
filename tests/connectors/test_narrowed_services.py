"""What a session for some services alone sees of a tenant's services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pbf.cache.shared import SharedCache
from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.catalogue import MOST_POLICIES
from pbf.connectors.portal import Portal, Tenant
from pbf.errors import UnknownService
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Service
from pbf.rules.access.permissions import Role
from pbf.rules.access.policy import Policy, ServiceRule
from pbf.signed_links import Signer
from pbf.store.store import Store
from tests.support.draws import cases

CATALOGUE = [
    Service(id=f"{kind.lower()}_{number}", type=kind)
    for kind in ("Marketing", "Sales", "Finance")
    for number in range(3)
]
IDS = [service.id for service in CATALOGUE]
SALES = Policy(services=ServiceRule(categories=frozenset({"sales"})), digest="sales")

subsets = some.none() | some.frozensets(some.sampled_from([*IDS, "unknown"]))
rules = some.builds(
    ServiceRule,
    categories=some.none() | some.frozensets(some.sampled_from(["marketing", "sales"])),
    include=some.frozensets(some.sampled_from(IDS), max_size=2),
    exclude=some.frozensets(some.sampled_from(IDS), max_size=2),
)
policies = some.just(Policy()) | some.builds(
    lambda rule: Policy(services=rule, digest=repr(rule)), rules
)


class Catalogue(ApiClient):
    """A client that knows the services, and asks nobody."""

    def __init__(self) -> None:
        self.timeout = 1.0

    def get_metadata(self) -> Iterator[Service]:
        return iter(CATALOGUE)


@contextmanager
def session_for(services: frozenset[str] | None) -> Iterator[None]:
    before = CALLER.set(Caller("link", Role.EDITOR, services=services))
    try:
        yield
    finally:
        CALLER.reset(before)


@pytest.fixture(scope="module")
def portal_under() -> Iterator[Callable[[Policy], Portal]]:
    store, cache, client = Store("sqlite://"), SharedCache(), Catalogue()

    def build(policy: Policy) -> Portal:
        return Portal(
            Tenant("acme", "Acme", "group"),
            client=client,
            cache=cache,
            store=store,
            signer=Signer("key"),
            policy=lambda: policy,
            grace=24.0,
        )

    yield build
    cache.close()
    store.close()


def ids(portal: Portal, services: frozenset[str] | None) -> list[str]:
    with session_for(services):
        return [service.id for service in portal.services().items]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [pytest.param(Policy(), ["sales_1", "finance_0"], id="none"), (SALES, ["sales_1"])],
)
def test_two_sessions_in_turn_see_their_own_services(policy, expected, portal_under):
    portal = portal_under(policy)
    restricted = frozenset({"sales_1", "finance_0"})
    everything = ids(portal, None)

    for _ in range(3):
        assert ids(portal, restricted) == expected
        assert ids(portal, frozenset({"sales_2"})) == ["sales_2"]
        assert ids(portal, None) == everything


def test_the_revision_tells_sessions_for_different_services_apart(portal_under):
    portal = portal_under(SALES)

    revisions = []
    for services in (None, frozenset({"sales_1"}), frozenset({"sales_2"}), frozenset[str]()):
        with session_for(services):
            revisions.append(portal.services().revision)
            assert portal.services() is portal.services()

    assert len(set(revisions)) == 4


def test_a_service_that_the_session_is_not_for_does_not_exist(portal_under):
    portal = portal_under(Policy())

    with session_for(frozenset({"sales_1"})):
        assert portal.service("sales_1").id == "sales_1"
        with pytest.raises(UnknownService):
            portal.service("sales_2")


def test_the_services_of_many_sessions_take_limited_memory(portal_under):
    portal = portal_under(SALES)

    for number in range(3 * MOST_POLICIES):
        assert ids(portal, frozenset({"sales_1", f"other_{number}"})) == ["sales_1"]

    assert len(portal._catalogue._allowed) == MOST_POLICIES


@cases(300)
@given(policy=policies, sessions=some.lists(subsets, min_size=1, max_size=4))
def test_a_session_for_some_services_never_sees_more_than_the_policy_allows(
    portal_under, policy, sessions
):
    portal = portal_under(policy)
    allowed = {service.id for service in CATALOGUE if policy.services.decide(service).allowed}

    for services in sessions:
        seen = set(ids(portal, services))
        assert seen == (allowed if services is None else allowed & services)
