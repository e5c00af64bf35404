"""Form fields that promises and channels share: which connectors they are for, and a time zone."""

import streamlit as st

from pbf.errors import PbfError
from pbf.rules.time_zones import time_zones
from pbf.rules.watch.freshness import Scope
from pbf.ui import data, page

SCOPES: dict[Scope, str] = {
    "tenant": "All connectors",
    "service": "All connectors of a service",
    "connector": "One connector",
}


def ask_target(
    label: str, *, scope: str = "tenant", target: str = "", key: str = ""
) -> tuple[Scope, str]:
    """Ask for all connectors, those of a service, or one; return the scope and its id."""
    scopes = list(SCOPES)
    chosen = st.selectbox(
        label,
        scopes,
        next((index for index, item in enumerate(scopes) if item == scope), 0),
        format_func=SCOPES.__getitem__,
        key=f"scope{key}",
    )
    if chosen == "tenant":
        return chosen, ""
    try:
        names = _names(chosen)
    except PbfError as error:
        page.show_problem(error)
        return chosen, target
    ids = sorted(names, key=lambda item: names[item].casefold())
    id_ = st.selectbox(
        "Connector" if chosen == "connector" else "Service",
        ids,
        ids.index(target) if target in ids else 0,
        format_func=lambda item: names.get(item, item),
        key=f"target-{chosen}{key}",
    )
    return chosen, id_ or ""


def ask_time_zone(name: str | None, *, key: str) -> str:
    """Ask for a time zone, by default one of a name, or that of the visitor's browser."""
    zones = sorted(time_zones())
    default = name or st.context.timezone
    start = zones.index(default if default in zones else "UTC")
    return st.selectbox("Time zone", zones, start, key=key) or ""


def _names(scope: Scope) -> dict[str, str]:
    """Return the titles of the connectors, or of their services, by id."""
    connectors = data.connectors().items
    if scope == "connector":
        return {item.id: item.title for item in connectors}
    return {item.service: data.service_of(item).title for item in connectors}
