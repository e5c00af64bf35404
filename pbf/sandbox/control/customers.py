"""Further customers of a sandbox, each with a group and connections in different states."""

from collections.abc import Mapping

from pbf.sandbox.control.outages import Outage
from pbf.sandbox.control.seed import DAY, HOUR, MINUTE, Seed, add_connection
from pbf.sandbox.core.lifecycle import RECONNECT
from pbf.sandbox.core.records import MASK, Group
from pbf.sandbox.core.world import World

# A company that lives on advertising, and one with a few databases.
CUSTOMERS: Mapping[str, tuple[Seed, ...]] = {
    "Globex": (
        Seed(
            "hubspot",
            "globex_hubspot",
            131,
            ago=1.7 * HOUR,
            succeeded=7.7 * HOUR,
            outages=(Outage("paused", 70, 21), Outage("failing", 16, 1)),
        ),
        Seed(
            "salesforce",
            "globex_salesforce",
            127,
            60,
            ago=12 * MINUTE,
            succeeded=72 * MINUTE,
            outages=(Outage("broken", 30, 1.5),),
        ),
        Seed(
            "google_ads",
            "globex_google_ads",
            98,
            succeeded=3.2 * DAY,
            failed=3 * DAY,
            setup_state="broken",
            tasks=(RECONNECT,),
        ),
        Seed(
            "facebook_ads",
            "globex_facebook_ads",
            54,
            ago=3 * MINUTE,
            first=15 * MINUTE,
            succeeded=6 * HOUR,
        ),
        Seed("mailchimp", "globex_mailchimp", 80, 1440, succeeded=16 * DAY, paused=True),
        Seed(
            "linkedin_ads",
            "globex_linkedin_ads",
            2,
            historical=True,
            setup_state="incomplete",
        ),
        # From before the policy: it is no longer offered, and goes on as it is.
        Seed(
            "zendesk",
            "globex_support",
            340,
            ago=2.9 * HOUR,
            succeeded=8.9 * HOUR,
            config={"domain": "globex.zendesk.com", "email": "kim@example.com", "api_token": MASK},
        ),
    ),
    "Initech": (
        Seed(
            "postgres",
            "billing",
            33,
            ago=40 * MINUTE,
            succeeded=6.6 * HOUR,
            outages=(Outage("late", 20, 1), Outage("failing", 9, 0.5)),
        ),
        Seed(
            "mysql",
            "time_sheets",
            29,
            succeeded=1.3 * DAY,
            failed=1.1 * DAY,
            setup_state="broken",
            tasks=(RECONNECT,),
        ),
        Seed("sql_server", "erp", 0, historical=True, setup_state="incomplete"),
        Seed("dynamodb", "sessions", 21, 1440, succeeded=9 * DAY, paused=True),
    ),
}


def add_customer(world: World, name: str) -> Group:
    """Add the group of a customer with its connections, and return the group."""
    with world.lock:
        group = world.add_group(name)
        start = world.clock()
        for seed in CUSTOMERS[name]:
            add_connection(world, seed, start, group_id=group.id)
        return group
