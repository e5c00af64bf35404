"""Links for colleagues: the dialog that makes one, and the list with the state of each."""

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from pbf.clock import utc_now
from pbf.components.copy_field import copy_field
from pbf.connectors.bulk import Outcome
from pbf.connectors.cards.colleague_links import ColleagueLink, NewLink
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, NotPermitted, PbfError, StoreFailed, UnknownConnector, UnknownLink
from pbf.fivetran.models import Connector
from pbf.rules.access.colleague_links import DEFAULT_HOURS, DURATIONS, LONGEST_NOTE, TONES
from pbf.rules.health import Health
from pbf.rules.wording import capital, left
from pbf.ui import html, page, session

LABEL = "Ask a colleague"
# The steps that a colleague can take.
STEPS = frozenset({"finish", "reconnect"})
MADE: page.SessionValue[NewLink | None] = page.SessionValue("colleague_link", None)
# The connector whose last action on links failed, and why.
PROBLEM = page.SessionValue("colleague_problem", ("", ""))


def show_button(state: Health) -> None:
    """Show the button that opens the dialog, if a colleague can take the next step."""
    if state.action in STEPS and session.portal().policy().limits.invitations:
        st.button(LABEL, key=f"colleague-{page.turn()}")


def ask_if_pressed(connector: Connector) -> None:
    """Open the dialog if its button was pressed in the last run."""
    if st.session_state.get(f"colleague-{page.turn()}"):
        page.next_turn()
        page.QUESTION.set(("link", [connector], []))
        st.rerun()


def open_dialog(_: Portal, connectors: Sequence[Connector], __: Sequence[Outcome]) -> None:
    """Open the dialog for one connector, without what an earlier one showed."""
    MADE.pop()
    PROBLEM.pop()
    ask(connectors[0])


@st.dialog(LABEL)
@session.acting
def ask(connector: Connector) -> None:
    """Ask for a note and a duration, or show the new link; list the links below."""
    try:
        links = session.portal().links.listed(connector.id)
    except PbfError as error:
        page.show_problem(error)
        return
    st.markdown(
        f"Anyone with the link can enter the credentials of **{page.plain(connector.title)}** on "
        "Fivetran's page. The link needs no sign-in and shows nothing else."
    )
    _show_problem(connector)
    made = MADE.get()
    if made is None:
        _form(connector)
    else:
        copy_field(made.url, key=f"copy-{made.link.id}")
        page.quiet(
            f"Copy it now: it is shown only once. It works for "
            f"{_remaining(made.link)}, or until you revoke it."
        )
    if links:
        st.subheader("Links of this connector", anchor=False)
        with st.container(height=240 if len(links) > 3 else "content", border=False):
            _rows(links, key="dialog")


def show(connector: Connector) -> None:
    """Show the links of a connector on its page, if there are any and the visitor may see them."""
    with suppress(NotPermitted, StoreFailed, UnknownConnector, ApiError):
        if links := session.portal().links.listed(connector.id):
            st.header("Links for colleagues", anchor=False)
            _show_problem(connector)
            _rows(links, key="page")


def _form(connector: Connector) -> None:
    with st.form(f"colleague-form-{connector.id}", border=False):
        st.text_area(
            "Note for your colleague (optional)",
            key="colleague-note",
            max_chars=LONGEST_NOTE,
            height=130,
            placeholder="What it is about, and which account to use.",
        )
        # The text of a chosen segment has too little contrast in the dark theme.
        st.radio(
            "The link works for",
            list(DURATIONS),
            index=list(DURATIONS).index(DEFAULT_HOURS),
            format_func=lambda hours: DURATIONS[hours],
            horizontal=True,
            key="colleague-hours",
        )
        st.form_submit_button("Create link", type="primary", on_click=_make, args=(connector.id,))


def _show_problem(connector: Connector) -> None:
    failed_id, problem = PROBLEM.get()
    if failed_id == connector.id:
        page.show_problem(problem)


def _make(connector_id: str) -> None:
    PROBLEM.pop()
    try:
        made = session.portal().links.create(
            connector_id,
            public_url=page.public_url(),
            note=st.session_state["colleague-note"],
            hours=st.session_state["colleague-hours"],
        )
    except PbfError as error:
        PROBLEM.set((connector_id, page.with_reference(error)))
    else:
        MADE.set(made)


def _rows(links: Sequence[ColleagueLink], *, key: str) -> None:
    for link in links:
        text, action = st.columns([3, 1], vertical_alignment="center")
        text.html(
            html.render(
                "connector",
                "colleague_link",
                link=link,
                word=capital(link.state),
                tone=TONES[link.state],
                remaining=_remaining(link) if link.works else "",
            )
        )
        if link.works:
            action.button("Revoke", key=f"revoke-{key}-{link.id}", on_click=_revoke, args=(link,))


def _revoke(link: ColleagueLink) -> None:
    PROBLEM.pop()
    try:
        with suppress(UnknownLink):  # it ended meanwhile
            session.portal().links.revoke(link.connector_id, link.id)
    except PbfError as error:
        PROBLEM.set((link.connector_id, page.with_reference(error)))


def _remaining(link: ColleagueLink) -> str:
    return left((link.expires_at - utc_now()).total_seconds())
