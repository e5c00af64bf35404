"""The widgets of the tables page, which change and save a table editor's selection."""

import time
from collections.abc import Callable

import streamlit as st

from pbf.clock import utc_now
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, PbfError
from pbf.fivetran.models import Connector
from pbf.paths import LONGEST_SEARCH
from pbf.rules.table_selection import NEW_TABLES, summary
from pbf.ui import html, page, session
from pbf.ui.refresh.fragments import following
from pbf.ui.table_editor import SYNCED, TableEditor, columns, when_there_are_tables
from pbf.visible_text import shown_name


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
    when = when_there_are_tables(connector, read=editor.config is not None, now=utc_now())
    st.info(page.plain(when), icon=":material/info:")
    if editor.message[0] == "error":
        page.show_problem(editor.message[1])
    if reloads:
        show_reload(portal, editor, "Load tables now")
    wait_for_tables(portal, editor, connector)


def run(editor: TableEditor, operation: Callable[[], object], message: str) -> None:
    """Run an operation on the tables, set the message about a failure, and start a new run."""
    if error := page.once(operation, message):
        editor.message = ("error", page.with_reference(error))
        editor.read_at = float("-inf")
    st.rerun()


def show_reload(portal: Portal, editor: TableEditor, label: str) -> None:
    """Show a button that loads the tables from the source."""

    def reload() -> None:
        config = portal.operations.reload_schemas(editor.connector_id, before=editor.config)
        editor.take(config, time.monotonic())
        editor.message = ("success", f"Reloaded. {editor.count}")

    if st.button(label, key=f"reload-{page.turn()}"):
        run(editor, reload, "Fivetran is reading the source. This can take a few minutes…")


@following("connectors")
def wait_for_tables(portal: Portal, editor: TableEditor, before: Connector) -> None:
    """Fetch the tables again once the connector has changed."""
    try:
        connector = portal.connector(before.id)
    except PbfError:
        return
    if (connector.status, connector.succeeded_at) != (before.status, before.succeeded_at):
        editor.read_at = float("-inf")
        st.rerun()


def show_search(editor: TableEditor) -> None:
    """Show the search, the choice of a schema, and buttons for all tables that are shown."""
    with st.container(horizontal=True):
        typed = st.text_input(
            "Search tables", type="search", live=True, key="tables-search", max_chars=LONGEST_SEARCH
        )
        schema: str | None = None
        if len(editor.schemas) > 1:
            schema = st.selectbox(
                "Schema",
                editor.schemas,
                index=None,
                format_func=shown_name,
                placeholder="All schemas",
                key="tables-schema",
            )
    editor.search((typed or "")[:LONGEST_SEARCH], schema or "")
    is_fixed = not editor.shown or not session.may()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Select all", on_click=editor.switch, args=(True,), disabled=is_fixed)
        st.button("Select none", on_click=editor.switch, args=(False,), disabled=is_fixed)
        page.quiet(f"{editor.count} {len(editor.shown):,} shown here.")


def show_list(editor: TableEditor) -> None:
    """Show the tables with a tick each."""
    if not editor.shown:
        st.info("No tables match your search.")
        return
    texts, key = columns(editor.shown), f"tables-{editor.connector_id}-{editor.version}"
    st.data_editor(
        {SYNCED: editor.ticks, **texts},
        key=key,
        hide_index=True,
        disabled=list(texts) if session.may() else True,
        column_config={SYNCED: st.column_config.CheckboxColumn(width=90)},
        height=min(38 + 35 * len(editor.shown), 460),
        on_change=lambda: editor.keep(st.session_state[key]["edited_rows"]),
        alt="Tables of the source, each with a tick if it is synced",
    )


def show_changes(portal: Portal, editor: TableEditor) -> None:
    """Show what the selection changes, and save it."""
    changed = editor.changed
    kind, text = editor.message
    if kind == "success":
        st.success(page.plain(text), icon=":material/check:")
    elif kind:
        page.show_problem(text)

    def save() -> None:
        config = portal.operations.choose_tables(editor.connector_id, editor.request)
        editor.saved(config, time.monotonic())

    with st.container(border=True):
        st.markdown(f"**Changes** {page.plain(summary(changed))}")
        with st.container(horizontal=True):
            label = f"Save {len(changed)} change{'s' * (len(changed) != 1)}" if changed else "Save"
            key = f"save-{page.turn()}"
            if st.button(label, type="primary", key=key, disabled=not changed):
                run(editor, save, "Asking Fivetran…")
            st.button("Undo", on_click=editor.undo, disabled=not changed)


def show_notes(editor: TableEditor) -> None:
    """Show which tables are locked, and what happens to tables that the source adds later."""
    if editor.config and (later := NEW_TABLES.get(editor.config.schema_change_handling)):
        page.quiet(later)
    if editor.locked:
        rows = (
            (".".join(map(shown_name, table.key)), "yes" if table.on else "no", table.locked)
            for table in editor.locked
        )
        with st.expander(f"Tables that cannot be switched ({len(editor.locked)})"):
            headers = ("Table", "Synced", "Why it is fixed")
            kind = "pbf-locked"
            st.html(html.render("parts", "table", headers=headers, rows=rows, kind=kind))
