"""Tenants whose every name, id, error and member carries a mark that no other tenant has."""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pbf import runtime as runtimes
from pbf.config import Settings, SignIn
from pbf.connectors.access.caller import acting_as
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.rules.timeline.entries import SyncReport
from pbf.rules.timeline.outcomes import Outcome
from pbf.runtime import Runtime
from pbf.sandbox.catalogue.services import services
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer
from pbf.store.identity.people import Profile
from pbf.store.tables import PlannedChange
from pbf.store.watch.tables import Channel, Notification, Promise, StatusLink
from pbf.watch.incidents import new_event, new_incident
from pbf.watch.notifications.webhooks import new_secret
from pbf.watch.status_page import digest
from tests.support.accounts import account_on
from tests.support.signing import jwks

ADDRESS = "http://localhost:8501"
MARK = re.compile(r"zq\d\dx")
ROLES = (Role.VIEWER, Role.EDITOR, Role.ADMIN)
CONNECTORS = 5
CHANNELS = 3
WEBHOOK_SECRET = "a-webhook-secret-of-the-tests-012345"
HOUR = 3600.0
LIMITS = ("action_limit", "total_action_limit", "create_limit")
SIGNING_KEY = "a-signing-key-of-the-tests-0123456789"
SHOWN_SERVICES = 12


@dataclass
class MarkedTenant:
    """One tenant, what it may see, and the credentials of its people and programs."""

    number: int
    allowed: tuple[str, ...]
    people: dict[Role, str] = field(default_factory=dict)
    tokens: dict[Role, str] = field(default_factory=dict)
    cookies: dict[tuple[Role, bool], str] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """What appears in everything of this tenant."""
        return mark(self.number)

    @property
    def id(self) -> str:
        """The tenant's id."""
        return f"t-{self.mark}"

    @property
    def group(self) -> str:
        """The id of its group."""
        return f"group_{self.mark}"

    @property
    def channels(self) -> tuple[str, ...]:
        """The ids of its channels; the first is that of its admin alone."""
        return tuple(f"channel_{self.mark}_{number}" for number in range(CHANNELS))

    @property
    def messages(self) -> tuple[str, ...]:
        """The ids of the messages to its channels."""
        return tuple(f"msg_{self.mark}_{number}" for number in range(CHANNELS))

    @property
    def incident(self) -> str:
        """The id of its incident."""
        return f"incident_{self.mark}"

    @property
    def planned_change(self) -> str:
        """The id of the planned change of its first connector."""
        return f"change_{self.mark}"

    @property
    def status_secret(self) -> str:
        """The secret of the link to its status page, which does not tell whose it is."""
        return hashlib.sha256(self.mark.encode()).hexdigest()

    @property
    def connectors(self) -> tuple[str, ...]:
        """The ids of its first connectors."""
        return tuple(f"conn_{self.mark}_{number}" for number in range(CONNECTORS))


@dataclass
class MarkedWorld:
    """The product over many tenants."""

    runtime: Runtime
    sandbox: SandboxServer
    tenants: list[MarkedTenant]
    settings: dict[str, str] = field(repr=False)

    def cookie(self, tenant: MarkedTenant, role: Role, *, narrowed: bool = False) -> str:
        """Return the cookie of an open session; narrowed, it is for the first service alone."""
        sessions, key = self.runtime.identity.sessions, (role, narrowed)
        if sessions.find(tenant.cookies.get(key, "")) is None:  # signed out meanwhile
            tenant.cookies[key] = sessions.start(
                tenant.people[role],
                tenant.id,
                role,
                method="jwt",
                services={tenant.allowed[0]} if narrowed else None,
            )
        return tenant.cookies[key]

    def session_id(self, tenant: MarkedTenant, role: Role) -> str:
        """Return the id of an open session, as pages know it."""
        identity = self.runtime.identity.sessions.find(self.cookie(tenant, role))
        return identity.session_id if identity else ""


