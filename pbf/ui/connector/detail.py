"""One connector's page: its actions, facts, tasks and warnings, past syncs, errors."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, cast

import streamlit as st

from pbf.clock import utc_now
from pbf.fivetran.history import ErrorRecord, History, SyncRecord
from pbf.fivetran.models import Connector, Service, StatusMessage
from pbf.fivetran.naming_fields import fields
from pbf.rules.actions import LABELS, Action, advice, obstacle
from pbf.rules.health import ACTIONS, ON_THE_CARD, Health
from pbf.rules.parsed_schedule import in_words
from pbf.rules.schedule import next_exactly, next_in_words
from pbf.rules.wording import spaced, span
from pbf.ui import audit_table, data, html, page, session
from pbf.ui.connector import colleague_links, maintenance
from pbf.ui.show_api.marks import mark
from pbf.ui.timeline import section
from pbf.ui.watch import incidents, promises

LONGEST_STATUS = 60
NOT_READ = (
    "The history of 90 days has not been read yet. Until then this is what Fivetran says of the "
    "last 7 days."
)
# Shown beside the next step; other actions lie in the menu.
BESIDE: frozenset[Action] = frozenset({"sync", "pause", "resume", "tables"})
BEHIND_ACTIONS = ("sync", "pause", "reschedule", "resync", "test", "connect_card", "delete")
RUNNING = ("Running", "busy")
SYNC_ENDS = {
    "SYNCING": RUNNING,
    "QUEUED": ("Queued", "quiet"),
    "SUCCESSFUL": ("Done", "good"),
    "FAILED": ("Failed", "bad"),
    "FAILURE_WITH_TASK": ("Needs you", "bad"),
    "RESCHEDULED": ("Rescheduled", "attention"),
}


def head(connector: Connector, service: Service, state: Health) -> str:
    """Return the name with its icon and service, the status, and the reason in a sentence."""
    return html.render("connector", "head", connector=connector, service=service, state=state)


def arrange(
    connector: Connector, first: Action | None
) -> tuple[list[Action], dict[str, list[Action]]]:
    """Return the actions to show beside the first one, and those of the menu.

    Those of the menu are grouped by what to do before them, "" for what is possible now. Pause and
    Resume have separate places, so that a double click does not press both.
    """
    beside: list[Action] = []
    menu: dict[str, list[Action]] = {"": []}
    for action in LABELS:
        reason, before = obstacle(action, connector), advice(action, connector)
        if action in (first, "delete") or (action == "resume" and reason):
            continue
        if action in BESIDE and not connector.is_incomplete and before is None:
            beside.append(action)
        else:
            menu.setdefault(reason or before or "", []).append(action)
    return beside, menu


def show_actions(connector: Connector, state: Health) -> None:
    """Show the next step, two or three more actions, and a menu with the rest.

    Visitors who may change nothing read why.
    """
    if not session.may():
        _show_why_not(connector)
        return
    first: Action | None = None
    if state.action:
        first = "edit" if state.action in ON_THE_CARD else cast(Action, state.action)
    beside, menu = arrange(connector, first)
    with st.container(key="actions", horizontal=True, gap="small", vertical_alignment="top"):
        if first and state.action:
            _action(first, connector, ACTIONS[state.action], kind="primary")
        colleague_links.show_button(state)
        for action in beside:
            _action(action, connector)
        # A new key closes the menu once something in it was pressed.
        with st.popover("More", key=f"more-{page.turn()}"):
            _show_menu(connector, menu)
    # Below the row: as wide as a button, a reason would part it from the next one.
    for reason in filter(None, (obstacle(action, connector) for action in beside)):
        page.quiet(reason)
    mark(*BEHIND_ACTIONS, connector=connector)


def ask_if_pressed(connector: Connector) -> None:
    """Open the dialog whose button was pressed in the last run, if it is of those below."""
    colleague_links.ask_if_pressed(connector)
    maintenance.ask_if_pressed(connector)


def _show_why_not(connector: Connector) -> None:
    """Say why the visitor may change nothing, and link to what can be looked at."""
    page.quiet(session.why_not())
    if not connector.is_incomplete:
        _action("tables", connector)


def _show_menu(connector: Connector, menu: Mapping[str, Iterable[Action]]) -> None:
    for reason, actions in menu.items():
        if reason:
            page.quiet(reason)
        for action in actions:
            _action(action, connector, width="stretch")
    maintenance.show_button()
    st.divider()
    with st.container(key="delete"):
        _action("delete", connector, width="stretch")


def _action(
    action: Action,
    connector: Connector,
    label: str = "",
    *,
    kind: Literal["primary", "secondary"] = "secondary",
    width: Literal["content", "stretch"] = "content",
) -> None:
    """Show one action; it is disabled where it would change nothing."""
    label, reason = label or LABELS[action], obstacle(action, connector)
    if action == "tables" and reason is None:
        query = {"id": connector.id}
        st.page_link(page.page("tables"), label=label, query_params=query, width=width)
        return
    st.button(
        label,
        key=f"{action}-{page.turn()}",
        type=kind,
        disabled=reason is not None,
        help=reason or advice(action, connector),
        width=width,
    )


def show_details(connector: Connector) -> None:
    """Show the incident, the syncs, the facts, and what Fivetran and the audit log report."""
    portal = session.portal()
    # Also while they show nothing; see page.mark_age.
    with st.container():
        incidents.of_connector(portal, connector)
    with st.container():
        is_read = section.show(connector)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.header("Facts", anchor=False)
        st.html(facts(connector, data.service_of(connector), utc_now()))
        promises.of_connector(portal, connector)
        colleague_links.show(connector)
    with right:
        maintenance.show(connector)
        st.header("Tasks and warnings", anchor=False)
        st.html(notes(connector))
        if (error_records := data.errors(connector)) != History():
            st.header("Errors", anchor=False)
            st.html(errors(error_records))
        mark("errors", connector=connector)
        if not is_read and (sync_records := data.history(connector)) != History():
            st.header("Recent syncs", anchor=False)
            st.html(syncs(sync_records))
            page.quiet(NOT_READ)
            mark("history", connector=connector, key="recent")
        if entries := data.audit_entries(connector):
            st.header("Recent actions", anchor=False)
            rows = audit_table.rows(entries, {})
            st.html(html.render("activity", "short", rows=rows))


def facts(connector: Connector, service: Service, now: datetime) -> str:
    """Return the facts about a connector."""
    return html.render(
        "connector",
        "facts",
        connector=connector,
        service=service,
        naming=fields(connector.service),
        schedule=in_words(connector),
        next=next_in_words(connector, now),
        next_exactly=next_exactly(connector, now),
    )


def notes(connector: Connector) -> str:
    """Return Fivetran's own tasks and warnings in full."""
    status = connector.status
    kinds = (("Task", "bad", status.tasks), ("Warning", "attention", status.warnings))
    items = [
        (kind, tone, _title(note), note.details)
        for kind, tone, reported in kinds
        for note in reported
    ]
    return html.render("connector", "notes", notes=items)


