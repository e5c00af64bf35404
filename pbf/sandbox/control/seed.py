"""The content of a new world: one group with a dozen connections in different states."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pbf.sandbox.catalogue.services import Service, services
from pbf.sandbox.control.outages import Outage, with_outages
from pbf.sandbox.core.lifecycle import FAILURE, RECONNECT
from pbf.sandbox.core.records import MASK, Connection, Life, User
from pbf.sandbox.core.validation import defaults, filled
from pbf.sandbox.core.world import World

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0

SKIPPED_TABLES = {
    "code": "sync_warning",
    "message": "Some tables were skipped",
    "details": "The user lacks the permission to read 2 of 41 tables.",
}


@dataclass(frozen=True)
class Seed:
    """One connection of a new world; times are seconds before the start."""

    service: str
    schema: str
    age_days: int
    frequency: int = 360
    ago: float | None = None
    first: float = 40.0
    historical: bool = False
    fails: bool = False
    waiting: str = ""
    succeeded: float | None = None
    failed: float | None = None
    paused: bool = False
    setup_state: str = "connected"
    tasks: tuple[dict[str, str], ...] = ()
    warnings: tuple[dict[str, str], ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    outages: tuple[Outage, ...] = ()


SEEDS = (
    Seed(
        "salesforce",
        "salesforce_crm",
        212,
        360,
        ago=94 * MINUTE,
        succeeded=7.6 * HOUR,
        outages=(Outage("broken", 41, 7),),
    ),
    Seed(
        "stripe",
        "stripe_payments",
        187,
        60,
        ago=21 * MINUTE,
        succeeded=81 * MINUTE,
        outages=(Outage("failing", 63, 0.25), Outage("failing", 23, 1)),
    ),
    Seed(
        "google_sheets",
        "sales_targets.plan",
        96,
        1440,
        ago=6.2 * HOUR,
        succeeded=30.2 * HOUR,
        config={"sheet_id": "1sAmPleSheetOfTheSandbox", "named_range": "plan"},
        outages=(Outage("paused", 55, 3), Outage("late", 12, 1)),
    ),
    Seed(
        "hubspot",
        "hubspot_marketing",
        143,
        ago=2.4 * HOUR,
        succeeded=8.4 * HOUR,
        warnings=(SKIPPED_TABLES,),
        outages=(Outage("paused", 76, 30),),
    ),
    Seed(
        "google_ads", "google_ads_emea", 61, ago=2 * MINUTE, first=15 * MINUTE, succeeded=6 * HOUR
    ),
    Seed("shopify", "shopify_storefront", 0, ago=3 * MINUTE, first=12 * MINUTE, historical=True),
    Seed("jira", "jira_projects", 118, 720, succeeded=9 * DAY, paused=True),
    Seed(
        "zendesk",
        "zendesk_support",
        164,
        succeeded=2.1 * DAY,
        failed=1.9 * DAY,
        setup_state="broken",
        tasks=(RECONNECT,),
        outages=(Outage("broken", 33, 2),),
        config={"domain": "acme.zendesk.com", "email": "robin@example.com", "api_token": MASK},
    ),
    Seed("facebook_ads", "facebook_ads_dach", 1, historical=True, setup_state="incomplete"),
    Seed(
        "postgres",
        "webshop",
        75,
        360,
        ago=48 * MINUTE,
        fails=True,
        succeeded=12.8 * HOUR,
        tasks=(FAILURE,),
        outages=(Outage("paused", 48, 2), Outage("failing", 19, 0.5)),
        config={
            "host": "db.example.com",
            "port": 5432,
            "database": "webshop",
            "user": "reader",
            "password": MASK,
        },
    ),
    Seed(
        "linkedin_ads",
        "linkedin_ads_b2b",
        52,
        ago=-4 * HOUR,
        waiting="delayed",
        succeeded=15 * HOUR,
    ),
    Seed(
        "google_analytics_4",
        "google_analytics_web",
        88,
        ago=-42 * MINUTE,
        waiting="rescheduled",
        succeeded=6.3 * HOUR,
        outages=(Outage("late", 27, 1.5),),
    ),
)


def populate(world: World, *, connections: bool) -> None:
    """Add the users, the group and, if asked for, the connections of a new world."""
    start = world.clock()
    for number, (given_name, family_name) in enumerate((("Robin", "Field"), ("Sam", "Harbour"))):
        user_id = world.ids.make(world.users) if number else world.owner_id
        email = f"{given_name}@example.com".lower()
        role = "Account Administrator" if not number else "Account Reviewer"
        world.users[user_id] = User(
            user_id,
            email,
            given_name,
            family_name,
            role,
            start - 300 * DAY,
            has_api_key=not number,
        )
    group = world.add_group("Sandbox_Warehouse", group_id=world.group_id)
    group.created_at = start - 250 * DAY
    if connections:
        for seed in SEEDS:
            add_connection(world, seed, start, group_id=world.group_id)


def add_connection(world: World, seed: Seed, start: float, *, group_id: str) -> Connection:
    """Add one of the connections above to a group, as it is at `start`."""
    connection = world.new_connection(
        group_id,
        seed.service,
        seed.schema,
        config={**_config(seed), **seed.config},
        paused=seed.paused,
        sync_frequency=seed.frequency,
        setup_state=seed.setup_state,
        authorised=seed.setup_state == "connected",
        tasks=[dict(task) for task in seed.tasks],
        warnings=[dict(warning) for warning in seed.warnings],
    )
    age = seed.age_days * DAY if seed.age_days else 5 * MINUTE
    connection.created_at = start - age - world.ids.number(f"age:{connection.id}", 40)
    connection.life = _life(seed, connection.life, start)
    if seed.outages:
        connection.life = with_outages(connection, seed.outages, start)
    return world.add(connection)


def _config(seed: Seed) -> dict[str, Any]:
    service = services()[seed.service]
    return defaults(service) if seed.setup_state == "incomplete" or seed.config else filled(service)


def _life(seed: Seed, life: Life, start: float) -> Life:
    return replace(
        life,
        anchor=_before(start, seed.ago),
        first=seed.first,
        historical=seed.historical,
        fails=seed.fails,
        waiting=seed.waiting,
        succeeded_at=_before(start, seed.succeeded),
        failed_at=_before(start, seed.failed),
        rhythm=seed.frequency * MINUTE,
    )


def _before(start: float, seconds: float | None) -> float | None:
    return None if seconds is None else start - seconds


def sample_connections(world: World, group_id: str, count: int) -> Iterator[Connection]:
    """Yield so many connected connections, one service of the catalogue after the other."""
    catalogue = list(services().values())
    start = world.clock()
    number = yielded = 0
    while yielded < count:
        service = catalogue[number % len(catalogue)]
        schema = _sample_schema(service, number // len(catalogue) + 1)
        number += 1
        if not world.schema_taken(group_id, schema):
            yielded += 1
            yield sample(world, group_id, service, schema, start)


def _sample_schema(service: Service, number: int) -> str:
    name = f"sample_{service.id}_{number}"
    return f"{name}.data" if len(service.naming_fields) == 2 else name


def sample(
    world: World,
    group_id: str,
    service: Service,
    schema: str,
    start: float,
    *,
    frequency: int = 360,
) -> Connection:
    """Return a connected connection that has synced for some days, not yet added."""
    connection = world.new_connection(
        group_id,
        service.id,
        schema,
        config=filled(service),
        sync_frequency=frequency,
        setup_state="connected",
        authorised=True,
    )
    age = 8 * HOUR + world.ids.number(f"age:{connection.id}", int(90 * DAY))
    connection.created_at = start - age
    since = world.ids.number(f"since:{connection.id}", int(6 * HOUR))
    connection.life = replace(
        connection.life,
        anchor=start - since,
        first=connection.life.later,
        historical=False,
        succeeded_at=start - since - HOUR,
        rhythm=6 * HOUR,
    )
    return connection
