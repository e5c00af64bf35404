"""What is asked before a connector is changed for good, for money, or for long."""

from collections.abc import Callable

import streamlit as st

from pbf import ui
from pbf.actions import Action, obstacle
from pbf.literal import escape
from pbf.models import Connector, SetupTest
from pbf.portal import Portal
from pbf.schedule import DAILY, HOURS, ON_A_SCHEDULE, ON_REQUEST, change, choices
from pbf.words import HOUR, left, spaced, typeable

TEST_TONES = {"PASSED": "good", "FAILED": "bad", "JOB_FAILED": "bad", "WARNING": "attention"}


@st.dialog("Re-sync history")
def resync(portal: Portal, connector: Connector) -> None:
    """Say what reading everything again costs, and do it."""
    st.markdown(
        f"Fivetran reads everything of **{ui.plain(connector.title)}** again, from the beginning.\n"
        "- It may take hours; new data comes after it.\n"
        "- In some plans the rows it reads again are paid rows.\n"
        "- It cannot be taken back once it runs."
    )
    if st.button("Read everything again", type="primary", key=f"resync-yes-{ui.turn()}"):
        _do(lambda: portal.operations.resync(connector.id))


@st.dialog("Change schedule")
def reschedule(portal: Portal, connector: Connector) -> None:
    """Offer the allowed frequencies, a time for a daily sync, and none at all."""
    kinds, minutes = (ON_A_SCHEDULE, ON_REQUEST), choices(connector)
    manual = connector.schedule_type == "manual"
    kind = st.radio("How it syncs", kinds, index=int(manual), key="schedule-kind")
    every: int | None = connector.sync_frequency
    hour = ""
    if kind == ON_A_SCHEDULE:
        place = list(minutes).index(every) if every in minutes else None
        every = st.selectbox(
            "How often", minutes, index=place, format_func=minutes.__getitem__, key="schedule-every"
        )
        if every == DAILY:
            present = connector.daily_sync_time
            place = HOURS.index(present) if present in HOURS else None
            hour = st.selectbox("At what time (UTC)", HOURS, index=place, key="schedule-hour") or ""
    wanted = change(connector, kind=kind, minutes=every, hour=hour)
    if not wanted:
        ui.quiet("This is how it is now.")
    if st.button("Save", type="primary", disabled=not wanted, key=f"schedule-save-{ui.turn()}"):
        _do(lambda: portal.operations.reschedule(connector.id, **wanted))


@st.dialog("Run setup tests", on_dismiss="rerun")
def test(portal: Portal, connector: Connector) -> None:
    """Run the setup tests and show what each of them says."""
    if st.session_state.get(f"test-again-{ui.turn()}") or "tests" not in st.session_state:
        st.session_state["tests"] = _tests(portal, connector)
    found: tuple[SetupTest, ...] | str = st.session_state["tests"]
    if isinstance(found, str):
        st.error(ui.plain(found), icon=":material/error:")
    elif not found:
        ui.quiet("Fivetran has no setup tests for this service.")
    else:
        st.html(f'<ul class="pbf-tests">{"".join(map(_result, found))}</ul>')
        if connector.status.setup_state == "broken" and {one.status for one in found} == {"PASSED"}:
            ui.quiet("All pass. A sync shows whether data flows again.")
    st.button("Run again", key=f"test-again-{ui.turn()}")


@st.dialog("Delete this connector?")
def delete(portal: Portal, connector: Connector) -> None:
    """Ask for the name before deleting, and offer to pause instead."""
    st.markdown(
        f"**{ui.plain(connector.title)}** {_fate(portal)} "
        f"What it brought stays in the destination, under **{ui.plain(connector.schema_name)}**."
    )
    # A name in the label would reach screen readers with the signs that Markdown needs.
    typed = st.text_input(
        "Type its name to delete it", key="delete-name", live=True, autocomplete="off"
    )
    fits = typeable(typed) == (typeable(connector.title) or typeable(connector.id))
    with st.container(horizontal=True):
        label = "Delete it" if portal.grace else "Delete for good"
        if st.button(label, type="primary", disabled=not fits, key=f"delete-yes-{ui.turn()}"):
            _do(
                lambda: portal.operations.delete(connector.id),
                lambda: st.session_state.update(deleted=connector),
            )
        if obstacle("pause", connector) is None and st.button(
            "Pause instead", key=f"delete-pause-{ui.turn()}"
        ):
            _do(lambda: portal.operations.pause(connector.id))
    if obstacle("pause", connector) is None:
        ui.quiet("A paused connector keeps its credentials and goes on when it is resumed.")


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
    problem = ui.once(doing)
    if problem is None:
        then()
        st.rerun()
    st.error(ui.plain(ui.told(problem)), icon=":material/error:")


def _tests(portal: Portal, connector: Connector) -> tuple[SetupTest, ...] | str:
    found: list[SetupTest] = []
    words = "Running the setup tests. This can take a minute…"
    problem = ui.once(lambda: found.extend(portal.operations.test(connector.id)), words)
    return tuple(found) if problem is None else ui.told(problem)


def _result(one: SetupTest) -> str:
    word = ui.badge(
        spaced(one.status).capitalize() or "Unknown", TEST_TONES.get(one.status, "quiet")
    )
    told = f'<span class="pbf-quiet">{escape(one.message)}</span>' if one.message else ""
    return f"<li>{word} <strong>{escape(one.title)}</strong>{told}</li>"
