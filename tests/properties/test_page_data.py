"""Random calls of what pages are made of, by people of 50 tenants, four at a time.

A try is one call in the name of a random person: a function of `ui.data` (`st.cache_data`,
`st.cache_resource` and derived caches), a fragment's HTML, a part of the People
screen, or a list's route, with an id of the own or of another tenant.
"""

import gzip
import json
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.errors import NotPermitted, PbfError, UnknownConnector, UnknownService
from pbf.fivetran.models import Connector
from pbf.identity.administration.administration import Administration
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.rules.health import health
from pbf.sandbox.catalogue.services import services
from pbf.ui import audit_table, data, html, session
from pbf.ui.connector import detail
from pbf.ui.view_models import category
from tests.support.marked_tenants import (
    ADDRESS,
    ROLES,
    MarkedTenant,
    MarkedWorld,
    marked_world,
    marks,
)

TENANTS, THREADS = 50, 4
FEW, MANY = 400, 10_000
VISITOR = threading.local()
BARE = "streamlit.runtime.scriptrunner_utils.script_run_context"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarkedWorld]:
    """Fifty tenants, each with people who are signed in."""
    with marked_world(tmp_path_factory.mktemp("tenants"), tenants=TENANTS) as world:
        yield world


@pytest.fixture
def world(started: MarkedWorld, monkeypatch: pytest.MonkeyPatch) -> MarkedWorld:
    """Those tenants; a thread's visitor is who its session names, as in a page's run."""
    runtimes.use(started.runtime)
    monkeypatch.setattr(session, "get_script_run_ctx", lambda: VISITOR.run)
    # At each call, Streamlit says that there is no run of a page.
    monkeypatch.setattr(logging.getLogger(BARE), "disabled", True)
    return started


@dataclass(frozen=True)
class Call:
    """Who calls: a tenant's person; and an id of a connector of the same or another tenant."""

    world: MarkedWorld
    tenant: MarkedTenant
    role: Role
    other: MarkedTenant
    connector_id: str
    routes: FlaskClient

    @property
    def is_own(self) -> bool:
        return self.other is self.tenant

    def connector(self) -> Connector:
        """Return the connector of the id; an own one if it is another tenant's."""
        portal = session.portal()
        if not self.is_own:
            with pytest.raises(UnknownConnector) as caught:
                portal.connector(self.connector_id)
            assert not marks(str(caught.value))
        return portal.connector(self.connector_id if self.is_own else self.tenant.connectors[0])


def gallery(call: Call) -> str:
    content = gzip.decompress(data.gallery()[0]).decode()
    cards = json.loads(content)["cards"]
    assert {card[0] for card in cards} == set(call.tenant.allowed)
    return content


def allowed_services(call: Call) -> str:
    items = data.services().items
    assert {service.id for service in items} == set(call.tenant.allowed)
    with pytest.raises(UnknownService):
        session.portal().service(next(iter(services().keys() - set(call.tenant.allowed))))
    return repr(items)


def charts(call: Call) -> str:
    """Return the charts, which name nothing but categories and count connectors by them."""
    drawn = data.charts(VISITOR.random.choice(("light", "dark")))
    (bars,) = (statistic.bars for statistic, _ in drawn if statistic.id == "category")
    own = session.portal().connectors().items
    assert Counter({bar.label: bar.count for bar in bars}) == Counter(
        category(data.service_of(connector)) for connector in own
    )
    return repr(drawn)


def table(call: Call) -> str:
    drawn = data.table(call.connector_id)
    assert drawn.ids <= set(call.tenant.connectors)
    return gzip.decompress(drawn.rows).decode() + repr(drawn.ids)


def facts(call: Call) -> str:
    connector, now = call.connector(), datetime.now(UTC)
    service = data.service_of(connector)
    head = detail.head(connector, service, health(connector, now))
    past = detail.syncs(data.history(connector)) + detail.errors(data.errors(connector))
    return head + detail.facts(connector, service, now) + detail.notes(connector) + past


def activity(call: Call) -> str:
    by_id = {connector.id: connector for connector in data.connectors().items}
    entries = data.audit_entries(call.connector()) + session.portal().audit_log.newest(50)
    rows = audit_table.rows(entries, by_id)
    return html.render("activity", "full", rows=list(rows))


def pause_and_resume(call: Call) -> str:
    """Change a connector, so that the tenant's lists and all that is made of them are new."""
    operations, connector = session.portal().operations, call.connector()
    with suppress(NotPermitted):
        (operations.resume if connector.paused else operations.pause)(connector.id)
    return repr(data.rows(call.connector_id))


