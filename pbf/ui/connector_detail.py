"""One connector's page: its actions, facts, tasks and warnings, past syncs, errors."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import streamlit as st

from pbf.fivetran.history import ErrorRecord, Past, SyncRecord
from pbf.fivetran.models import Connector, Note, Service
from pbf.fivetran.naming_fields import fields
from pbf.rules.actions import LABELS, Action, advice, obstacle
from pbf.rules.health import ACTIONS, ON_THE_CARD, Health
from pbf.rules.schedule import next_exactly, next_in_words
from pbf.rules.timing import in_words
from pbf.rules.wording import spaced, span
from pbf.ui import page
from pbf.ui.html import escape

LONGEST_STATUS = 60
# Shown beside the next step; other actions lie in the menu.
BESIDE: frozenset[Action] = frozenset({"sync", "pause", "resume", "tables"})
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
    picture = page.icon(service.icon_url, service.title, size=56)
    return (
        f'<div class="pbf-head">{picture}<div><h1>{escape(connector.title)}</h1>'
        f'<p class="pbf-quiet">{escape(service.title)}</p></div></div>'
        f'<p class="pbf-state">{page.badge(state.word, state.tone)} {escape(state.reason)}</p>'
    )


def arrange(
    connector: Connector, first: Action | None
) -> tuple[list[Action], dict[str, list[Action]]]:
    """Return the actions to show beside the first one, and those of the menu.

    Those of the menu are grouped by what to do before them, "" for what is possible now. Pause and
    Resume have separate places, so that a double click does not press both.
    """
    beside: list[Action] = []
    menu: dict[str, list[Action]] = {"": []}
    is_set_up = connector.status.setup_state != "incomplete"
    for action in LABELS:
        reason, before = obstacle(action, connector), advice(action, connector)
        if action in (first, "delete") or (action == "resume" and reason):
            continue
        if action in BESIDE and is_set_up and before is None:
            beside.append(action)
        else:
            menu.setdefault(reason or before or "", []).append(action)
    return beside, menu


def show_actions(connector: Connector, state: Health) -> None:
    """Show the next step, two or three more actions, and a menu with the rest."""
    first: Action | None = None
    if state.action:
        first = "edit" if state.action in ON_THE_CARD else state.action
    beside, menu = arrange(connector, first)
    with st.container(key="actions", horizontal=True, gap="small", vertical_alignment="top"):
        if first and state.action:
            _action(first, connector, ACTIONS[state.action], kind="primary")
        for action in beside:
            with st.container(width="content", gap="xxsmall"):
                _action(action, connector)
                if reason := obstacle(action, connector):
                    page.quiet(reason)
        # A new key closes the menu once something in it was pressed.
        with st.popover("More", key=f"more-{page.turn()}"):
            _show_menu(connector, menu)


def _show_menu(connector: Connector, menu: Mapping[str, Iterable[Action]]) -> None:
    for reason, actions in menu.items():
        if reason:
            page.quiet(reason)
        for action in actions:
            _action(action, connector, width="stretch")
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
        way = {"id": connector.id}
        st.page_link(page.page("tables"), label=label, query_params=way, width=width)
        return
    st.button(
        label,
        key=f"{action}-{page.turn()}",
        type=kind,
        disabled=reason is not None,
        help=reason or advice(action, connector),
        width=width,
    )


def facts(connector: Connector, service: Service, now: datetime) -> dict[str, str]:
    """Return what there is to know of a connector, as HTML by label."""
    told = {
        "Service": escape(service.title),
        "Permanent name": f"<code>{escape(connector.schema_name)}</code>",
        "Destination schema": destination(connector),
        "Created": _when(connector.created_at) if connector.created_at else "not known",
        "Schedule": escape(in_words(connector)),
        "Last success": _when(connector.succeeded_at),
        "Last failure": _when(connector.failed_at),
        "Next sync": f'<span title="{escape(next_exactly(connector))}">'
        f"{escape(next_in_words(connector, now))}</span>",
        "ID at Fivetran": f"<code>{escape(connector.id)}</code>",
    }
    if connector.failed_at is None:
        del told["Last failure"]
    return told


def destination(connector: Connector) -> str:
    """Return HTML for where in the destination its data is, by the kind of its permanent name."""
    kind = fields(connector.service)
    schema, _, rest = (escape(part) for part in connector.schema_name.partition("."))
    if "schema_prefix" in kind:
        return f"<code>{schema}_…</code>, one for each schema of the source"
    if not rest:
        return f"<code>{schema}</code>"
    what = "its tables begin with" if "table_group_name" in kind else "table"
    return f"<code>{schema}</code>, {what} <code>{rest}</code>"


def notes(connector: Connector) -> str:
    """Return Fivetran's own tasks and warnings in full."""
    status = connector.status
    each = [_note("Task", "bad", one) for one in status.tasks]
    each += [_note("Warning", "attention", one) for one in status.warnings]
    if not each:
        return '<p class="pbf-quiet">Fivetran has no tasks or warnings for it.</p>'
    return f'<ul class="pbf-notes">{"".join(each)}</ul>'


