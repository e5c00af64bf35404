"""Parts of the overview: totals, next steps, lines of connectors, charts with their tables."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pbf.clock import utc_now
from pbf.connectors.portal import Portal
from pbf.fivetran.models import Connector
from pbf.rules.health import ON_THE_CARD, TONES, URGENT
from pbf.rules.statistics import Line, Statistic
from pbf.rules.timeline.summary import longest_without_data
from pbf.ui import html, page
from pbf.ui.data import Summary
from pbf.ui.show_api.marks import mark
from pbf.ui.view_models import Row


def tiles(summary: Summary) -> None:
    """Show the totals; each leads to the connectors that it counts."""
    counts = Counter(row["status"] for row in summary.urgent)
    totals: list[tuple[int, str, dict[str, str], str]] = [
        (summary.total, "connectors", {}, f"{summary.syncing:,} syncing now"),
        *((counts[word], word, {"status": str(word)}, "") for word in TONES if word in URGENT),
    ]
    st.html(html.render("overview", "tiles", totals=totals))


def show_changes(changed: Sequence[Row]) -> None:
    """List connectors with the time of their last change."""
    st.header("Recent changes", anchor=False)
    with st.container(border=True):
        for row in changed:
            st.html(html.render("overview", "line", row=row))


def show_oldest(connectors: Sequence[Connector], *, shown: int) -> None:
    """List the connectors that have been without fresh data for longest."""
    oldest = [
        (connector.id, connector.title, since, connector.succeeded_at is None)
        for connector, since in longest_without_data(connectors, utc_now(), most=shown)
    ]
    if oldest:
        st.header("Longest without fresh data", anchor=False)
        st.html(html.render("overview", "oldest", connectors=oldest))


def show_next_steps(
    portal: Portal, urgent: Sequence[Row], *, shown: int, has_incidents: bool
) -> None:
    """List the connectors that do not run by themselves, each with its next step.

    With incidents shown above, an empty list does not mean that there is nothing to do.
    """
    st.header("What to do next", anchor=False)
    if problem := page.PROBLEM.get():
        page.show_problem(problem[1])
    if not urgent and has_incidents:
        st.info("See the incidents above. No other connector needs you.", icon=":material/info:")
        return
    if not urgent:
        st.success("Nothing to do. Every connector runs by itself.", icon=":material/check:")
        return
    with st.container(border=True):
        for row in urgent[:shown]:
            text, button = st.columns([3, 1], vertical_alignment="center")
            text.html(html.render("overview", "line", row=row, text=row["reason"]))
            step, key = row["next_action"], f"step-{row['id']}-{page.turn()}"
            if step and button.button(step["label"], key=key, width="stretch"):
                _take_step(portal, row, step["id"])
    if len(urgent) > shown:
        st.page_link(page.page("connectors"), label=f"{len(urgent) - shown:,} more")


def _take_step(portal: Portal, row: Row, step: str) -> None:
    """Carry out the next step of a connector."""
    if step in ON_THE_CARD:
        page.hand_off(portal, row["id"], name=row["name"])
    if step not in ("sync", "resume"):  # the connector's page asks before such a step
        st.switch_page(page.page("connector"), query_params={"id": row["id"]})
    operations = portal.operations
    operation = operations.resume if step == "resume" else operations.sync
    page.PROBLEM.pop()
    if error := page.once(lambda: operation(row["id"])):
        page.PROBLEM.set((row["id"], f"{row['name']}: {page.with_reference(error)}"))
    st.rerun()


def charts(drawn: Sequence[tuple[Statistic, dict[str, Any]]]) -> None:
    """Show charts in rows of two."""
    for start in range(0, len(drawn), 2):
        columns = st.columns(2, gap="medium")
        for column, (figure, spec) in zip(columns, drawn[start:], strict=False):
            with column.container(border=True, height="stretch"):
                chart(figure, spec)


def theme() -> str:
    """Return "light" or "dark"; light until the browser has reported its theme."""
    return st.context.theme.type or "light"


def chart(figure: Statistic, spec: dict[str, Any]) -> None:
    """Show a chart with its sentence, links on its bars, and its tables."""
    st.html(html.render("overview", "figure", figure=figure))
    key = f"chart-{figure.id}"
    st.vega_lite_chart(
        spec,
        key=key,
        on_select=lambda: _open_bar(figure, st.session_state[key]["selection"]),
        alt=f"{figure.title}. {figure.sentence}",
    )
    mark("connectors", key=figure.id)
    with st.expander("Show as a table"):
        _show_table(figure.headers, figure.lines)
        if figure.more_lines:
            _show_table(figure.more_headers, figure.more_lines)


def _show_table(headers: Sequence[str], lines: Sequence[Line]) -> None:
    st.html(html.render("overview", "linked", headers=headers, lines=lines))


def _open_bar(figure: Statistic, selection: Mapping[str, list[dict[str, str]]]) -> None:
    """Go to the connectors that the selected bar counts; a bar that counts syncs leads nowhere."""
    for chosen in (point for points in selection.values() for point in points):
        for bar in figure.bars:
            if bar.query and (bar.label, bar.group) == (chosen.get("label"), chosen.get("group")):
                st.switch_page(page.page("connectors"), query_params=dict(bar.query))