def mark(number: int) -> str:
    """Return the mark of a tenant."""
    return f"zq{number:02}x"


def marks(text: str) -> set[str]:
    """Return the marks in a text."""
    return set(MARK.findall(text))


@contextmanager
def marked_world(
    folder: Path, *, tenants: int, url: str = ADDRESS, database: str = "sqlite://"
) -> Iterator[MarkedWorld]:
    """Start the product over a sandbox with marked tenants, with sign-in on.

    The world's settings are the environment in which a process serves the same tenants at the URL;
    it needs a database on the disk.
    """
    catalogue = sorted(services())
    marked = [
        MarkedTenant(number, tuple(catalogue[number * 7 : number * 7 + SHOWN_SERVICES]))
        for number in range(tenants)
    ]
    policy, keys = folder / "policy.yaml", folder / "keys.json"
    policy.write_text(_policy(marked), encoding="utf-8")
    keys.write_text(json.dumps(jwks("ec-1")), encoding="utf-8")
    world = Sandbox(populated=False)
    world.control.set_limits("off")
    for tenant in marked:
        _add_connectors(world, tenant)
    with SandboxServer(world=world) as server:
        sign_in = SignIn(methods=("jwt",), jwt_issuer="https://vendor.example", jwt_keys=str(keys))
        settings = account_on(server, policy=str(policy), sign_in=sign_in, public_url=url)
        settings = replace(
            settings,
            database_url=database,
            signing_keys=(SIGNING_KEY,),
            webhook_secrets=(WEBHOOK_SECRET,),
            **dict.fromkeys(LIMITS, ""),
        )
        runtime = runtimes.start(settings)
        try:
            for tenant in marked:
                _add_people(runtime, tenant)
                _add_history(runtime, tenant)
                _add_channels(runtime, tenant)
            yield MarkedWorld(runtime, server, marked, _environment(settings))
        finally:
            runtime.close()


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "FIVETRAN_API_KEY": settings.api_key,
        "FIVETRAN_API_SECRET": settings.api_secret,
        "FIVETRAN_GROUP_ID": settings.group_id,
        "FIVETRAN_API_URL": settings.api_url,
        "PBF_PUBLIC_URL": settings.public_url,
        "PBF_DATABASE_URL": settings.database_url,
        "PBF_SIGNING_KEY": settings.signing_keys[0],
        "PBF_POLICY": settings.policy,
        "PBF_SIGN_IN": "jwt",
        "PBF_JWT_ISSUER": settings.sign_in.jwt_issuer,
        "PBF_JWT_KEYS": settings.sign_in.jwt_keys,
        **{f"PBF_{name.upper()}": "" for name in LIMITS},
    }


def _policy(tenants: list[MarkedTenant]) -> str:
    lines = ["version: 1", "tenants:"]
    for tenant in tenants:
        name = tenant.mark
        lines += [
            f"  {tenant.id}:",
            f"    name: Name {name}",
            f"    group: {tenant.group}",
            f"    services: {{categories: [], include: [{', '.join(tenant.allowed)}]}}",
            f'    naming: {{pattern: "{name}_{{name}}"}}',
            f"    branding: {{product_name: Product {name}, support: 'mailto:a@{name}.example'}}",
        ]
    return "\n".join(lines)


def _add_connectors(world: Sandbox, tenant: MarkedTenant) -> None:
    world.add_group(f"Group {tenant.mark}", group_id=tenant.group)
    for number, connector_id in enumerate(tenant.connectors):
        connection = world.new_connection(
            tenant.group,
            tenant.allowed[number],
            f"schema_{tenant.mark}_{number}",
            config={"host": f"{tenant.mark}.example"},
            setup_state=("connected", "broken", "incomplete")[number % 3],
            authorised=number % 3 == 0,
            paused=number == 3,
            tasks=[{"code": "reconnect", "message": f"Task {tenant.mark}", "details": tenant.mark}]
            if number % 3 == 1
            else [],
            warnings=[{"code": "w", "message": f"Warning {tenant.mark}", "details": tenant.mark}],
        )
        connection.id = connector_id
        world.add(connection)


