"""What the list of connectors does when rows are acted on: progress, results, questions."""

import json
from collections.abc import Callable, Collection, Sequence
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from pbf.components.connector_table import Asked
from pbf.connectors import bulk
from pbf.connectors.bulk import Bulk, Outcome
from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.fivetran.models import Connector
from pbf.paths import PREFIX
from pbf.rules.health import ON_THE_CARD
from pbf.rules.wording import HOUR, left
from pbf.ui import page
from pbf.ui.html import escape

SHORT = 6  # so many results need no scrolling
WORD = "DELETE"
ASKED_FIRST = {"delete": "delete", "discard": "delete", "link": "link"}


def act(portal: Portal, asked: Asked) -> None:
    """Do what was asked of rows, looked up among those that were shown and the tenant's own."""
    shown: Collection[str] = st.session_state.get("shown", frozenset())
    st.session_state.pop("batch", None)
    if asked.action in ON_THE_CARD and len(asked.ids) == 1:
        connector = portal.connector(asked.ids[0])
        page.hand_off(portal, connector.id, name=connector.title)
    if asked.action == "resync" and len(asked.ids) == 1:  # its page asks first
        connector = portal.connector(asked.ids[0])
        st.switch_page(page.page("connector"), query_params={"id": connector.id})
    if not (asked.action in ASKED_FIRST or bulk.is_bulk(asked.action)):
        return
    found, refused = bulk.chosen(asked.ids, shown=shown, own=portal.connectors().items)
    if asked.action in ASKED_FIRST and found:
        st.session_state["asked"] = ASKED_FIRST[asked.action], found, refused
        st.rerun()
    action = asked.action if bulk.is_bulk(asked.action) else "delete"
    carry_out(portal, action, found, refused)


def carry_out(
    portal: Portal, action: Bulk, found: Sequence[Connector], refused: Sequence[Outcome]
) -> None:
    """Do it row by row under a bar of progress, and keep what became of each row."""
    left = {one.id: Outcome(one.id, one.title, bulk.LEFT) for one in found}
    outcomes = {one.id: one for one in refused} | left
    st.session_state["batch"] = action, outcomes
    words, total = bulk.WORDS[action], len(found)
    bar = st.progress(0.0, text=f"{words}: 0 of {total}") if total > 1 else None
    for number, outcome in enumerate(bulk.carry_out(action, found, portal.operations), 1):
        outcomes[outcome.id] = outcome
        if bar:
            bar.progress(number / total, text=f"{words}: {number} of {total}")
    if bar:
        bar.empty()
    _tell(action, list(outcomes.values()))


def _tell(action: Bulk, outcomes: Sequence[Outcome]) -> None:
    """Say in a corner how it went, for those who do not see the top of the page."""
    words, failed = bulk.WORDS[action], sum(1 for one in outcomes if one.problem)
    if failed:
        one = outcomes[0]
        told = page.plain(f"{one.name}: {one.problem}") if len(outcomes) == 1 else ""
        told = told or f"{len(outcomes) - failed} done, {failed} not; see the results above"
        st.toast(f"{words}: {told}", icon=":material/error:")
    elif len(outcomes) == 1:
        del st.session_state["batch"]
        st.toast(f"{words}: {page.plain(outcomes[0].name)}", icon=":material/check:")
    else:
        st.toast(f"{words}: all {len(outcomes)} done", icon=":material/check:")


def results() -> None:
    """Show what became of each row of the last action, until it is closed."""
    if st.session_state.get("batch-close"):
        st.session_state.pop("batch", None)
    if "batch" not in st.session_state:
        return
    action, kept = st.session_state["batch"]
    outcomes = sorted(kept.values(), key=lambda one: not one.problem)
    failed = sum(1 for one in outcomes if one.problem)
    done = len(outcomes) - failed
    with st.container(key="batch"):
        if failed:
            st.warning(f"{bulk.WORDS[action]}: {done} done, {failed} not.", icon=":material/error:")
        else:
            st.success(f"{bulk.WORDS[action]}: all {done} done.", icon=":material/check:")
        rows = [(one.name, one.problem or bulk.DONE[action]) for one in outcomes]
        with (
            st.expander("Result for each connector", expanded=failed > 0),
            st.container(height=260 if len(rows) > SHORT else "content", border=False),
        ):
            st.html(page.grid(("Connector", "Result"), rows))
        st.button("Close", key="batch-close")


