"""Maintenance: the dialog that plans a pause and its end, and what is planned, for everybody."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import streamlit as st

from pbf.clock import utc_now
from pbf.connectors.bulk import Outcome
from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.fivetran.models import Connector
from pbf.rules.maintenance import LONGEST_REASON, PlannedChange, current_pause, moment
from pbf.rules.wording import capital
from pbf.ui import html, page, session

LABEL = "Plan a pause"
NOW, LATER = "Now", "At a time"
# What is over is shown for so long.
SHOWN_FOR = timedelta(days=1)
PROBLEM = page.SessionValue("maintenance_problem", ("", ""))  # a connector's id and a sentence
TONES = {
    "planned": "quiet",
    "retrying": "attention",
    "done": "good",
    "not done": "bad",
    "cancelled": "quiet",
}


def show_button() -> None:
    """Show the button that opens the dialog."""
    st.button(LABEL, key=f"plan-{page.turn()}", width="stretch")


def ask_if_pressed(connector: Connector) -> None:
    """Open the dialog if its button was pressed in the last run."""
    if st.session_state.get(f"plan-{page.turn()}"):
        page.next_turn()
        page.QUESTION.set(("plan", [connector], []))
        st.rerun()


def open_dialog(_: Portal, connectors: Sequence[Connector], __: Sequence[Outcome]) -> None:
    """Open the dialog for one connector."""
    ask(connectors[0])


@st.dialog(LABEL)
@session.acting
def ask(connector: Connector) -> None:
    """Ask when to pause and to resume a connector, and why."""
    zone = session.time_zone()
    st.markdown(f"**{page.plain(connector.title)}** does not sync while it is paused.")
    pauses = None if connector.is_paused else _ask_pause()
    resumes = _ask_resume(has_choice=not connector.is_paused)
    page.quiet(f"Times are those of {zone.key}, your time zone.")
    reason = st.text_input(
        "Reason, which everybody who sees the connector reads",
        max_chars=LONGEST_REASON,
        key="plan-reason",
        live=True,
        placeholder="The database moves to another server",
    )
    is_planned = pauses is not None or (connector.is_paused and resumes is not None)
    can_save = bool(reason.strip()) and is_planned
    if st.button("Plan it", type="primary", disabled=not can_save, key=f"plan-yes-{page.turn()}"):
        error = page.once(lambda: _plan(connector, pauses, resumes, reason), "Planning…")
        if error is None:
            st.rerun()
        page.show_problem(error)


def _ask_pause() -> datetime | str | None:
    """Return when to pause: NOW, or a time as the reader's clock shows it; None if it is empty."""
    choice = st.radio("Pause it", [NOW, LATER], horizontal=True, key="plan-when")
    if choice == NOW:
        return NOW
    return _ask_time("Pause at", hours=1, key="plan-pause-at")


def _ask_resume(*, has_choice: bool) -> datetime | None:
    """Return when to resume, as the reader's clock shows it; None for not by itself."""
    if has_choice and not st.checkbox("Resume it by itself", value=True, key="plan-resumes"):
        page.quiet("Somebody has to resume it.")
        return None
    return _ask_time("Resume at", hours=3, key="plan-resume-at")


def _ask_time(label: str, *, hours: int, key: str) -> datetime | None:
    """Ask for a time, from the next full hour plus some hours on."""
    present = utc_now().astimezone(session.time_zone()).replace(tzinfo=None)
    default = present.replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
    # A value in the session's state stays while the dialog is open; a changing default would not.
    st.session_state.setdefault(key, default)
    return st.datetime_input(label, key=key, format="YYYY-MM-DD", required=True)


def _plan(
    connector: Connector, pauses: datetime | str | None, resumes: datetime | None, reason: str
) -> None:
    zone, planner = session.time_zone(), session.portal().maintenance
    pause_at = moment(pauses, zone) if isinstance(pauses, datetime) else None
    resume_at = moment(resumes, zone) if resumes else None
    planner.plan_pause(
        connector.id,
        pauses=pauses is not None,
        pause_at=pause_at,
        resume_at=resume_at,
        reason=reason,
    )


def show(connector: Connector) -> None:
    """Show why a connector is paused, and what is planned, with a way to cancel it."""
    with suppress(PbfError):  # the page works without them
        changes = session.portal().maintenance.listed(connector.id)
        shown = [change for change in changes if _is_shown(change, changes, connector)]
        if not shown:
            return
        st.header("Planned maintenance", anchor=False)
        failed_id, problem = PROBLEM.get()
        if failed_id == connector.id:
            page.show_problem(problem)
        for change in sorted(shown, key=lambda change: change.due_at):
            _row(change)


def _is_shown(change: PlannedChange, changes: list[PlannedChange], connector: Connector) -> bool:
    if change.is_pending or change is current_pause(changes, is_paused=connector.is_paused):
        return True
    return change.done_at is not None and utc_now() - change.done_at < SHOWN_FOR


def _row(change: PlannedChange) -> None:
    text, action = st.columns([3, 1], vertical_alignment="center")
    at = change.due_at.astimezone(session.time_zone())
    text.html(
        html.render(
            "connector",
            "planned",
            change=change,
            verb=capital(change.action),
            word=capital(change.state),
            tone=TONES[change.state],
            at=f"{at:%Y-%m-%d %H:%M}",
        )
    )
    if change.is_pending and session.may():
        key = f"cancel-{change.id}-{page.turn()}"
        action.button("Cancel", key=key, on_click=_cancel, args=(change,))


def _cancel(change: PlannedChange) -> None:
    PROBLEM.pop()
    try:
        session.portal().maintenance.cancel(change.connector_id, change.id)
    except PbfError as error:
        PROBLEM.set((change.connector_id, page.with_reference(error)))
