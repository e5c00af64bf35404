"""The parts of the connect page: the service, its unfinished set-ups, the form, the next steps."""

from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import InvalidName, NameTaken, PbfError
from pbf.fivetran.models import Connector, Service
from pbf.rules.permanent_names import MAX_TYPED_LENGTH
from pbf.ui import html, page
from pbf.ui.view_models import category, stage

# Seconds that a second press waits for the creation that the first one began.
PATIENCE = 30.0
# The number of unfinished set-ups above the form, and of those in the expander below them.
SHOWN, LISTED = 2, 20
# What the page's address keeps of a creation that was begun.
ATTEMPT, NAME = "attempt", "typed"
OLDEST = datetime.min.replace(tzinfo=UTC)
# The characters of a URL beside letters and digits.
URL = ":/?#[]@!$&'()*+,;=%"


def introduce(service: Service) -> None:
    """Show the name, category and description of a service."""
    subtitle = " · ".join(part for part in (category(service), stage(service)) if part)
    st.html(html.render("connect", "introduction", service=service, subtitle=subtitle))


def show_guide(service: Service) -> None:
    """Link to Fivetran's guide for a service, where there is one."""
    if service.link_to_docs.startswith(("https://", "http://")):
        docs = quote(service.link_to_docs, safe=URL)
        st.markdown(f"[{page.plain(service.title)} documentation](<{docs}>)")


def show_next_steps(portal: Portal, service: Service) -> None:
    """Say what happens after the name."""
    st.header("What happens next", anchor=False)
    st.html(html.render("connect", "steps"))
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


def show_form(portal: Portal, service: Service) -> None:
    """Ask for a name, and create the connector."""
    st.session_state.setdefault("name", page.query_param(NAME))
    with st.container(border=True):
        typed = st.text_input(
            "Name",
            key="name",
            live=True,
            max_chars=MAX_TYPED_LENGTH,
            placeholder="Sales forecast 2027",
            help="You and your colleagues find the connector by this name.",
        )
        is_taken = preview(portal, service, typed)
        if st.button("Create and continue", type="primary"):
            create(portal, service, typed, is_taken=is_taken)


def idempotency_key(service: Service, typed: str) -> str | None:
    """Return the key of a creation that this page has begun, so that it is carried out only once.

    Its random part is in the page's address: a reload, or another process, takes the creation up.
    """
    token = page.query_param(ATTEMPT)
    return f"{token}-{service.id}-{typed.strip()}" if token else None


def preview(portal: Portal, service: Service, typed: str) -> bool:
    """Show the permanent name of the connector; return whether it is taken."""
    if not typed.strip():
        page.quiet("Type a name to see the permanent name in the destination.")
        return False
    try:
        attempt = idempotency_key(service, typed)
        name = portal.permanent_name(service.id, typed, attempt=attempt)
    except InvalidName as error:
        warn(str(error))
        return False
    st.html(html.render("connect", "permanent_name", name=name.schema))
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
    url = page.public_url()
    st.query_params[ATTEMPT] = page.query_param(ATTEMPT) or uuid4().hex
    st.query_params[NAME] = typed.strip()
    attempt = idempotency_key(service, typed)
    try:
        with st.spinner("Creating the connector…"):
            connector = portal.create(
                service.id, typed, public_url=url, attempt=attempt, patience=PATIENCE
            )
    except NameTaken as error:
        if not is_taken:  # the preview was made from an older list
            warn(str(error))
            offer_free(error.free)
        return
    except PbfError as error:
        page.show_problem(error)
        return
    page.hand_off(portal, connector.id, name=connector.title)


def warn(text: str) -> None:
    """Say what is wrong with a name."""
    st.warning(page.plain(text), icon=":material/edit:")
