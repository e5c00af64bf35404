"""Tables: which schemas and tables of one connector's source are synced."""

import time
from datetime import UTC, datetime

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import ApiError, PbfError, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.rules.actions import advice
from pbf.ui import data, page, table_editor, trash
from pbf.ui.table_editor import TableEditor, as_csv, when_there_are_tables

NO_RELOAD = "Fivetran cannot reload the tables of this source. New ones appear after its next sync."


def editor_of(portal: Portal, connector: Connector) -> TableEditor:
    """Return this person's selection for a connector, with what is synced now."""
    editor: TableEditor | None = page.TABLES.get()
    if editor is None or editor.connector_id != connector.id:
        editor = TableEditor(connector.id)
        page.TABLES.set(editor)
    with st.spinner("Asking Fivetran which tables are synced…"):
        editor.read(lambda: portal.operations.schemas(connector.id), time.monotonic())
    return editor


def can_reload(portal: Portal, connector: Connector) -> bool:
    """Return whether Fivetran can read the source; true unless the service's metadata denies it."""
    try:
        return portal.metadata(connector.service).supports_schema_reload is not False
    except ApiError:
        return True


def show_no_tables(
    portal: Portal, editor: TableEditor, connector: Connector, *, reloads: bool
) -> None:
    """Say when there will be tables to choose, and offer to load them now."""
    when = when_there_are_tables(connector, read=editor.config is not None, now=datetime.now(UTC))
    st.info(page.plain(when), icon=":material/info:")
    if editor.message[0] == "error":
        st.error(page.plain(editor.message[1]), icon=":material/error:")
    if reloads:
        table_editor.show_reload(portal, editor, "Load tables now")
    table_editor.wait_for_tables(portal, editor, connector)


portal = page.start_page("Tables")
try:
    data.connectors()
    connector = portal.connector(page.query_param("id"))
    st.page_link(
        page.page("connector"),
        label=page.plain(connector.title),
        query_params={"id": connector.id},
        icon=":material/arrow_back:",
    )
    editor = editor_of(portal, connector)
except UnknownConnector as error:
    trash.stop_without_connector(portal, error)
except PbfError as error:
    page.stop_with(error)

with st.container(width=760):
    st.title(f"Tables of {page.plain(connector.title)}", anchor=False)
    if reason := advice("tables", connector):
        st.info(
            page.plain(f"{reason} Fivetran may refuse changes until then."), icon=":material/info:"
        )
    if editor.unread:
        page.quiet(editor.unread)
    reloads = can_reload(portal, connector)
    if not reloads:
        page.quiet(NO_RELOAD)
    if not editor.tables:
        show_no_tables(portal, editor, connector, reloads=reloads)
        st.stop()
    table_editor.show_search(editor)
    table_editor.show_list(editor)
    table_editor.show_changes(portal, editor)
    table_editor.show_notes(editor)
    with st.container(horizontal=True):
        if reloads:
            table_editor.show_reload(portal, editor, "Reload tables")
        # Streamlit's own download does not neutralise formulas and is hidden.
        st.download_button(
            "Download CSV",
            lambda: as_csv(editor.tables),
            file_name=f"tables-{connector.id}.csv",
            mime="text/csv",
            on_click="ignore",
        )