def _add_people(runtime: Runtime, tenant: MarkedTenant) -> None:
    admin = Identity("person:admin", tenant.id, Role.ADMIN)
    for role in ROLES:
        name = f"{role} {tenant.mark}"
        email = f"{role}@{tenant.mark}.example"
        profile = Profile("https://issuer.example", name, email, True, name)
        person = runtime.store.people.sign_in(profile, None, 0.0).person
        runtime.identity.members.grant(tenant.id, person.id, role, source="admin", by="test")
        tenant.people[role] = person.id
        new = runtime.identity.tokens.create(name, role=role, tenant_id=tenant.id, creator=admin)
        tenant.tokens[role] = new.text
    if tenant.number % 5 == 0:
        with acting_as("test"):
            runtime.portals.of(tenant.id).operations.delete(tenant.connectors[4])


def _add_history(runtime: Runtime, tenant: MarkedTenant) -> None:
    """Add a sync, an incident, a promise, a planned change and a link to the status page."""
    store, now, mark, group = runtime.store, time.time(), tenant.mark, tenant.group
    connector_id, schema_name = tenant.connectors[0], f"schema_{mark}_0"
    report = SyncReport(
        connector_id, f"sync_{mark}", now - 2 * HOUR, now - HOUR, Outcome.FAILED, f"Reason {mark}"
    )
    runtime.timelines.recorder.record(group, [report], source="history", now=now)
    incident = new_incident(
        group,
        "failing",
        f"Incident {mark}",
        target=connector_id,
        opened_at=now - HOUR,
        connector_id=connector_id,
        connector_name=f"Connector {mark}",
        schema_name=schema_name,
    )
    incident.id = tenant.incident
    store.incidents.open(incident, new_event(incident.id, now - HOUR, "opened", f"Event {mark}"))
    store.promises.put(
        Promise(
            id=f"promise_{mark}",
            group_id=group,
            scope="connector",
            target=connector_id,
            kind="within",
            hours=4.0,
            created_by=f"Promiser {mark}",
            created_at=now,
        )
    )
    store.planned_changes.add(
        PlannedChange(
            group_id=group,
            id=tenant.planned_change,
            connector_id=connector_id,
            schema_name=schema_name,
            action="pause",
            due_at=now + 1000 * HOUR,
            reason=f"Planned {mark}",
            created_by=f"Planner {mark}",
            created_at=now,
            cancelled_at=now if tenant.number % 2 else None,
        )
    )
    store.status_links.add(
        StatusLink(
            id=f"status_{mark}",
            digest=digest(tenant.status_secret),
            group_id=group,
            created_by=f"Linker {mark}",
            created_at=now,
        )
    )


def _add_channels(runtime: Runtime, tenant: MarkedTenant) -> None:
    """Add channels, whose addresses nothing is ever sent to, each with a message."""
    store, now, mark = runtime.store, time.time(), tenant.mark
    for number, (channel_id, message_id) in enumerate(
        zip(tenant.channels, tenant.messages, strict=True)
    ):
        store.channels.add(
            Channel(
                id=channel_id,
                group_id=tenant.group,
                person_id="" if number else tenant.people[Role.ADMIN],
                kind="webhook",
                name=f"Channel {mark} {number}",
                address=f"https://127.0.0.1:9/{mark}",
                secret=new_secret(),
                created_by=f"Channeller {mark}",
                created_at=now,
                problem=f"Problem {mark}",
            )
        )
        store.notifications.add(
            Notification(
                group_id=tenant.group,
                id=message_id,
                channel_id=channel_id,
                subject_id=tenant.incident,
                kind="opened",
                title=f"Message {mark}",
                body="{}",
                created_at=now,
                due_at=now,
                attempts=3,
                status="failed",
                error=f"Error {mark}",
            )
        )
