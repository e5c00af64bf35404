"""Dialogs that confirm a change of a connector: re-sync, schedule, setup tests, deletion."""

from collections.abc import Callable, Sequence

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.fivetran.models import Connector, Schedule, SetupTest
from pbf.paths import LONGEST_SEARCH
from pbf.rules.actions import Action, obstacle
from pbf.rules.parsed_schedule import DAYS, MANUAL_ONLY, days_of, timing
from pbf.rules.schedule import AT_A_TIME, AT_INTERVALS, HOURS, choices, differs
from pbf.rules.wording import HOUR, left, spaced
from pbf.ui import html, page, session
from pbf.visible_text import typeable

TEST_TONES = {"PASSED": "good", "FAILED": "bad", "JOB_FAILED": "bad", "WARNING": "attention"}


@st.dialog("Re-sync history")
@session.acting
def resync(portal: Portal, connector: Connector) -> None:
    """Say what reading all data again costs, and start it."""
    st.markdown(
        f"Fivetran reads all data of **{page.plain(connector.title)}** again, "
        "from the beginning.\n"
        "- This may take hours; new data arrives afterwards.\n"
        "- In some plans, rows that are read again are paid rows.\n"
        "- It cannot be undone once it runs."
    )
    if st.button("Read all data again", type="primary", key=f"resync-yes-{page.turn()}"):
        _run_and_close(lambda: portal.operations.resync(connector.id))


@st.dialog("Change schedule")
@session.acting
def reschedule(portal: Portal, connector: Connector) -> None:
    """Offer intervals, a time of day, and no schedule at all."""
    present = timing(connector)
    intervals = choices(connector, fastest=portal.policy().limits.min_sync_frequency)
    kinds = [*([AT_INTERVALS] if intervals else []), AT_A_TIME, MANUAL_ONLY]
    if connector.schedule and present.kind in ("cron", "unknown"):
        kinds.insert(
            0, "Keep the schedule set at Fivetran" + (f": {present.cron}" * bool(present.cron))
        )
    by_kind = {"interval": AT_INTERVALS, "time_of_day": AT_A_TIME, "manual": MANUAL_ONLY}
    index = kinds.index(by_kind[present.kind]) if present.kind in by_kind else 0
    kind = st.radio("How it syncs", kinds, index=index, format_func=page.plain, key="schedule-kind")
    schedule: Schedule | None = None
    if kind == MANUAL_ONLY:
        schedule = Schedule(schedule_type="MANUAL")
        page.quiet("A sync starts only when a person or a program requests it.")
    elif kind == AT_INTERVALS:
        schedule = _ask_interval(connector, intervals)
    elif kind == AT_A_TIME:
        schedule = _ask_time(connector)
    is_new = schedule is not None and differs(connector, schedule)
    if schedule is not None and not is_new:
        page.quiet("This is the current schedule.")
    if st.button("Save", type="primary", disabled=not is_new, key=f"schedule-save-{page.turn()}"):
        new = {"schedule": schedule}
        _run_and_close(lambda: portal.operations.change(connector.id, timing=new))


def _ask_interval(connector: Connector, intervals: dict[int, str]) -> Schedule | None:
    """Ask for the minutes between syncs; None as long as nothing is chosen."""
    present = timing(connector)
    index = list(intervals).index(present.minutes) if present.minutes in intervals else None
    minutes = st.selectbox(
        "How often",
        intervals,
        index,
        format_func=intervals.__getitem__,
        placeholder="Choose an interval",
        key="schedule-every",
    )
    days = days_of(present) if present.kind == "interval" else ()
    if minutes is None:
        return None
    return Schedule(schedule_type="INTERVAL", interval=minutes, days_of_week=days)


def _ask_time(connector: Connector) -> Schedule | None:
    """Ask for a time of day, and for days if the account supports them."""
    present = timing(connector)
    current = f"{present.at:%H:%M}" if present.at else None
    hours = sorted({*HOURS, *([current] if current else ())})
    hour = st.selectbox(
        "At what time (UTC)",
        hours,
        hours.index(current) if current else None,
        placeholder="Choose a time",
        key="schedule-hour",
    )
    days = days_of(present)
    if connector.schedule is not None:
        days = _ask_days(days or DAYS)
        if not days:
            page.quiet("Choose at least one day.")
            return None
    page.quiet("Fivetran may start it up to an hour later.")
    if hour is None:
        return None
    return Schedule(schedule_type="TIME_OF_DAY", time_of_day=hour, days_of_week=days)


