"""The panels of the overview: totals, lines of connectors, charts with the tables behind them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from pbf.rules.health import TONES, URGENT
from pbf.rules.statistics import Figure, Line
from pbf.ui import page
from pbf.ui.html import escape


def line(row: Mapping[str, Any], text: str) -> str:
    """Return HTML for one connector: icon, name, status, and HTML about it."""
    way = escape(address("connector", {"id": row["id"]}))
    return (
        f'<div class="pbf-line">{page.icon(row["icon"], row["service_name"], size=36)}<div>'
        f'<a href="{way}"><strong>{escape(row["name"])}</strong></a> '
        f"{page.badge(row['status'], row['tone'])}"
        f'<span class="pbf-quiet">{text}</span></div></div>'
    )


def tiles(summary: Mapping[str, Any]) -> None:
    """Show the totals; each leads to the connectors that it counts."""
    statuses = Counter(row["status"] for row in summary["urgent"])
    syncing = f'<span class="pbf-quiet">{summary["moving"]:,} syncing now</span>'
    shown = [_tile(summary["total"], "connectors", {}, syncing)]
    shown += [_tile(statuses[word], word, {"status": word}) for word in TONES if word in URGENT]
    st.html(f'<div class="pbf-tiles">{"".join(shown)}</div>')


def _tile(number: int, label: str, way: Mapping[str, str], note: str = "") -> str:
    """Return HTML for one total with a note below it; a link unless there is nothing to show."""
    text = f"<strong>{number:,}</strong> {label}{note}"
    if not number:
        return f"<div>{text}</div>"
    return f'<a href="{escape(address("connectors", way))}">{text}</a>'


def charts(drawn: Sequence[tuple[Figure, dict[str, Any]]]) -> None:
    """Show figures two by two, each with its chart."""
    for start in range(0, len(drawn), 2):
        for place, (figure, spec) in zip(st.columns(2, gap="medium"), drawn[start:], strict=False):
            with place.container(border=True, height="stretch"):
                chart(figure, spec)


def theme() -> str:
    """Return whether the page is light or dark, as far as the browser has said."""
    return st.context.theme.type or "light"


def chart(figure: Figure, spec: dict[str, Any]) -> None:
    """Show a figure: its sentence, its chart, whose bars lead on, and the tables behind it."""
    about = f'<p class="pbf-quiet">{escape(figure.note)}</p>' if figure.note else ""
    st.html(
        f'<div class="pbf-figure"><h3>{escape(figure.title)}</h3>'
        f"<p>{escape(figure.sentence)}</p>{about}</div>"
    )
    key = f"chart-{figure.id}"
    st.vega_lite_chart(
        spec,
        key=key,
        on_select=lambda: _open_bar(figure, st.session_state[key]["selection"]),
        alt=f"{figure.title}. {figure.sentence}",
    )
    with st.expander("Show as a table"):
        st.html(linked(figure.heads, figure.lines))
        if figure.further:
            st.html(linked(figure.further_heads, figure.further))


def _open_bar(figure: Figure, selection: Mapping[str, list[dict[str, str]]]) -> None:
    """Go to the connectors that the chosen bar counts."""
    for chosen in (one for many in selection.values() for one in many):
        for bar in figure.bars:
            if (bar.label, bar.group) == (chosen.get("label"), chosen.get("group")):
                st.switch_page(page.page("connectors"), query_params=dict(bar.way))


def linked(heads: Iterable[str], lines: Iterable[Line]) -> str:
    """Return HTML for a table whose first cells lead to a page."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><td><a href="{escape(address(line.page, line.way))}">{escape(line.cells[0])}</a></td>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in line.cells[1:])}</tr>"
        for line in lines
    )
    return f'<table class="pbf-records"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def address(name: str, query: Mapping[str, str]) -> str:
    """Return the address of a page from any of the dashboard's pages, for a link in HTML."""
    return f"{name}?{urlencode(query)}" if query else name
