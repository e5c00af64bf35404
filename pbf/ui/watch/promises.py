"""Promises: what is promised for a connector, how promises were kept, and making them."""

from collections.abc import Mapping
from datetime import time
from functools import partial

import streamlit as st

from pbf.components.copy_field import copy_field
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, InputError, StoreFailed, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.paths import PREFIX
from pbf.rules.access.permissions import Permission
from pbf.rules.watch.freshness import (
    DAY_NAMES,
    Promise,
    Tally,
    Terms,
    terms_by,
    terms_within,
)
from pbf.runtime import runtime
from pbf.ui import audit_table, data, html, page, session
from pbf.ui.lists import paging
from pbf.ui.watch.targets import SCOPES, ask_target, ask_time_zone
from pbf.watch.promises import Report
from pbf.watch.status_page import Link

SHOWN = 20
# How long the shares of the last 30 days may be old, in seconds; how many of them are kept.
LIFETIME = 600
TENANTS = 100
CONNECTORS = 1000
BY, WITHIN = "Fresh by a time of day", "Never older than some hours"
WEEKDAYS = (0, 1, 2, 3, 4)
RULE = (
    "A promise of a time of day is kept on a day if a sync succeeded in the twelve hours before "
    "it. The most specific promise counts: a connector's own, its service's, then that for all. "
    "Without any, the connector's schedule counts."
)
SECRET = page.SessionValue("status_link", "")


def of_connector(portal: Portal, connector: Connector) -> None:
    """Show what is promised for a connector, and whether it is kept."""
    promises = runtime().watch.promises(portal)
    try:
        state = promises.of(connector)
        tally = _tally_of(portal, connector, state.terms)
    except (ApiError, StoreFailed, UnknownConnector):
        return  # the page works without it; the next run tries again
    st.header("Promise", anchor=False)
    st.html(html.render("watch", "promise", state=state, tally=tally))
    if session.may(Permission.MANAGE_NOTIFICATIONS):
        st.page_link(
            page.page("promises"), label="Change promises", icon=":material/edit_calendar:"
        )


def show_report(portal: Portal) -> None:
    """Show how the promises of the last 30 days were kept."""
    report = _report(portal.tenant.id, _version(portal))
    st.header("Kept in the last 30 days", anchor=False)
    st.markdown(f"**{page.plain(report.total.text)}**, all connectors together.")
    if report.left_out:
        page.quiet(
            f"Of the first {len(report.connectors):,} connectors by name; "
            f"{report.left_out:,} more are not counted here."
        )
    rows = paging.part(report.connectors, size=SHOWN, key="promise-report")
    st.html(html.render("watch", "report", rows=rows))


def show_made(portal: Portal) -> None:
    """Show the promises that people made, with a way to remove each, and to make one."""
    promises = runtime().watch.promises(portal)
    names = _names()
    page.quiet(RULE)
    if st.button("Make a promise", type="primary", icon=":material/add:", key="make-promise"):
        make(portal)
    listed = promises.listed()
    if not listed:
        page.quiet("Nobody has made a promise yet, so each connector's schedule counts.")
    for promise in paging.part(listed, size=SHOWN, key="promises"):
        _row(portal, promise, names)


def _row(portal: Portal, promise: Promise, names: Mapping[str, str]) -> None:
    name = names.get(promise.target, promise.target) or SCOPES["tenant"]
    line = st.container(horizontal=True, vertical_alignment="center", border=False)
    by = audit_table.WHO.get(promise.created_by, promise.created_by)
    line.html(html.render("watch", "made", promise=promise, name=name, by=by))
    key = f"remove-{promise.id}-{page.turn()}"
    if line.button("Remove", key=key, help=f"Remove the promise for {page.plain(name)}"):
        remove = partial(runtime().watch.promises(portal).remove, promise.scope, promise.target)
        if error := page.once(remove, "Saving…"):
            page.show_problem(error)
        else:
            st.rerun()


