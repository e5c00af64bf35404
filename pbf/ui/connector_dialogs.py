"""What is asked before a connector is changed for good, for money, or for long."""

from collections.abc import Callable

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.fivetran.models import Connector, Schedule, SetupTest
from pbf.rules.actions import Action, obstacle
from pbf.rules.schedule import AT_A_TIME, AT_INTERVALS, HOURS, choices, differs
from pbf.rules.timing import DAYS, MANUAL_ONLY, days_of, timing
from pbf.rules.wording import HOUR, left, spaced
from pbf.ui import page
from pbf.ui.html import escape
from pbf.visible_text import typeable

TEST_TONES = {"PASSED": "good", "FAILED": "bad", "JOB_FAILED": "bad", "WARNING": "attention"}


@st.dialog("Re-sync history")
def resync(portal: Portal, connector: Connector) -> None:
    """Say what reading everything again costs, and do it."""
    st.markdown(
        f"Fivetran reads all data of **{page.plain(connector.title)}** again, "
        "from the beginning.\n"
        "- This may take hours; new data arrives afterwards.\n"
        "- In some plans, rows that are read again are paid rows.\n"
        "- It cannot be undone once it runs."
    )
    if st.button("Read all data again", type="primary", key=f"resync-yes-{page.turn()}"):
        _do(lambda: portal.operations.resync(connector.id))


@st.dialog("Change schedule")
def reschedule(portal: Portal, connector: Connector) -> None:
    """Offer intervals, a time of day, and no schedule at all."""
    present = timing(connector)
    kinds = [AT_INTERVALS, AT_A_TIME, MANUAL_ONLY]
    if connector.schedule and present.kind in ("cron", "unknown"):
        kinds.insert(
            0, "Keep the schedule set at Fivetran" + (f": {present.cron}" * bool(present.cron))
        )
    now = {"interval": AT_INTERVALS, "time_of_day": AT_A_TIME, "manual": MANUAL_ONLY}
    at = kinds.index(now[present.kind]) if present.kind in now else 0
    kind = st.radio("How it syncs", kinds, index=at, format_func=page.plain, key="schedule-kind")
    wanted: Schedule | None = None
    if kind == MANUAL_ONLY:
        wanted = Schedule(schedule_type="MANUAL")
        page.quiet("A sync starts only when a person or a program requests it.")
    elif kind == AT_INTERVALS:
        wanted = _ask_interval(connector)
    elif kind == AT_A_TIME:
        wanted = _ask_time(connector)
    fits = wanted is not None and differs(connector, wanted)
    if wanted is not None and not fits:
        page.quiet("This is the current schedule.")
    if st.button("Save", type="primary", disabled=not fits, key=f"schedule-save-{page.turn()}"):
        _do(lambda: portal.operations.reschedule(connector.id, schedule=wanted))


def _ask_interval(connector: Connector) -> Schedule | None:
    """Ask for the minutes between syncs; None as long as nothing is chosen."""
    minutes, present = choices(connector), timing(connector)
    place = list(minutes).index(present.minutes) if present.minutes in minutes else None
    every = st.selectbox(
        "How often",
        minutes,
        place,
        format_func=minutes.__getitem__,
        placeholder="Choose an interval",
        key="schedule-every",
    )
    days = days_of(present) if present.kind == "interval" else ()
    if every is None:
        return None
    return Schedule(schedule_type="INTERVAL", interval=every, days_of_week=days)


def _ask_time(connector: Connector) -> Schedule | None:
    """Ask for a time of day, and for days where the account knows them."""
    present = timing(connector)
    now = f"{present.at:%H:%M}" if present.at else None
    hours = sorted({*HOURS, *([now] if now else ())})
    place = hours.index(now) if now else None
    hour = st.selectbox(
        "At what time (UTC)",
        hours,
        place,
        placeholder="Choose a time",
        key="schedule-hour",
    )
    days = list(days_of(present))
    if connector.schedule is not None:
        days = st.pills(
            "On which days",
            DAYS,
            default=days or list(DAYS),
            selection_mode="multi",
            format_func=lambda day: day.capitalize()[:3],
            key="schedule-days",
        )
        if not days:
            page.quiet("Choose at least one day.")
            return None
    page.quiet("Fivetran may start it up to an hour later.")
    if hour is None:
        return None
    return Schedule(schedule_type="TIME_OF_DAY", time_of_day=hour, days_of_week=tuple(days))