def _title(note: StatusMessage) -> str:
    title = note.message.strip() or spaced(note.code)
    return title or ("" if note.details.strip() else "Fivetran gives no details.")


def syncs(past: History[SyncRecord]) -> str:
    """Return a table of past syncs with start, duration and result, and what it leaves out."""
    total = len(past.items) + past.more
    more = f"The newest {len(past.items)} of {total:,} in the last 7 days." if past.more else ""
    rows = list(map(_sync, past.items))
    return html.render("connector", "syncs", syncs=rows, left_out=_left_out(past, more))


def errors(past: History[ErrorRecord]) -> str:
    """Return a list of errors with reason and time, and what it leaves out."""
    items = [
        (error.title or spaced(error.type) or "Error", error.created_at, _texts(error))
        for error in past.items
    ]
    return html.render("connector", "errors", errors=items, left_out=_left_out(past))


def _left_out(past: History[Any], more: str = "") -> list[str]:
    """Return what a list of records leaves out, and why."""
    entries = f"{past.unread:,} entr{'y' if past.unread == 1 else 'ies'} could not be read."
    return [text for text in (past.missing, more, entries if past.unread else "") if text]


def _sync(sync: SyncRecord) -> tuple[datetime | str, str, str, str, str]:
    """Return the start of a sync as a time or in words, its duration, status, tone and reason."""
    start = sync.start or ("not started yet" if sync.is_queued else "not known")
    return start, _duration(sync), *_end(sync), sync.reason


def _end(sync: SyncRecord) -> tuple[str, str]:
    """Return how a sync ended, or that it has not; an unknown status as Fivetran spells it."""
    status = "".join(letter if letter.isprintable() else " " for letter in sync.status)
    status = " ".join(status.split())[:LONGEST_STATUS]
    if status:
        return SYNC_ENDS.get(status.upper(), (status, "quiet"))
    if sync.is_queued:
        return SYNC_ENDS["QUEUED"]
    return ("Ended", "quiet") if sync.end else RUNNING


def _duration(sync: SyncRecord) -> str:
    """Return how long a sync took, or takes so far; nothing if that is not known."""
    if sync.start is None or (sync.end is None and _end(sync) != RUNNING):
        return ""
    seconds = ((sync.end or utc_now()) - sync.start).total_seconds()
    if seconds < 0:
        return "" if sync.end else "just begun"
    return f"{span(seconds)}{'' if sync.end else ' so far'}"


def _texts(error: ErrorRecord) -> list[str]:
    """Return the reason and the message; only the message if it repeats the reason."""
    repeats = error.message.startswith(error.reason.rstrip("."))
    return [text for text in ("" if repeats else error.reason, error.message) if text]
