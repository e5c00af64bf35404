"""Actions on rows of the connector list: confirmation, progress, results."""

from collections.abc import Callable, Sequence

import streamlit as st

from pbf.components.connector_table import TableAction
from pbf.connectors import bulk
from pbf.connectors.bulk import Bulk, Outcome
from pbf.connectors.portal import Portal
from pbf.fivetran.models import Connector
from pbf.paths import LONGEST_SEARCH
from pbf.rules.health import ON_THE_CARD
from pbf.rules.wording import HOUR, left
from pbf.ui import html, page, session
from pbf.ui.connector import colleague_links, maintenance

SHORT = 6  # the number of results that need no scrolling
WORD = "DELETE"


def act(portal: Portal, request: TableAction) -> None:
    """Carry out an action on rows that were shown and are the tenant's own."""
    page.BATCH.pop()
    action, ids = request.action, request.ids
    if action in ON_THE_CARD and len(ids) == 1:
        connector = portal.connector(ids[0])
        page.hand_off(portal, connector.id, name=connector.title)
    if action == "resync" and len(ids) == 1:  # the connector's page asks first
        connector = portal.connector(ids[0])
        st.switch_page(page.page("connector"), query_params={"id": connector.id})
    if not (action in OPEN or bulk.is_bulk(action)):
        return
    own = portal.connectors().items
    connectors, refused = bulk.chosen(ids, shown=page.SHOWN_IDS.get(), own=own)
    if action in OPEN and connectors:
        page.QUESTION.set((action, connectors, refused))
        st.rerun()
    carry_out(portal, action if bulk.is_bulk(action) else "delete", connectors, refused)


def carry_out(
    portal: Portal, action: Bulk, connectors: Sequence[Connector], refused: Sequence[Outcome]
) -> None:
    """Act on row after row under a progress bar, and keep the outcome of each."""
    outcomes = {outcome.id: outcome for outcome in refused}
    for connector in connectors:
        outcomes[connector.id] = Outcome(connector.id, connector.title, bulk.LEFT)
    page.BATCH.set((action, outcomes))
    label, total = bulk.WORDS[action], len(connectors)
    bar = st.progress(0.0, text=f"{label}: 0 of {total}") if total > 1 else None
    for number, outcome in enumerate(bulk.carry_out(action, connectors, portal.operations), 1):
        outcomes[outcome.id] = outcome
        if bar:
            bar.progress(number / total, text=f"{label}: {number} of {total}")
    if bar:
        bar.empty()
    _show_toast(action, list(outcomes.values()))


def _show_toast(action: Bulk, outcomes: Sequence[Outcome]) -> None:
    """Show the outcome in a corner, for those who have scrolled away from the results."""
    label, failed = bulk.WORDS[action], _failures(outcomes)
    if failed:
        first = outcomes[0]
        text = page.plain(f"{first.name}: {first.problem}") if len(outcomes) == 1 else ""
        text = text or f"{len(outcomes) - failed} done, {failed} not; see the results above"
        st.toast(f"{label}: {text}", icon=":material/error:")
    elif len(outcomes) == 1:
        page.BATCH.pop()
        st.toast(f"{label}: {page.plain(outcomes[0].name)}", icon=":material/check:")
    else:
        st.toast(f"{label}: all {len(outcomes)} done", icon=":material/check:")


def _failures(outcomes: Sequence[Outcome]) -> int:
    return sum(1 for outcome in outcomes if outcome.problem)


def results() -> None:
    """Show the outcome of the last action for each row, until it is closed."""
    if st.session_state.get("batch-close"):
        page.BATCH.pop()
    batch = page.BATCH.get()
    if batch is None:
        return
    action = batch[0]
    outcomes = sorted(batch[1].values(), key=lambda outcome: not outcome.problem)
    failed = _failures(outcomes)
    done = len(outcomes) - failed
    with st.container(key="batch"):
        if failed:
            st.warning(f"{bulk.WORDS[action]}: {done} done, {failed} not.", icon=":material/error:")
        else:
            st.success(f"{bulk.WORDS[action]}: all {done} done.", icon=":material/check:")
        rows = [(outcome.name, outcome.problem or bulk.DONE[action]) for outcome in outcomes]
        with (
            st.expander("Result for each connector", expanded=failed > 0),
            st.container(height=260 if len(rows) > SHORT else "content", border=False),
        ):
            st.html(html.render("parts", "table", headers=("Connector", "Result"), rows=rows))
        st.button("Close", key="batch-close")


@st.dialog("Delete connectors?")
@session.acting
def delete(portal: Portal, connectors: Sequence[Connector], refused: Sequence[Outcome]) -> None:
    """List the connectors to delete, and delete them once the word is typed."""
    number = len(connectors)
    st.markdown(_question(number, portal.grace * HOUR))
    with st.container(height=180 if number > SHORT else "content", border=True):
        st.html(html.render("connector", "names", connectors=connectors))
    typed = st.text_input(
        f"Type {WORD} to delete {'it' if number == 1 else f'all {number}'}",
        max_chars=LONGEST_SEARCH,
        key="batch-word",
        live=True,
        autocomplete="off",
    )
    is_confirmed = typed.strip() == WORD
    key = f"batch-delete-{page.turn()}"
    if st.button(f"Delete {number}", type="primary", disabled=not is_confirmed, key=key):
        page.once(lambda: carry_out(portal, "delete", connectors, refused), "Deleting…")
        st.rerun()


def _question(number: int, grace: float) -> str:
    """Return the question before a number of deletions, with `grace` seconds to undo them."""
    it, they, what = "them", "they", f"these {number} connectors"
    if number == 1:
        it, they, what = "it", "it", "this connector"
    question = f"Delete **{what}** and the credentials at Fivetran for good?"
    if grace:
        question = (
            f"Delete **{what}**? That pauses and hides {it} now. In {left(grace)} {they} will be "
            "deleted at Fivetran for good, with the credentials. Until then you can undo this."
        )
    return f"{question} The data stays in the destination."


# The dialogs of the actions that ask first.
OPEN: dict[str, Callable[[Portal, Sequence[Connector], Sequence[Outcome]], None]] = {
    "delete": delete,
    "discard": delete,
    "link": colleague_links.open_dialog,
    "plan": maintenance.open_dialog,
}


def open_dialog(portal: Portal) -> None:
    """Open the dialog of an action that asks first."""
    if question := page.QUESTION.pop():
        action, connectors, refused = question
        OPEN[action](portal, connectors, refused)