def people(call: Call) -> str:
    """Return a list of the People screen; that of another tenant is refused without a word."""
    administration: Administration = call.world.runtime.identity.administration
    identity, members = session.identity(), administration.members
    lists = (members, administration.sessions, administration.tokens)
    asked = VISITOR.random.choice([*(part.listed for part in lists), members.invitations])
    try:
        listed = asked(identity, call.other.id)
    except PbfError as error:
        assert not (call.is_own and call.role is Role.ADMIN)
        return str(error)
    assert call.is_own
    return repr(listed)


def route(call: Call) -> str:
    """Return the response of a list's route, also if the caller has that of another tenant."""
    path = VISITOR.random.choice(("/_/connectors", "/_/services", "/_/deletions", "/_/me"))
    cookie = f"pbf={call.world.cookie(call.tenant, call.role)}"
    headers = {"Cookie": cookie, "If-None-Match": VISITOR.etag}
    answer = call.routes.get(path, base_url=ADDRESS, headers=headers)
    VISITOR.etag = answer.headers.get("ETag", "")
    return f"{answer.headers} {answer.get_data(as_text=True)}"


# What holds the tenant's own mark, and what is checked by its services alone.
MARKED: dict[str, Callable[[Call], object]] = {
    "connectors": lambda _: data.connectors().items,
    "rows": lambda call: data.rows(call.connector_id),
    "summary": lambda _: data.summary(),
    "deleted": lambda _: session.portal().deleted().items,
    "table": table,
    "facts": facts,
    "activity": activity,
    "people": people,
    "route": route,
    "change": pause_and_resume,
}
CALLS = MARKED | {"services": allowed_services, "gallery": gallery, "charts": charts}
# Changes make all else anew, which takes longer.
WEIGHTS = [0.1 if name == "change" else 1 for name in CALLS]


def try_randomly(world: MarkedWorld, routes: FlaskClient, seed: int, tries: int) -> Counter[str]:
    """Make random calls, and count by function those whose results held the own mark."""
    draw = VISITOR.random = random.Random(seed)
    VISITOR.etag, own = "", Counter[str]()
    for _ in range(tries):
        tenant, role = draw.choice(world.tenants), draw.choice(ROLES)
        other = draw.choice((tenant, draw.choice(world.tenants)))
        # The fifth one of some tenants is deleted.
        call = Call(world, tenant, role, other, draw.choice(other.connectors[:4]), routes)
        VISITOR.run = SimpleNamespace(user_info={"session": world.session_id(tenant, role)})
        (name,) = draw.choices(list(CALLS), WEIGHTS)
        text = str(CALLS[name](call))
        assert marks(text) <= {tenant.mark}, (name, call, text[:2000])
        own[name] += tenant.mark in text
    return own


def run(world: MarkedWorld, tries: int) -> Counter[str]:
    """Make so many tries, shared between threads."""
    routes = create_app(lambda: world.runtime).test_client(use_cookies=False)
    for tenant in world.tenants:
        for role in ROLES:
            world.cookie(tenant, role)
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [
            pool.submit(try_randomly, world, routes, seed, tries // THREADS)
            for seed in range(THREADS)
        ]
        return sum((future.result() for future in futures), Counter[str]())


def check_caches(world: MarkedWorld) -> None:
    """Fail unless each derived value and each list is of the tenant that its key names."""
    derived = data._derived()
    for cache in (derived.rows, derived.tables, derived.summaries):
        assert len(cache) > TENANTS
        for key, entry in cache._entries.items():
            value = entry.value.result()
            content = (
                gzip.decompress(value.rows).decode() if cache is derived.tables else repr(value)
            )
            assert marks(content) == marks(str(key[0]))
    for key, entry in world.runtime.cache._entries.items():
        if key.startswith("connectors:"):
            assert marks(repr(entry.value.items)) == marks(key)
        else:
            assert not marks(repr(entry.value))


def test_no_call_returns_anything_of_another_tenant(world: MarkedWorld):
    own = run(world, FEW)

    assert set(own) >= MARKED.keys()
    assert all(own[name] for name in MARKED), own


@pytest.mark.exhaustive
@pytest.mark.timeout(400)
def test_many_calls_leave_each_cache_entry_with_one_tenant(world: MarkedWorld):
    own = run(world, MANY)

    assert sum(own.values()) > MANY / 2, own
    check_caches(world)
