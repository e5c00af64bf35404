"""Overview: how the connectors are, and the two doors."""

from html import escape

import streamlit as st

from pbf import data, ui
from pbf.errors import PbfError
from pbf.health import ON_THE_CARD
from pbf.portal import Portal

SHOWN = 5


def doors() -> None:
    """Offer the two ways on."""
    with st.container(horizontal=True):
        if st.button("Connect a source", type="primary", icon=":material/add:"):
            st.switch_page(ui.page("services"))
        if st.button("See all connectors", icon=":material/cable:"):
            st.switch_page(ui.page("connectors"))


def line(row: data.Row, text: str) -> str:
    """Return HTML for one connector: icon, name, status, and a line about it."""
    return (
        f'<div class="pbf-line">{ui.icon(row["icon"], row["service_name"], size=36)}<div>'
        f"<strong>{escape(row['name'])}</strong> {ui.badge(row['status'], row['tone'])}"
        f'<span class="pbf-quiet">{text}</span></div></div>'
    )


def tiles(summary: data.Summary) -> None:
    """Show the totals."""
    counts = (
        (summary["total"], "connectors"),
        (len(summary["urgent"]), "need somebody"),
        (summary["moving"], "syncing now"),
    )
    each = "".join(f"<div><strong>{number:,}</strong> {text}</div>" for number, text in counts)
    st.html(f'<div class="pbf-tiles">{each}</div>')


def needs_somebody(portal: Portal, urgent: list[data.Row]) -> None:
    """List what cannot go on by itself, each with its next step."""
    st.header("Needs somebody", anchor=False)
    if not urgent:
        st.success("Nothing does. Every connector goes on by itself.", icon=":material/check:")
        return
    with st.container(border=True):
        for row in urgent[:SHOWN]:
            text, button = st.columns([3, 1], vertical_alignment="center")
            text.html(line(row, escape(row["reason"])))
            step = row["next_action"]
            if step and button.button(step["label"], key=f"step-{row['id']}", width="stretch"):
                if step["id"] in ON_THE_CARD:
                    ui.hand_off(portal, row["id"], name=row["name"])
                portal.sync(row["id"])
                st.rerun()
    if len(urgent) > SHOWN:
        st.page_link(ui.page("connectors"), label=f"{len(urgent) - SHOWN} more")


def what_changed(changed: list[data.Row]) -> None:
    """List what happened last."""
    st.header("What changed last", anchor=False)
    with st.container(border=True):
        for row in changed[:SHOWN]:
            st.html(line(row, ui.when(row["changed"])))


portal = ui.start_page("Overview")
st.title(portal.tenant.name, anchor=False)
try:
    summary = data.summary()
    ui.mark_age(data.connectors())
except PbfError as error:
    ui.stop_with(error)

if not summary["total"]:
    st.info("Nothing is connected yet. Find your first source among the services.")
    doors()
    st.stop()

tiles(summary)
doors()
left, right = st.columns([3, 2], gap="large")
with left:
    try:
        needs_somebody(portal, summary["urgent"])
    except PbfError as error:
        ui.stop_with(error)
with right:
    what_changed(summary["changed"])
