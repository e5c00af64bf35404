"""Connect: name a connector of one service, then go to its Connect Card."""

from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

import streamlit as st

from pbf.connectors.portal import Portal, dashboard_only
from pbf.errors import InvalidName, NameTaken, PbfError, UnknownService
from pbf.fivetran.models import Connector, Service
from pbf.ui import data, page
from pbf.ui.html import escape, head
from pbf.ui.view_models import category, stage

# Seconds that a second press waits for the creation that the first one began.
PATIENCE = 30.0
# The number of unfinished set-ups above the form, and of those in the expander below them.
SHOWN, LISTED = 2, 20
STEPS = """
<ol class="pbf-steps">
<li><strong>We create the connector</strong> under its permanent name.</li>
<li><strong>You enter the credentials</strong> on Fivetran's Connect Card, which opens next.
We never see them.</li>
<li><strong>You come back here.</strong> The first sync reads all data once.</li>
</ol>
"""
OLDEST = datetime.min.replace(tzinfo=UTC)
# The characters of a URL beside letters and digits.
URL = ":/?#[]@!$&'()*+,;=%"


def introduce(service: Service) -> None:
    """Show the name, category and description of a service."""
    name, parts = service.title, (category(service), stage(service))
    subtitle = " · ".join(part for part in parts if part)
    st.html(head(name, subtitle, icon_url=service.icon_url, icon_name=name))
    st.html(f"<p>{escape(service.description)}</p>")


def show_guide(service: Service) -> None:
    """Link to Fivetran's guide for a service, where there is one."""
    if service.link_to_docs.startswith(("https://", "http://")):
        docs = quote(service.link_to_docs, safe=URL)
        st.markdown(f"[{page.plain(service.title)} documentation](<{docs}>)")


def show_next_steps(portal: Portal, service: Service) -> None:
    """Say what happens after the name."""
    st.header("What happens next", anchor=False)
    st.html(STEPS)
    if portal.policy().defaults.get("paused"):
        page.quiet("New connectors start paused. Resume the connector to start the first sync.")
    show_guide(service)


def offer_unfinished(portal: Portal, service: Service) -> None:
    """Offer to finish the set-ups of a service that are not finished, newest first."""
    unfinished = [
        connector
        for connector in portal.connectors().items
        if connector.service == service.id and connector.is_incomplete
    ]
    unfinished.sort(key=lambda connector: connector.created_at or OLDEST, reverse=True)
    for connector in unfinished[:SHOWN]:
        offer_to_finish(portal, connector)
    if rest := unfinished[SHOWN:]:
        with st.expander(f"{len(rest)} more that {'is' if len(rest) == 1 else 'are'} not finished"):
            for connector in rest[:LISTED]:
                offer_to_finish(portal, connector)
            if len(rest) > LISTED:
                query = {"status": "Not finished"}
                st.page_link(page.page("connectors"), label="See all", query_params=query)


def offer_to_finish(portal: Portal, connector: Connector) -> None:
    """Offer to finish one set-up."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{page.plain(connector.title)}** was started but is not finished.")
        if st.button("Finish set-up", key=f"finish-{connector.id}"):
            page.hand_off(portal, connector.id, name=connector.title)


def idempotency_key(service: Service, typed: str) -> page.SessionValue[str | None]:
    """Return the session's key for a creation, so that it is carried out only once."""
    return page.SessionValue(f"attempt-{service.id}-{typed.strip()}", None)


def preview(portal: Portal, service: Service, typed: str) -> bool:
    """Show the permanent name of the connector; return whether it is taken."""
    if not typed.strip():
        page.quiet("Type a name to see the permanent name in the destination.")
        return False
    try:
        attempt = idempotency_key(service, typed).get()
        name = portal.permanent_name(service.id, typed, attempt=attempt)
    except InvalidName as error:
        st.warning(page.plain(str(error)), icon=":material/edit:")
        return False
    st.html(
        '<p class="pbf-name">Permanent name in the destination: '
        f"<code>{escape(name.schema)}</code></p>"
    )
    if name.pending:
        page.quiet("A connector with this name is being created. Continue to its Connect Card.")
    elif name.taken:
        st.warning(f"`{name.name}` is taken. `{name.free}` is free.", icon=":material/edit:")
        offer_free(name.free)
    else:
        page.quiet("It cannot be changed later.")
    return name.taken


def offer_free(name: str) -> None:
    """Offer a name that is free."""
    st.button(f"Use {page.plain(name)}", on_click=st.session_state.update, args=({"name": name},))


def create(portal: Portal, service: Service, typed: str, *, is_taken: bool) -> None:
    """Create the connector once, however often the button is pressed, and go to its card.

    `is_taken` is whether the preview already says that the name is taken.
    """
    key = idempotency_key(service, typed)
    attempt = key.get() or uuid4().hex
    key.set(attempt)
    try:
        with st.spinner("Creating the connector…"):
            connector = portal.create(
                service.id,
                typed,
                public_url=page.public_url(),
                attempt=attempt,
                patience=PATIENCE,
            )
    except NameTaken as error:
        if not is_taken:  # the preview was made from an older list
            st.warning(page.plain(str(error)), icon=":material/edit:")
            offer_free(error.free)
        return
    except PbfError as error:
        st.error(page.plain(page.with_reference(error)), icon=":material/error:")
        return
    page.hand_off(portal, connector.id, name=connector.title)


def offer(portal: Portal, service: Service) -> None:
    """Show the service, its unfinished set-ups, the form, and what happens next."""
    st.page_link(page.page("services"), label="All services", icon=":material/arrow_back:")
    left, right = st.columns([3, 2], gap="large")
    if service.is_creatable:
        with right:
            show_next_steps(portal, service)
    with left, st.container(width=680):
        introduce(service)
        offer_unfinished(portal, service)
        if not service.is_creatable:
            st.info(page.plain(dashboard_only(service)), icon=":material/lock:")
            show_guide(service)
            return
        with st.container(border=True):
            typed = st.text_input(
                "Name",
                key="name",
                live=True,
                max_chars=100,
                placeholder="Sales forecast 2027",
                help="You and your colleagues find the connector by this name.",
            )
            is_taken = preview(portal, service, typed)
            if st.button("Create and continue", type="primary"):
                create(portal, service, typed, is_taken=is_taken)


portal = page.start_page("Connect")
try:
    data.connectors()
    page.follow_age(lambda: (data.connectors(),))
    offer(portal, portal.service(page.query_param("service")))
except UnknownService as error:
    st.title("Service not found", anchor=False)
    st.info(page.plain(str(error)), icon=":material/info:")
    st.page_link(page.page("services"), label="All services", icon=":material/arrow_back:")
    st.stop()
except PbfError as error:
    page.stop_with(error)
