"""Random requests of 50 tenants: nobody is told anything of another tenant."""

import hmac
import json
import logging
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from pbf import logs
from pbf.api.guard import PUBLIC
from pbf.connectors.access.changes_at_once import MOST_AT_ONCE
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.sandbox.catalogue.services import services
from tests.support.draws import number_of_cases
from tests.support.marked_tenants import (
    ADDRESS,
    ROLES,
    WEBHOOK_SECRET,
    MarkedTenant,
    MarkedWorld,
    marked_world,
    marks,
)
from tests.support.signing import sign

TENANTS = 50
TRIES = 10_000
PARTS = 4
METHODS = ("GET", "GET", "GET", "GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "PUT")
# A link or invitation is itself the credential there; its holder may be signed in anywhere.
BEARER_LINKS = {
    "invitations.show",
    "invitations.open_card",
    "invitations.come_back",
    "status.show",
    "sso.follow",
    "sso.enter",
    "sso.post",
}
IDS: dict[str, Callable[[MarkedTenant], Sequence[str]]] = {
    "channel_id": lambda tenant: tenant.channels,
    "delivery_id": lambda tenant: tenant.messages,
    "incident_id": lambda tenant: (tenant.incident,),
    "change_id": lambda tenant: (tenant.planned_change,),
}
QUOTED_SERVICE = re.compile(r'"service": ?"(\w+)"')


NEW_BODIES: dict[str, Callable[[MarkedTenant], dict[str, Any]]] = {
    "notifications.add_channel": lambda of: {
        "kind": "webhook",
        "name": "New",
        "address": "https://127.0.0.1:9/new",
        "scope": "connector",
        "target": of.connectors[0],
    },
    "watch.put_promise": lambda of: {
        "scope": "connector",
        "target": of.connectors[1],
        "kind": "within",
        "hours": 4,
    },
    "maintenance.plan_change": lambda of: {
        "action": "pause",
        "at": "2031-01-30T22:00:00Z",
        "reason": "Tests.",
    },
}


@dataclass
class Try:
    """One request, who sends it, and whose data its answer may hold."""

    method: str
    path: str
    tenant: MarkedTenant | None
    session: MarkedTenant | None = None
    options: dict[str, Any] = field(default_factory=dict)
    endpoint: str = ""
    linked: set[str] = field(default_factory=set)

    @property
    def sent(self) -> str:
        """Everything that the caller has said itself."""
        return f"{self.path} {self.options}"


class Collected(logging.Handler):
    """Collects the log lines of this thread."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((getattr(record, "tenant_id", ""), record.getMessage()))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarkedWorld]:
    """Fifty tenants, whose lists are in the cache."""
    with marked_world(tmp_path_factory.mktemp("tenants"), tenants=TENANTS) as started:
        yield started


@pytest.fixture(scope="module")
def routes(world: MarkedWorld) -> FlaskClient:
    """A client of the JSON API without cookies of its own."""
    return create_app(lambda: world.runtime).test_client(use_cookies=False)


@pytest.fixture
def lines() -> Iterator[list[tuple[str, str]]]:
    """The log lines of the test, each with its tenant."""
    handler, factory, root = Collected(), logging.getLogRecordFactory(), logging.getLogger()
    logging.setLogRecordFactory(logs.new_record)
    level = root.level
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)
    logging.setLogRecordFactory(factory)


class Requests:
    """Draws random requests."""

    def __init__(self, world: MarkedWorld, app: Any, seed: int) -> None:
        self.world = world
        self.rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
        self.random = random.Random(seed)
        self.etags: list[str] = []

    def draw(self) -> Try:
        choose = self.random.choice
        tenant, other = choose(self.world.tenants), choose(self.world.tenants)
        rule, linked = choose(self.rules), set[str]()
        made = Try(choose(METHODS), self._path(rule, tenant, other, linked), tenant)
        made.endpoint, made.linked = rule.endpoint, linked
        if choose((True, False)):
            allowed = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
            made.method = choose(allowed or ["GET"])
        self._credentials(made, other)
        made.options["query_string"] = self._query(rule, tenant, other, linked)
        if made.method in ("POST", "PATCH", "PUT", "DELETE"):
            self._body(made, tenant, other, linked)
        headers = made.options["headers"]
        if self.etags and choose((True, False)):
            headers["If-None-Match"] = choose(self.etags)
        headers["Accept-Encoding"] = "identity"
        return made

    def _path(self, rule: Rule, tenant: MarkedTenant, other: MarkedTenant, linked: set[str]) -> str:
        path = rule.rule
        for part in re.findall(r"<[^>]+>", path):
            path = path.replace(part, self._argument(part, tenant, other, linked))
        return path

    def _argument(
        self, part: str, tenant: MarkedTenant, other: MarkedTenant, linked: set[str]
    ) -> str:
        of = self.random.choice((tenant, tenant, other))
        if "connector_id" in part:
            return self.random.choice((*of.connectors[:1], *of.connectors, "unknown"))
        if chosen := IDS.get(part.rpartition(":")[2].rstrip(">")):
            return self.random.choice((*chosen(of), "unknown"))
        if part.endswith(":token>"):
            linked.add(of.mark)
            return of.status_secret
        if "link" in part or "invitation" in part or "code" in part:
            return self._signed(of, linked)
        return self.random.choice(("file", of.id, "openapi.json", of.people[Role.VIEWER]))

    def _signed(self, of: MarkedTenant, linked: set[str]) -> str:
        """Return a link, an invitation, a state or a sign-in link of a tenant."""
        signer, connector_id = self.world.runtime.signer, self.random.choice(of.connectors)
        linked.add(of.mark)
        kind = self.random.choice(("link", "invitation", "state", "sign-in", "altered"))
        if kind == "link":
            return signer.link(of.id, connector_id)
        if kind == "invitation":
            return signer.invitation(of.id, connector_id)
        if kind == "state":
            return signer.state(of.id, connector_id=connector_id)
        if kind == "altered":
            return signer.link(of.id, connector_id)[:-1] + "A"
        identity = self.world.runtime.identity
        creator = identity.tokens.find(of.tokens[Role.ADMIN])
        user = {"id": f"u_{of.mark}", "name": f"User {of.mark}"}
        body = {"tenant": of.id, "user": user}
        return identity.links.create(body, creator=creator, allowed_origins=()).code

    def _credentials(self, made: Try, other: MarkedTenant) -> None:
        tenant, role = made.tenant, self.random.choice(ROLES)
        headers: dict[str, str] = {"Origin": ADDRESS}
        way = self.random.choice(("cookie", "cookie", "token", "token", "both", "narrow", "none"))
        if way == "none":
            made.tenant = None
        if way in ("token", "both"):
            headers["Authorization"] = f"Bearer {tenant.tokens[role]}"
        if way in ("cookie", "narrow"):
            made.session = tenant
        if way == "both":  # a bearer token counts, and no cookie beside it
            made.session = other
        if made.session:
            cookie = self.world.cookie(made.session, role, narrowed=way == "narrow")
            headers["Cookie"] = f"pbf={cookie}"
        if self.random.random() < 0.1:
            headers["X-Pbf-Session"] = self.world.session_id(other, role)
            headers["X-Forwarded-User"] = f"admin@{other.mark}.example"
        made.options["headers"] = headers

    def _query(
        self, rule: Rule, tenant: MarkedTenant, other: MarkedTenant, linked: set[str]
    ) -> dict[str, str]:
        if rule.endpoint.endswith("come_back") and self.random.random() < 0.9:
            return {"state": self._signed(self.random.choice((tenant, other)), linked)}
        if rule.endpoint == "sso.enter":
            return {"token": self._sso(other, linked)}
        if rule.endpoint == "watch.remove_promise":
            of = self.random.choice((tenant, other))
            return {"scope": "connector", "target": of.connectors[0]}
        if self.random.random() < 0.6:
            return {}
        names = ("q", "service", "status", "now", "tenant", "group_id", "id", "open", "from")
        name = self.random.choice(names)
        values = (other.mark, other.group, other.connectors[0], other.id, "paused", "true", "")
        return {name: self.random.choice(values)}

    def _sso(self, of: MarkedTenant, linked: set[str]) -> str:
        linked.add(of.mark)
        now = int(time.time())
        return sign(
            {
                "iss": "https://vendor.example",
                "aud": ADDRESS,
                "sub": f"sso_{of.mark}",
                "name": f"Sso {of.mark}",
                "iat": now,
                "exp": now + 300,
                "jti": f"{self.random.random()}",
                "tenant": of.id,
            }
        )

    def _event(self, made: Try, of: MarkedTenant) -> None:
        event = {
            "event": "sync_end",
            "created": "2026-11-20T12:00:20.000Z",
            "connector_id": of.connectors[0],
            "destination_group_id": of.group,
            "sync_id": f"sync_{self.random.randrange(1000)}",
            "data": {"status": "FAILURE", "reason": f"Reason {of.mark}"},
        }
        body = json.dumps(event).encode()
        secret = self.random.choice((WEBHOOK_SECRET, "forged"))
        made.options["data"] = body
        made.options["headers"]["X-Fivetran-Signature-256"] = hmac.digest(
            secret.encode(), body, "sha256"
        ).hex()

    def _body(self, made: Try, tenant: MarkedTenant, other: MarkedTenant, linked: set[str]) -> None:
        if made.endpoint == "sso.post":
            made.options["data"] = {"token": self._sso(other, linked)}
            return
        if made.endpoint == "hooks.receive_webhook":
            self._event(made, self.random.choice((tenant, other)))
            return
        of = self.random.choice((tenant, other))
        if body := NEW_BODIES.get(made.endpoint):
            made.options["json"] = body(of)
            return
        service = self.random.choice((*tenant.allowed, *other.allowed))
        made.options["json"] = self.random.choice(
            (
                {"service": service, "name": f"New {self.random.randrange(10_000)}"},
                {"service": service, "name": "New", "group_id": other.group},
                {"paused": self.random.choice((True, False))},
                {"schedule": {"type": "interval", "minutes": 60}},
                {"tenant": of.id, "user": {"id": "u_1", "name": "Ada"}, "role": "viewer"},
                {"tenant_id": other.id, "role": "admin", "name": "x"},
                {},
            )
        )


def text_of(answer: TestResponse) -> str:
    """Return everything of an answer that reaches the caller."""
    return f"{answer.status} {answer.headers} {answer.get_data(as_text=True)}"


def allowed_marks(made: Try) -> set[str]:
    """Return whose data the answer to a request may hold."""
    own = {made.tenant.mark} if made.tenant else set()
    if made.endpoint in BEARER_LINKS:
        return own | made.linked
    if made.endpoint == "connect_card.come_back":  # for browsers; tokens do not count there
        return {made.session.mark} if made.session else made.linked
    if made.endpoint == "connect_card.go" and made.tenant is None:
        return made.linked  # the way to sign in names the connector, as the link itself does
    return own


def check(made: Try, answer: TestResponse, lines: list[tuple[str, str]]) -> None:
    """Fail if an answer or a log line holds anything of another tenant, or a hidden service."""
    foreign = marks(text_of(answer)) - allowed_marks(made)
    assert not foreign, (made, text_of(answer)[:2000])
    assert answer.status_code < 500 or answer.status_code == 503, (made, text_of(answer)[:500])
    if made.tenant and made.endpoint not in BEARER_LINKS | {"docs.get_description"}:
        shown = set(QUOTED_SERVICE.findall(answer.get_data(as_text=True)))
        assert shown <= set(made.tenant.allowed), (made, shown)
    said = marks(made.sent) | allowed_marks(made)
    for _, line in lines:
        assert marks(line) <= said, (made, line)


@pytest.mark.drawn
@pytest.mark.parametrize("part", range(PARTS))
def test_no_answer_and_no_log_line_holds_anything_of_another_tenant(
    part: int, world: MarkedWorld, routes: FlaskClient, lines: list[tuple[str, str]]
):
    requests, statuses = Requests(world, routes.application, part), Counter[int]()
    tries = number_of_cases(TRIES // PARTS)

    for _ in range(tries):
        made = requests.draw()
        lines.clear()
        answer = routes.open(made.path, method=made.method, base_url=ADDRESS, **made.options)
        check(made, answer, lines)
        statuses[answer.status_code] += 1
        if etag := answer.headers.get("ETag"):
            requests.etags = [*requests.etags[-50:], etag]

    assert statuses[200] > tries / 10
    assert {201, 303, 401, 403, 404, 405} - statuses.keys() <= {201}


def test_whatever_was_asked_each_cache_entry_holds_one_tenant(
    world: MarkedWorld, routes: FlaskClient
):
    for tenant in world.tenants:
        headers = {"Authorization": f"Bearer {tenant.tokens[Role.ADMIN]}"}
        assert routes.get("/_/connectors", base_url=ADDRESS, headers=headers).status_code == 200
        assert routes.get("/_/services", base_url=ADDRESS, headers=headers).status_code == 200

    cached = {key: entry.value for key, entry in world.runtime.cache._entries.items()}
    bodies = routes.application.extensions["pbf_bodies"]._bodies
    of_groups = [key for key in cached if key.startswith("connectors:")]
    assert len(of_groups) == TENANTS
    assert len(bodies) >= TENANTS
    assert {key for key in of_groups if marks(key) != marks(repr(cached[key].items))} == set()
    assert {key for key in cached if key not in of_groups and marks(repr(cached[key]))} == set()
    wrong = [
        key for key, (_, body) in bodies.items() if not marks(body.plain.decode()) <= marks(key[0])
    ]
    assert wrong == []


def test_each_list_of_services_is_exactly_what_the_policy_allows(
    world: MarkedWorld, routes: FlaskClient
):
    for tenant in world.tenants:
        for headers, allowed in (
            ({"Authorization": f"Bearer {tenant.tokens[Role.VIEWER]}"}, set(tenant.allowed)),
            (
                {"Cookie": f"pbf={world.cookie(tenant, Role.ADMIN, narrowed=True)}"},
                {tenant.allowed[0]},
            ),
        ):
            listed = routes.get("/_/services", base_url=ADDRESS, headers=headers).json
            assert {service["id"] for service in listed} == allowed


def test_hidden_services_cannot_be_created_by_anybody(world: MarkedWorld, routes: FlaskClient):
    draw = random.Random(1)
    for tenant in world.tenants:
        narrowed = f"pbf={world.cookie(tenant, Role.ADMIN, narrowed=True)}"
        hidden = sorted(services().keys() - set(tenant.allowed))
        of_session = sorted(services().keys() - {tenant.allowed[0]})
        for service, credential in (
            (draw.choice(hidden), {"Authorization": f"Bearer {tenant.tokens[Role.ADMIN]}"}),
            (draw.choice(of_session), {"Cookie": narrowed, "Origin": ADDRESS}),
        ):
            answer = routes.post(
                "/_/connectors",
                base_url=ADDRESS,
                headers=credential,
                json={"service": service, "name": "Hidden"},
            )
            assert (answer.status_code, answer.json["error"]["code"]) == (404, "unknown_service")


def test_the_audit_log_of_each_tenant_is_its_own(world: MarkedWorld, routes: FlaskClient):
    for tenant in world.tenants:
        headers = {"Authorization": f"Bearer {tenant.tokens[Role.ADMIN]}"}
        own = routes.get("/_/connectors", base_url=ADDRESS, headers=headers).json[0]["id"]
        routes.post(f"/_/connectors/{own}/sync", base_url=ADDRESS, headers=headers)

        csv = routes.get("/_/audit.csv", base_url=ADDRESS, headers=headers).get_data(as_text=True)

        assert marks(csv) == {tenant.mark}


def test_a_higher_role_is_never_refused_what_a_lower_one_may(
    world: MarkedWorld, routes: FlaskClient
):
    requests = Requests(world, routes.application, 99)

    for _ in range(300):
        made = requests.draw()
        if made.endpoint in PUBLIC:
            continue
        refused = []
        for role in ROLES:
            headers = {"Authorization": f"Bearer {made.tenant.tokens[role]}"} if made.tenant else {}
            options = {**made.options, "headers": headers}
            answer = routes.open(made.path, method=made.method, base_url=ADDRESS, **options)
            refused.append(answer.status_code == 403)
        assert refused == sorted(refused, reverse=True), made


def test_a_link_of_another_tenant_opens_no_card_and_names_nothing(
    world: MarkedWorld, routes: FlaskClient
):
    own, other = world.tenants[:2]
    headers = {"Cookie": f"pbf={world.cookie(own, Role.EDITOR)}", "Origin": ADDRESS}
    token = {"Authorization": f"Bearer {other.tokens[Role.VIEWER]}"}
    listed = routes.get("/_/connectors", base_url=ADDRESS, headers=token).json
    signer, connector_id = world.runtime.signer, listed[0]["id"]
    state = signer.state(other.id, connector_id=connector_id)
    before = world.sandbox.world.control.log.total

    went = routes.get(
        f"/_/go/{signer.link(other.id, connector_id)}", base_url=ADDRESS, headers=headers
    )
    back = routes.get(f"/_/return?state={state}", base_url=ADDRESS, headers=headers)

    assert (went.status_code, back.status_code) == (303, 303)
    assert went.headers["Location"] == f"{ADDRESS}/connectors?note=elsewhere"
    assert back.headers["Location"] == f"{ADDRESS}/connectors?note=elsewhere"
    assert world.sandbox.world.control.log.total == before
    # The state still leads its own tenant back.
    headers = {"Cookie": f"pbf={world.cookie(other, Role.EDITOR)}", "Origin": ADDRESS}
    back = routes.get(f"/_/return?state={state}", base_url=ADDRESS, headers=headers)
    assert back.headers["Location"].endswith(f"?returned={connector_id}")


READS = {
    "/_/incidents": "Incident",
    "/_/incidents/{incident}": "Event",
    "/_/promises": "Promiser",
    "/_/channels": "Channel",
    "/_/channels/{channel}/deliveries": "Message",
    "/_/connectors/{connector}/planned-changes": "Planned",
    "/_/connectors/{connector}/syncs": "Reason",
    "/_/connectors/{connector}/syncs.csv": "Reason",
}
CHANGES = (
    ("POST", "/_/channels/{channel}/test", None),
    ("POST", "/_/channels/{channel}/deliveries/{message}", None),
    ("DELETE", "/_/channels/{channel}", None),
    ("DELETE", "/_/connectors/{connector}/planned-changes/{change}", None),
    ("POST", "/_/connectors/{connector}/planned-changes", "maintenance.plan_change"),
    ("PUT", "/_/promises", "watch.put_promise"),
    ("DELETE", "/_/promises?scope=connector&target={connector}", None),
    ("POST", "/_/channels", "notifications.add_channel"),
)


def path_of(path: str, of: MarkedTenant) -> str:
    """Return a path with the ids of a tenant."""
    return path.format(
        incident=of.incident,
        channel=of.channels[1],
        message=of.messages[1],
        connector=of.connectors[0],
        change=of.planned_change,
    )


def contents(world: MarkedWorld, of: MarkedTenant) -> list[dict[str, Any]]:
    """Return what is stored for a tenant."""
    store = world.runtime.store
    stores = (store.channels, store.promises, store.planned_changes, store.notifications)
    rows = [row for one in stores for row in one.listed(of.group)]
    return [
        {column.key: getattr(row, column.key) for column in type(row).__table__.columns}
        for row in rows
    ]


def test_what_incidents_channels_and_histories_hold_is_shown_to_its_own_tenant_alone(
    tmp_path,
):
    with marked_world(tmp_path, tenants=3) as world:
        routes = create_app(lambda: world.runtime).test_client(use_cookies=False)
        for own, other in permutations(world.tenants, 2):
            headers = {"Authorization": f"Bearer {own.tokens[Role.ADMIN]}"}

            def request(path, method="GET", body=None, *, headers=headers):
                return routes.open(
                    path, method=method, base_url=ADDRESS, headers=headers, json=body
                )

            for path, word in READS.items():
                answer = request(path_of(path, own))
                assert f"{word} {own.mark}" in text_of(answer), path
                assert marks(text_of(answer)) == {own.mark}
                if "{" in path:
                    foreign = request(path_of(path, other))
                    assert foreign.status_code == 404, path
                    assert marks(text_of(foreign)) == set()

            before = contents(world, other)
            for method, path, endpoint in CHANGES:
                body = NEW_BODIES[endpoint](other) if endpoint else None
                answer = request(path_of(path, other), method, body)
                assert answer.status_code == 404, (path, text_of(answer))
                assert marks(text_of(answer)) == set()
            assert contents(world, other) == before
            # A channel of one person is unknown to everybody else, admins and programs included.
            private = request(f"/_/channels/{own.channels[0]}/deliveries")
            assert private.status_code == 404
            status = routes.get(f"/_/status/{other.status_secret}", base_url=ADDRESS)
            assert status.status_code == 200
            assert marks(status.get_data(as_text=True)) == {other.mark}


def test_changes_that_are_done_or_refused_are_no_longer_under_way(routes: FlaskClient):
    assert not routes.application.extensions["pbf_changes"]._under_way


def test_a_tenant_with_many_changes_under_way_is_told_when_to_try_again(
    world: MarkedWorld, routes: FlaskClient
):
    busy, other = world.tenants[:2]
    changes = routes.application.extensions["pbf_changes"]
    for _ in range(MOST_AT_ONCE):
        changes.begin(busy.id)
    answers = [
        routes.post(
            "/_/connectors",
            base_url=ADDRESS,
            headers={"Authorization": f"Bearer {tenant.tokens[Role.ADMIN]}"},
            json={},
        )
        for tenant in (busy, other)
    ]
    for _ in range(MOST_AT_ONCE):
        changes.end(busy.id)

    assert [answer.status_code for answer in answers] == [429, 400]
    assert answers[0].headers["Retry-After"] == "1"


def test_background_work_asks_for_no_tenant_without_any(world: MarkedWorld):
    runtime = world.runtime
    waiting = {portal.tenant.id for portal in runtime.portals_to_work_on()}
    groups = runtime.store.groups_to_work_on()

    assert groups <= {tenant.group for tenant in world.tenants}
    assert waiting == {f"t-{next(iter(marks(group)))}" for group in groups}
    assert 0 < len(waiting) < TENANTS