@st.dialog("Delete connectors?")
def delete(portal: Portal, found: Sequence[Connector], refused: Sequence[Outcome]) -> None:
    """Name what would be deleted, and do it once the word is typed."""
    number = len(found)
    st.markdown(_question(number, portal.grace * HOUR))
    names = "".join(f"<li>{escape(one.title)}{permanent(one)}</li>" for one in found)
    with st.container(height=180 if number > SHORT else "content", border=True):
        st.html(f'<ul class="pbf-names">{names}</ul>')
    typed = st.text_input(
        f"Type {WORD} to delete {'it' if number == 1 else f'all {number}'}",
        key="batch-word",
        live=True,
        autocomplete="off",
    )
    fits = typed.strip() == WORD
    key = f"batch-delete-{page.turn()}"
    if st.button(f"Delete {number}", type="primary", disabled=not fits, key=key):
        page.once(lambda: carry_out(portal, "delete", found, refused), "Deleting…")
        st.rerun()


def _question(number: int, grace: float) -> str:
    """Return what is asked before so many are deleted, with `grace` seconds to undo it."""
    it, they, what = "them", "they", f"these {number} connectors"
    if number == 1:
        it, they, what = "it", "it", "this connector"
    told = f"Delete **{what}** and the credentials at Fivetran for good?"
    if grace:
        told = (
            f"Delete **{what}**? That pauses and hides {it} now. In {left(grace)} {they} will be "
            "deleted at Fivetran for good, with the credentials. Until then you can undo this."
        )
    return f"{told} The data stays in the destination."


@st.dialog("Link for a colleague")
def link(portal: Portal, found: Sequence[Connector], _: Sequence[Outcome]) -> None:
    """Show a link with which somebody else can finish one set-up."""
    connector = found[0]
    try:
        slip = portal.invitation(connector.id)
    except PbfError as error:
        st.error(page.plain(page.told(error)), icon=":material/error:")
        return
    st.markdown(
        f"Whoever opens this link can finish the set-up of **{page.plain(connector.title)}**. "
        "It needs no sign-in, shows nothing else, and works for one day."
    )
    _copy()(key="copy", data={"text": f"{page.public_url()}{PREFIX}/invite/{slip}"})


def permanent(connector: Connector) -> str:
    """Return HTML for the permanent name where it is another than the one shown."""
    name = connector.schema_name
    return f" <code>{escape(name)}</code>" if name and name != connector.title else ""


OPEN: dict[str, Callable[[Portal, Sequence[Connector], Sequence[Outcome]], None]] = {
    "delete": delete,
    "link": link,
}


def open_asked(portal: Portal) -> None:
    """Open the question that an action has to be asked with first."""
    if asked := st.session_state.pop("asked", None):
        kind, found, refused = asked
        OPEN[kind](portal, found, refused)


def remember_shown(ids: frozenset[str]) -> None:
    """Keep the ids that this page shows now; what is asked next is about them."""
    st.session_state["shown"] = ids


@cache
def _copy() -> ComponentRenderer:
    """Return the component that shows a text in a field and copies it."""
    return st.components.v2.component(
        "copy",
        html='<p class="line">\n<input readonly aria-label="Link"><button type="button">Copy'
        '</button></p><p class="said" role="status"></p>',
        css="""
.line { display: flex; gap: 8px; margin: 0; font-family: var(--st-font); }
input { flex: 1; min-width: 0; height: 40px; padding: 0 10px; font: 13px var(--st-code-font);
  color: var(--st-text-color); background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); }
button { height: 40px; padding: 0 16px; font: 600 14px var(--st-font); cursor: pointer;
  color: var(--st-background-color); background: var(--st-link-color);
  border: 0; border-radius: var(--st-base-radius); }
:focus-visible { outline: 2px solid var(--st-link-color); outline-offset: 2px; }
.said { min-height: 1.5em; margin: 6px 0 0; font: 13px/1.5 var(--st-font); }
.said { color: var(--st-text-color); }
""",
        js=f"""
export default function({{ data, parentElement }}) {{
  const field = parentElement.querySelector("input");
  const said = parentElement.querySelector(".said");
  field.value = data.text;
  const copy = async () => {{
    field.select();
    try {{
      await navigator.clipboard.writeText(data.text);
      said.textContent = {json.dumps("Copied.")};
    }} catch {{
      said.textContent = {json.dumps("Press Ctrl+C or ⌘C to copy it.")};
    }}
  }};
  parentElement.querySelector("button").onclick = copy;
}}
""",
    )
