"""The account's plan, its private previews, and what it cannot use without them."""

from collections.abc import Mapping
from typing import Any

from pbf.sandbox.core.errors import Forbidden
from pbf.sandbox.core.world import World

PLANS = ("free", "standard", "enterprise", "business_critical")


def refuse_beyond_plan(world: World, fields: Mapping[str, Any]) -> None:
    """Refuse fields of a connection that the account's plan does not have."""
    if fields.get("data_delay_sensitivity") != "CUSTOM":
        return
    if PLANS.index(world.switches.plan) < PLANS.index("enterprise"):
        feature = "The 'data_delay_sensitivity' CUSTOM"
        raise Forbidden(world.assumptions.plan_message.format(feature=feature))
