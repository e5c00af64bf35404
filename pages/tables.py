"""Tables: which schemas and tables of one connector's source are synced."""

import time
from datetime import UTC, datetime
from typing import NoReturn

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import ApiError, PbfError, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.paths import LONGEST_SEARCH
from pbf.rules.actions import advice
from pbf.rules.table_selection import NEW_TABLES, summary
from pbf.ui import data, page, trash
from pbf.ui.table_editor import SYNCED, Desk, as_csv, columns, when_there_are_tables
from pbf.visible_text import shown

NO_RELOAD = (
    "Fivetran cannot reload the tables of this source. New tables appear after its next sync."
)


def desk_of(portal: Portal, connector: Connector) -> Desk:
    """Return the choice this person is at work on, with what Fivetran says of it."""
    desk = st.session_state.get("desk")
    if desk is None or desk.connector_id != connector.id:
        desk = st.session_state["desk"] = Desk(connector.id)
    with st.spinner("Asking Fivetran which tables are synced…"):
        desk.read(lambda: portal.operations.schemas(connector.id), time.monotonic())
    return desk


def can_reload(portal: Portal, connector: Connector) -> bool:
    """Return whether Fivetran can read the source; true unless the service's metadata denies it."""
    try:
        return portal.metadata(connector.service).supports_schema_reload is not False
    except ApiError:
        return True


def failed(desk: Desk, problem: PbfError) -> NoReturn:
    """Say why it did not work, and look at what Fivetran says now."""
    desk.said, desk.read_at = ("error", page.told(problem)), float("-inf")
    st.rerun()


def look(portal: Portal, desk: Desk, label: str, reason: str | None) -> None:
    """Offer to read the source now, unless there is a reason not to."""
    if reason is not None:
        return
    if not st.button(label, key=f"look-{page.turn()}"):
        return
    acts = portal.operations
    problem = page.once(
        lambda: desk.take(
            acts.reload_schemas(desk.connector_id, known=desk.config), time.monotonic()
        ),
        "Fivetran is reading the source. This can take a few minutes…",
    )
    if problem:
        failed(desk, problem)
    desk.said = ("success", f"Reloaded. {desk.count}")
    st.rerun()


def offer_a_look(portal: Portal, desk: Desk, connector: Connector, reason: str | None) -> None:
    """Say when there will be something to choose, and offer to read the source now."""
    when = when_there_are_tables(connector, read=desk.config is not None, now=datetime.now(UTC))
    st.info(page.plain(when), icon=":material/info:")
    if desk.said[0] == "error":
        st.error(page.plain(desk.said[1]), icon=":material/error:")
    look(portal, desk, "Load tables now", reason)
    wait_for_tables(portal, desk, connector)


@st.fragment(run_every=page.FOLLOW)
def wait_for_tables(portal: Portal, desk: Desk, shown: Connector) -> None:
    """Ask for the tables anew when the connector is no longer as it is shown."""
    try:
        now = portal.connector(shown.id)
    except PbfError:
        return
    if (now.status, now.succeeded_at) != (shown.status, shown.succeeded_at):
        desk.read_at = float("-inf")
        st.rerun()


def save(portal: Portal, desk: Desk) -> None:
    """Ask for the changes; when that goes wrong, look what came of it."""
    problem = page.once(
        lambda: desk.saved(
            portal.operations.choose_tables(desk.connector_id, desk.wanted), time.monotonic()
        )
    )
    if problem:
        failed(desk, problem)
    st.rerun()


def choose(desk: Desk) -> None:
    """Show the list to tick, and the means to tick many at once."""
    with st.container(horizontal=True):
        typed = st.text_input(
            "Search tables", type="search", live=True, key="tables-search", max_chars=LONGEST_SEARCH
        )
        schema: str | None = None
        if len(desk.schemas) > 1:
            schema = st.selectbox(
                "Schema",
                desk.schemas,
                index=None,
                format_func=shown,
                placeholder="All schemas",
                key="tables-schema",
            )
    desk.search((typed or "")[:LONGEST_SEARCH], schema or "")
    number = len(desk.shown)
    blocked = not number
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Select all", on_click=desk.switch, args=(True,), disabled=blocked)
        st.button("Select none", on_click=desk.switch, args=(False,), disabled=blocked)
        page.quiet(f"{desk.count} {number:,} shown here.")
    if not number:
        st.info("No tables match your search.")
        return
    told = columns(desk.shown)
    key = f"tables-{desk.connector_id}-{desk.sheet}"
    st.data_editor(
        {SYNCED: desk.laid_out, **told},
        key=key,
        hide_index=True,
        disabled=list(told),
        column_config={SYNCED: st.column_config.CheckboxColumn(width=90)},
        height=min(38 + 35 * number, 460),
        on_change=lambda: desk.keep(st.session_state[key]["edited_rows"]),
        alt="Tables of the source, each with a tick if it is synced",
    )


def conclude(portal: Portal, desk: Desk) -> None:
    """Say what the choice changes, and save it."""
    changed = desk.changed
    kind, text = desk.said
    if kind == "success":
        st.success(page.plain(text), icon=":material/check:")
    elif kind:
        st.error(page.plain(text), icon=":material/error:")
    with st.container(border=True):
        st.markdown(f"**Changes** {page.plain(summary(changed))}")
        with st.container(horizontal=True):
            label = f"Save {len(changed)} change{'s' * (len(changed) != 1)}" if changed else "Save"
            key = f"save-{page.turn()}"
            if st.button(label, type="primary", key=key, disabled=not changed):
                save(portal, desk)
            st.button("Undo", on_click=desk.undo, disabled=not changed)


def tell(desk: Desk) -> None:
    """Say what is fixed, and what becomes of tables that the source adds later."""
    if desk.config and (later := NEW_TABLES.get(desk.config.schema_change_handling)):
        page.quiet(later)
    if desk.locked:
        with st.expander(f"Tables that cannot be switched ({len(desk.locked)})"):
            st.html(
                page.grid(
                    ("Table", "Synced", "Why it is fixed"),
                    [
                        (f"{one.schema}.{one.table}", "yes" if one.on else "no", one.locked)
                        for one in desk.locked
                    ],
                )
            )


portal = page.start_page("Tables")
try:
    data.connectors()
    connector = portal.connector(page.query_param("id"))
    back = {"id": connector.id}
    st.page_link(
        page.page("connector"),
        label=page.plain(connector.title),
        query_params=back,
        icon=":material/arrow_back:",
    )
    desk = desk_of(portal, connector)
except UnknownConnector as error:
    trash.stop_without_connector(portal, error)
except PbfError as error:
    page.stop_with(error)

with st.container(width=760):
    st.title(f"Tables of {page.plain(connector.title)}", anchor=False)
    reason = advice("tables", connector)
    if reason:
        st.info(
            page.plain(f"{reason} Fivetran may refuse changes until then."), icon=":material/info:"
        )
    if desk.unread:
        page.quiet(desk.unread)
    blocked = None if can_reload(portal, connector) else NO_RELOAD
    if blocked:
        page.quiet(blocked)
    if not desk.tables:
        offer_a_look(portal, desk, connector, blocked)
        st.stop()
    choose(desk)
    conclude(portal, desk)
    tell(desk)
    with st.container(horizontal=True):
        look(portal, desk, "Reload tables", blocked)
        # Streamlit's own download knows nothing of formulas and is not shown.
        st.download_button(
            "Download CSV",
            lambda: as_csv(desk.tables),
            file_name=f"tables-{connector.id}.csv",
            mime="text/csv",
            on_click="ignore",
        )