def syncs(past: Past[SyncRecord]) -> str:
    """Return a table of past syncs: when, how long, and how each ended; and what is not in it."""
    rows = "".join(map(_sync, past.items))
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Started", "Took", "Ended"))
    table = (
        f'<table class="pbf-records"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    )
    total = len(past.items) + past.more
    more = f"The newest {len(past.items)} of {total:,} in the last 7 days." if past.more else ""
    return (table if rows else "") + _beside(past, more)


def errors(past: Past[ErrorRecord]) -> str:
    """Return a list of what went wrong, why, and when; and what is not in it."""
    items = "".join(map(_error, past.items))
    return (f'<ul class="pbf-notes">{items}</ul>' if items else "") + _beside(past)


def _beside(past: Past[Any], more: str = "") -> str:
    """Return what there is to say beside a past."""
    entries = f"{past.unread:,} entr{'y' if past.unread == 1 else 'ies'} could not be read."
    told = (past.missing, more, entries if past.unread else "")
    return "".join(f'<p class="pbf-quiet">{escape(text)}</p>' for text in told if text)


def _sync(one: SyncRecord) -> str:
    word, tone = _end(one)
    start = _when(one.start) if one.start else "not started yet" if one.is_queued else "not known"
    return (
        f"<tr><td>{start}</td><td>{_took(one)}</td>"
        f"<td>{page.badge(word, tone)}{_quiet(one.reason)}</td></tr>"
    )


def _end(one: SyncRecord) -> tuple[str, str]:
    """Return how a sync ended, or that it has not; a status that is new to us as it stands."""
    status = "".join(letter if letter.isprintable() else " " for letter in one.status)
    status = " ".join(status.split())[:LONGEST_STATUS]
    if status:
        return SYNC_ENDS.get(status.upper(), (status, "quiet"))
    if one.is_queued:
        return SYNC_ENDS["QUEUED"]
    return ("Ended", "quiet") if one.end else RUNNING


def _took(one: SyncRecord) -> str:
    """Return how long a sync took, or takes so far; nothing where that cannot be told."""
    if one.start is None or (one.end is None and _end(one) != RUNNING):
        return ""
    seconds = ((one.end or datetime.now(UTC)) - one.start).total_seconds()
    if seconds < 0:
        return "" if one.end else "just begun"
    return f"{span(seconds)}{'' if one.end else ' so far'}"


def _error(one: ErrorRecord) -> str:
    title = one.title or spaced(one.type) or "Error"
    told = "".join(_quiet(text) for text in _texts(one))
    at = f'<span class="pbf-at">{_when(one.created_at)}</span>' if one.created_at else ""
    return f"<li><strong>{escape(title)}</strong> {at}{told}</li>"


def _texts(one: ErrorRecord) -> list[str]:
    """Return the reason and the message; only the message where it says the same and more."""
    same = one.message.startswith(one.reason.rstrip("."))
    return [text for text in ("" if same else one.reason, one.message) if text]


def _note(kind: str, tone: str, note: Note) -> str:
    title = note.message or spaced(note.code)
    return (
        f"<li>{page.badge(kind, tone)} <strong>{escape(title)}</strong>{_quiet(note.details)}</li>"
    )


def _quiet(text: str) -> str:
    return f'<span class="pbf-quiet">{escape(text)}</span>' if text else ""


def _when(moment: datetime | None) -> str:
    return page.when(moment.isoformat() if moment else None)