def _ask_days(default: Sequence[str]) -> tuple[str, ...]:
    days = st.multiselect(
        "On which days",
        DAYS,
        default=default,
        format_func=lambda day: day.capitalize()[:3],
        key="schedule-days",
    )
    return tuple(days)


@st.dialog("Run setup tests", on_dismiss="rerun")
@session.acting
def test(portal: Portal, connector: Connector) -> None:
    """Run the setup tests and show the result of each."""
    tests = page.TESTS.get()
    if tests is None or st.session_state.get(f"test-again-{page.turn()}"):
        tests = _run_tests(portal, connector)
        page.TESTS.set(tests)
    if isinstance(tests, str):
        page.show_problem(tests)
    elif not tests:
        page.quiet("Fivetran has no setup tests for this service.")
    else:
        st.html(html.render("connector", "notes", notes=list(map(_result, tests))))
        all_passed = {test.status for test in tests} == {"PASSED"}
        if connector.is_broken and all_passed:
            page.quiet("All pass. A sync shows whether data flows again.")
    st.button("Run again", key=f"test-again-{page.turn()}")


@st.dialog("Delete this connector?")
@session.acting
def delete(portal: Portal, connector: Connector) -> None:
    """Ask for the name before deleting, and offer to pause instead."""
    # A name that consists of characters that no keyboard has cannot be typed.
    name, what = typeable(connector.title), "name"
    if not name:
        name, what = typeable(connector.id), "ID"
    st.markdown(
        f"**{page.plain(connector.title)}** {_fate(portal)} "
        f"Its data stays in the destination, under **{page.plain(connector.schema_name)}**."
    )
    if what == "ID":
        page.quiet(f"Its ID at Fivetran: {connector.id}")
    # A screen reader would read a name in the label with its Markdown escapes.
    typed = st.text_input(
        f"Type its {what} to delete it",
        # A letter with an accent may be typed as two characters.
        max_chars=2 * max(len(name), LONGEST_SEARCH),
        key="delete-name",
        live=True,
        autocomplete="off",
    )
    _delete_or_pause(portal, connector, is_confirmed=typeable(typed) == name)


def _delete_or_pause(portal: Portal, connector: Connector, *, is_confirmed: bool) -> None:
    """Show the buttons that delete a connector or pause it instead."""
    label, key = "Delete it" if portal.grace else "Delete for good", f"delete-yes-{page.turn()}"
    can_pause = obstacle("pause", connector) is None
    with st.container(horizontal=True):
        if st.button(label, type="primary", disabled=not is_confirmed, key=key):
            _run_and_close(
                lambda: portal.operations.delete(connector.id),
                lambda: page.DELETED.set(connector),
            )
        if can_pause and st.button("Pause instead", key=f"delete-pause-{page.turn()}"):
            _run_and_close(lambda: portal.operations.pause(connector.id))
    if can_pause:
        page.quiet("A paused connector keeps its credentials and continues when it is resumed.")


OPEN: dict[Action, Callable[[Portal, Connector], None]] = {
    "resync": resync,
    "reschedule": reschedule,
    "test": test,
    "delete": delete,
}


def _fate(portal: Portal) -> str:
    """Return what happens to a connector that is deleted."""
    if not portal.grace:
        return "and its credentials are deleted at Fivetran for good."
    return (
        f"is paused and hidden now. In {left(portal.grace * HOUR)} it is deleted at Fivetran for "
        "good, with its credentials. Until then you can undo this."
    )


def _run_and_close(
    operation: Callable[[], object], on_success: Callable[[], object] = lambda: None
) -> None:
    """Run an operation and close the dialog, or show in it why the operation failed."""
    error = page.once(operation)
    if error is None:
        on_success()
        st.rerun()
    page.show_problem(error)


def _run_tests(portal: Portal, connector: Connector) -> tuple[SetupTest, ...] | str:
    """Return the results of the setup tests, or why there are none."""
    tests: list[SetupTest] = []
    message = "Running the setup tests. This can take a minute…"
    error = page.once(lambda: tests.extend(portal.operations.test(connector.id)), message)
    return tuple(tests) if error is None else page.with_reference(error)


def _result(test: SetupTest) -> tuple[str, str, str, str]:
    """Return the word and tone for the status of a test, its title and its message."""
    word = spaced(test.status).capitalize() or "Unknown"
    return word, TEST_TONES.get(test.status, "quiet"), test.title, test.message
