"""Tables: which schemas and tables of one connector's source are synced."""

import streamlit as st

from pbf.errors import PbfError, UnknownConnector
from pbf.rules.actions import advice
from pbf.ui import data, page, session, table_widgets
from pbf.ui.connector import trash
from pbf.ui.show_api.marks import mark
from pbf.ui.table_editor import as_csv

NO_RELOAD = "Fivetran cannot reload the tables of this source. New ones appear after its next sync."


portal = page.start_page("Tables")
try:
    data.connectors()
    connector = portal.connector(page.query_param("id"))
    page.link_back("connector", connector.title, {"id": connector.id})
    editor = table_widgets.editor_of(portal, connector)
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
    reloads = session.may() and table_widgets.can_reload(portal, connector)
    if not session.may():
        page.quiet(session.why_not())
    elif not reloads:
        page.quiet(NO_RELOAD)
    table = next((table for table in editor.tables if not table.locked), None)
    example = {"schema": table.schema, "table": table.table} if table else {}
    mark("schemas", "reload_schemas", "update_schemas", connector=connector, **example)
    if not editor.tables:
        table_widgets.show_no_tables(portal, editor, connector, reloads=reloads)
        st.stop()
    table_widgets.show_search(editor)
    table_widgets.show_list(editor)
    if session.may():
        table_widgets.show_changes(portal, editor)
    table_widgets.show_notes(editor)
    with st.container(horizontal=True):
        if reloads:
            table_widgets.show_reload(portal, editor, "Reload tables")
        # Streamlit's own download does not neutralise formulas and is hidden.
        st.download_button(
            "Download CSV",
            lambda: as_csv(editor.tables),
            file_name=f"tables-{connector.id}.csv",
            mime="text/csv",
            on_click="ignore",
        )