@st.dialog("Make a promise")
@session.acting
def make(portal: Portal) -> None:
    """Ask what is promised for what, and store it."""
    scope, target = ask_target("For")
    kind = st.radio("Promise", (BY, WITHIN), key="kind")
    terms = _ask_by if kind == BY else _ask_within
    try:
        chosen = terms()
    except InputError as problem:
        page.show_problem(problem)
        return
    if not st.button("Save", type="primary", key=f"save-promise-{page.turn()}"):
        return
    put = partial(runtime().watch.promises(portal).put, scope, target, chosen)
    if error := page.once(put, "Saving…"):
        page.show_problem(error)
    else:
        st.rerun()


def _ask_within() -> Terms:
    hours = st.number_input("Hours", min_value=0.25, max_value=744.0, value=4.0, key="hours")
    return terms_within(hours)


def _ask_by() -> Terms:
    at = st.time_input("Time of day", time(8), step=900, key="at")
    days = st.multiselect(
        "Days",
        range(7),
        default=WEEKDAYS,
        format_func=lambda day: DAY_NAMES[day][:3],
        key="days",
    )
    return terms_by(at, list(days), ask_time_zone(None, key="zone"))


def show_status_links(portal: Portal) -> None:
    """Show the links to the status page, and a way to make and revoke them."""
    links = runtime().watch.status_links(portal)
    page.quiet(
        "Everybody who has such a link sees the connectors' names, their states, the last 90 days "
        "and what is wrong now, without signing in. A link works until it is revoked."
    )
    is_pressed = st.button("Make a link", icon=":material/link:", key=f"make-link-{page.turn()}")
    if is_pressed:
        if error := page.once(lambda: SECRET.set(links.create()), "Saving…"):
            page.show_problem(error)
        else:
            st.rerun()  # the buttons above have new keys
    if secret := SECRET.pop():
        st.success("The link is ready. Copy it now: it will not be shown again.")
        url = f"{page.public_url()}{PREFIX}/status/{secret}"
        copy_field(url, key="status-link", label="Link")
    for link in links.listed():
        _link_row(portal, link)


def _link_row(portal: Portal, link: Link) -> None:
    line = st.container(horizontal=True, vertical_alignment="center", border=False)
    by = audit_table.WHO.get(link.created_by, link.created_by)
    line.html(html.render("watch", "status_link", link=link, by=by))
    if line.button("Revoke", key=f"revoke-{link.id}-{page.turn()}"):
        revoke = partial(runtime().watch.status_links(portal).revoke, link.id)
        if error := page.once(revoke, "Saving…"):
            page.show_problem(error)
        else:
            st.rerun()


@st.cache_resource(ttl=LIFETIME, max_entries=TENANTS, show_spinner="Reading the last 30 days…")
def _report(tenant: str, version: str) -> Report:  # noqa: ARG001
    return runtime().watch.promises(session.portal()).report()


def _tally_of(portal: Portal, connector: Connector, terms: Terms | None) -> Tally:
    state = f"{terms!r} {connector.succeeded_at} {connector.created_at}"
    return _tally(portal.tenant.id, connector.id, state, connector, terms)


@st.cache_resource(ttl=LIFETIME, max_entries=CONNECTORS, show_spinner=False)
def _tally(
    tenant: str,  # noqa: ARG001
    connector_id: str,  # noqa: ARG001
    state: str,  # noqa: ARG001
    _connector: Connector,
    _terms: Terms | None,
) -> Tally:
    # The state has all of them that decides.
    return runtime().watch.promises(session.portal()).tally(_connector, _terms)


def _version(portal: Portal) -> str:
    """Return a text that changes with the promises and the connectors."""
    ids = [promise.id for promise in runtime().watch.promises(portal).listed()]
    return " ".join((data.connectors().revision, *ids))


def _names() -> dict[str, str]:
    """Return the names of connectors and services by id; none if Fivetran does not answer."""
    try:
        services = {item.id: item.title for item in session.portal().catalogue().items}
        return services | {item.id: item.title for item in data.connectors().items}
    except ApiError:
        return {}
