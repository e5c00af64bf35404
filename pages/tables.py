"""Tables: which schemas and tables of one connector's source are synced."""

import time
from datetime import UTC, datetime
from typing import NoReturn

import streamlit as st

from pbf import data, deleted, ui
from pbf.actions import advice
from pbf.errors import ApiError, PbfError, UnknownConnector
from pbf.models import Connector
from pbf.places import LONGEST_SEARCH
from pbf.portal import Portal
from pbf.table_choice import NEW_TABLES, summary
from pbf.table_desk import SYNCED, Desk, as_csv, columns, when_there_are_tables
from pbf.words import shown

NO_RELOAD = "Fivetran cannot look at this source again. New tables show after its next sync."


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
    desk.said, desk.read_at = ("error", ui.told(problem)), float("-inf")
    st.rerun()


def look(portal: Portal, desk: Desk, label: str, reason: str | None) -> None:
    """Offer to read the source now, unless there is a reason not to."""
    if reason is not None:
        return
    if not st.button(label, key=f"look-{ui.turn()}"):
        return
    acts = portal.operations
    problem = ui.once(
        lambda: desk.take(
            acts.reload_schemas(desk.connector_id, known=desk.config), time.monotonic()
        ),
        "Fivetran reads the source. This can take a few minutes…",
    )
    if problem:
        failed(desk, problem)
    desk.said = ("success", f"Read. {desk.count}")
    st.rerun()


def offer_a_look(portal: Portal, desk: Desk, connector: Connector, reason: str | None) -> None:
    """Say when there will be something to choose, and offer to read the source now."""
    when = when_there_are_tables(connector, read=desk.config is not None, now=datetime.now(UTC))
    st.info(ui.plain(when), icon=":material/info:")
    if desk.said[0] == "error":
        st.error(ui.plain(desk.said[1]), icon=":material/error:")
    look(portal, desk, "Look at the source now", reason)
    wait_for_tables(portal, desk, connector)


@st.fragment(run_every=ui.FOLLOW)
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
    problem = ui.once(
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
        ui.quiet(f"{desk.count} {number:,} shown here.")
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
        st.success(ui.plain(text), icon=":material/check:")
    elif kind:
        st.error(ui.plain(text), icon=":material/error:")
    with st.container(border=True):
        st.markdown(f"**Changes** {ui.plain(summary(changed))}")
        with st.container(horizontal=True):
            label = f"Save {len(changed)} change{'s' * (len(changed) != 1)}" if changed else "Save"
            key = f"save-{ui.turn()}"
            if st.button(label, type="primary", key=key, disabled=not changed):
                save(portal, desk)
            st.button("Undo", on_click=desk.undo, disabled=not changed)


def tell(desk: Desk) -> None:
    """Say what is fixed, and what becomes of tables that the source adds later."""
    if desk.config and (later := NEW_TABLES.get(desk.config.schema_change_handling)):
        ui.quiet(later)
    if desk.locked:
        with st.expander(f"Tables that cannot be switched ({len(desk.locked)})"):
            st.html(
                ui.grid(
                    ("Table", "Synced", "Why it is fixed"),
                    [
                        (f"{one.schema}.{one.table}", "yes" if one.on else "no", one.locked)
                        for one in desk.locked
                    ],
                )
            )


portal = ui.start_page("Tables")
try:
    data.connectors()
    connector = portal.connector(ui.query_param("id"))
    back = {"id": connector.id}
    st.page_link(
        ui.page("connector"),
        label=ui.plain(connector.title),
        query_params=back,
        icon=":material/arrow_back:",
    )
    desk = desk_of(portal, connector)
except UnknownConnector as error:
    deleted.stop_without_connector(portal, error)
except PbfError as error:
    ui.stop_with(error)

with st.container(width=760):
    st.title(f"Tables of {ui.plain(connector.title)}", anchor=False)
    reason = advice("tables", connector)
    if reason:
        st.info(
            ui.plain(f"{reason} Fivetran may refuse changes until then."), icon=":material/info:"
        )
    if desk.unread:
        ui.quiet(desk.unread)
    blocked = None if can_reload(portal, connector) else NO_RELOAD
    if blocked:
        ui.quiet(blocked)
    if not desk.tables:
        offer_a_look(portal, desk, connector, blocked)
        st.stop()
    choose(desk)
    conclude(portal, desk)
    tell(desk)
    with st.container(horizontal=True):
        look(portal, desk, "Look at the source again", blocked)
        # Streamlit's own download knows nothing of formulas and is not shown.
        st.download_button(
            "Download CSV",
            lambda: as_csv(desk.tables),
            file_name=f"tables-{connector.id}.csv",
            mime="text/csv",
            on_click="ignore",
        )