@st.dialog("Run setup tests", on_dismiss="rerun")
def test(portal: Portal, connector: Connector) -> None:
    """Run the setup tests and show what each of them says."""
    if st.session_state.get(f"test-again-{page.turn()}") or "tests" not in st.session_state:
        st.session_state["tests"] = _tests(portal, connector)
    found: tuple[SetupTest, ...] | str = st.session_state["tests"]
    if isinstance(found, str):
        st.error(page.plain(found), icon=":material/error:")
    elif not found:
        page.quiet("Fivetran has no setup tests for this service.")
    else:
        st.html(f'<ul class="pbf-tests">{"".join(map(_result, found))}</ul>')
        if connector.status.setup_state == "broken" and {one.status for one in found} == {"PASSED"}:
            page.quiet("All pass. A sync shows whether data flows again.")
    st.button("Run again", key=f"test-again-{page.turn()}")


@st.dialog("Delete this connector?")
def delete(portal: Portal, connector: Connector) -> None:
    """Ask for the name before deleting, and offer to pause instead."""
    # A name of characters that no keyboard has cannot be typed.
    name, what = typeable(connector.title), "name"
    if not name:
        name, what = typeable(connector.id), "ID"
    st.markdown(
        f"**{page.plain(connector.title)}** {_fate(portal)} "
        f"Its data stays in the destination, under **{page.plain(connector.schema_name)}**."
    )
    if what == "ID":
        page.quiet(f"Its ID at Fivetran: {connector.id}")
    # A name in the label would reach screen readers with the signs that Markdown needs.
    typed = st.text_input(
        f"Type its {what} to delete it", key="delete-name", live=True, autocomplete="off"
    )
    fits = typeable(typed) == name
    with st.container(horizontal=True):
        label = "Delete it" if portal.grace else "Delete for good"
        if st.button(label, type="primary", disabled=not fits, key=f"delete-yes-{page.turn()}"):
            _do(
                lambda: portal.operations.delete(connector.id),
                lambda: st.session_state.update(deleted=connector),
            )
        if obstacle("pause", connector) is None and st.button(
            "Pause instead", key=f"delete-pause-{page.turn()}"
        ):
            _do(lambda: portal.operations.pause(connector.id))
    if obstacle("pause", connector) is None:
        page.quiet("A paused connector keeps its credentials and continues when it is resumed.")


OPEN: dict[Action, Callable[[Portal, Connector], None]] = {
    "resync": resync,
    "reschedule": reschedule,
    "test": test,
    "delete": delete,
}


def _fate(portal: Portal) -> str:
    """Return what becomes of a connector that is deleted."""
    if not portal.grace:
        return "and its credentials are deleted at Fivetran for good."
    return (
        f"is paused and hidden now. In {left(portal.grace * HOUR)} it is deleted at Fivetran for "
        "good, with its credentials. Until then you can undo this."
    )


def _do(doing: Callable[[], object], then: Callable[[], object] = lambda: None) -> None:
    """Do it and close, or say in the dialog why it did not work."""
    problem = page.once(doing)
    if problem is None:
        then()
        st.rerun()
    st.error(page.plain(page.told(problem)), icon=":material/error:")


def _tests(portal: Portal, connector: Connector) -> tuple[SetupTest, ...] | str:
    found: list[SetupTest] = []
    words = "Running the setup tests. This can take a minute…"
    problem = page.once(lambda: found.extend(portal.operations.test(connector.id)), words)
    return tuple(found) if problem is None else page.told(problem)


def _result(one: SetupTest) -> str:
    word = page.badge(
        spaced(one.status).capitalize() or "Unknown", TEST_TONES.get(one.status, "quiet")
    )
    told = f'<span class="pbf-quiet">{escape(one.message)}</span>' if one.message else ""
    return f"<li>{word} <strong>{escape(one.title)}</strong>{told}</li>"
