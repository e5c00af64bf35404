"""What all pages share: opening, session values, error messages, the way to the Connect Card."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

import streamlit as st

from pbf import logs
from pbf.cache.entries import CachedList
from pbf.clock import utc_now
from pbf.components.redirect import redirect
from pbf.connectors.access.caller import readable
from pbf.connectors.portal import Portal
from pbf.errors import (
    ConfigurationError,
    InvalidPolicy,
    NotSignedIn,
    PbfError,
    RateLimited,
    StoreFailed,
    Unauthorized,
    UnknownTenant,
)
from pbf.identity.models import Identity
from pbf.metrics.outages import log_level
from pbf.paths import LONGEST_ID, from_page
from pbf.rules.wording import ago, exact
from pbf.runtime import runtime
from pbf.ui import html, session
from pbf.ui.account.prompts import stop_signed_out, stop_without_its_tenant, stop_without_tenant
from pbf.ui.account.story_line import show_story
from pbf.ui.account.top_row import show_branding, show_top_row
from pbf.ui.markdown import plain as plain  # pages say page.plain
from pbf.ui.refresh.fragments import following

if TYPE_CHECKING:
    from pbf.connectors.bulk import Bulk, Outcome
    from pbf.fivetran.models import Connector, SetupTest
    from pbf.rules.actions import Action

    Question = tuple[str, Sequence[Connector], Sequence[Outcome]]

log = logging.getLogger(__name__)
Value = TypeVar("Value")

HEADINGS: dict[type[PbfError], str] = {
    InvalidPolicy: "The policy file is not valid",
    ConfigurationError: "The settings are incomplete",
    Unauthorized: "Fivetran refused the API key",
    RateLimited: "Too many requests for now",
    StoreFailed: "The database does not respond",
}


@dataclass(frozen=True)
class SessionValue(Generic[Value]):
    """A value that a visitor's session keeps between runs, with its type and default."""

    key: str
    default: Value

    def get(self) -> Value:
        """Return the value, or the default if there is none."""
        return cast(Value, st.session_state.get(self.key, self.default))

    def set(self, value: Value) -> None:
        """Keep a value."""
        st.session_state[self.key] = value

    def pop(self) -> Value:
        """Return the value and forget it."""
        return cast(Value, st.session_state.pop(self.key, self.default))


OPEN_PAGE = SessionValue("page", "")
PRESSES = SessionValue("presses", 0)
REFERENCE = SessionValue("reference", ("", ""))  # an error's text and its reference in the log
# The connector whose card is open in another tab, and its set-up state before.
OPEN_CARD: SessionValue[tuple[str, str | None] | None] = SessionValue("card_open", None)
SHOWN_IDS: SessionValue[frozenset[str]] = SessionValue("shown", frozenset())
BATCH: "SessionValue[tuple[Bulk, dict[str, Outcome]] | None]" = SessionValue("batch", None)
TRASH_IS_OPEN = SessionValue("trash_is_open", False)
DELETED: "SessionValue[Connector | None]" = SessionValue("deleted", None)
CONFIRM_NOW = SessionValue("confirm_now", "")  # the id of a connector to delete for good now
# What is forgotten when another page is opened.
RETURNED = SessionValue("returned", "")  # the id of the connector whose card was left
NOTE = SessionValue("note", "")
CHECKS = SessionValue("checks", 0)
PROBLEM: SessionValue[tuple[str, str] | None] = SessionValue("problem", None)  # id and sentence
TESTS: "SessionValue[tuple[SetupTest, ...] | str | None]" = SessionValue("tests", None)
DIALOG: "SessionValue[Action | None]" = SessionValue("dialog", None)
QUESTION: "SessionValue[Question | None]" = SessionValue("question", None)
TABLES: SessionValue[Any] = SessionValue("table_editor", None)  # its module imports this one
OF_ONE_PAGE: tuple[SessionValue[Any], ...]
OF_ONE_PAGE = (RETURNED, NOTE, CHECKS, PROBLEM, TESTS, DIALOG, QUESTION, TABLES)


def page(name: str) -> str:
    """Return the path of a page as Streamlit wants it: from the folder of its main script."""
    return f"../pages/{name}.py"


def link_back(name: str, label: str, query: Mapping[str, str] | None = None) -> None:
    """Show a link to the page that this one belongs to."""
    st.page_link(page(name), label=plain(label), icon=":material/arrow_back:", query_params=query)


def open_page(title: str) -> Identity:
    """Open a page, act for the visitor, and return who that is.

    Stops with the way to sign in if nobody looks at it.
    """
    # Neither st.logo nor a page icon: both load NumPy, which the first visitor would wait for.
    st.set_page_config(page_title=title, layout="wide")
    if OPEN_PAGE.get() != title:
        for value in OF_ONE_PAGE:
            value.pop()
        OPEN_PAGE.set(title)
    logs.begin_request()
    identity = _visitor()
    show_branding(identity, title)
    show_top_row(identity)
    if show_story(identity):
        TABLES.pop()
    return identity


def start_page(title: str) -> Portal:
    """Open a page and return the portal; stop with a sentence if the settings are not right."""
    identity = open_page(title)
    if identity.is_operator and not identity.tenant_id:
        stop_without_tenant()
    try:
        return runtime().portals.of(identity.tenant_id)
    except UnknownTenant:
        stop_without_its_tenant(identity)
    except PbfError as error:
        stop_with(error)


def _visitor() -> Identity:
    try:
        return session.act()
    except NotSignedIn:
        show_top_row(None)
        stop_signed_out()
    except PbfError as error:
        stop_with(error)


def show_policy_problem() -> None:
    """Tell operators that the policy file is invalid as it is now."""
    if problem := runtime().identity.tenants.problem:
        st.warning(plain(problem), icon=":material/policy:")


def query_param(name: str) -> str:
    """Return a parameter of the page's address, or "" if it is longer than any id."""
    value = st.query_params.get(name, "")
    return value if len(value) <= LONGEST_ID else ""


def stop_with(error: PbfError) -> NoReturn:
    """Show in one sentence what failed and what to do, and end the page."""
    heading = next(
        (text for kind, text in HEADINGS.items() if isinstance(error, kind)),
        "Fivetran did not respond as expected",
    )
    reference = log_once(error)
    with st.container(border=True, width=680):
        st.header(heading, anchor=False)
        show_problem(readable(error))
        quiet(f"Reference: {reference}")
        st.button("Try again", type="primary", icon=":material/refresh:")
    st.stop()


def log_once(error: PbfError) -> str:
    """Log an error and return its reference in the log; one shown in every run is logged once."""
    text, reference = REFERENCE.get()
    if text != str(error):
        reference = logs.begin_request()
        REFERENCE.set((str(error), reference))
        log.log(log_level(error), "%s: %s: %s", OPEN_PAGE.get(), type(error).__name__, error)
    return reference


def show_problem(problem: PbfError | str) -> None:
    """Show what went wrong; an error with its reference in the log."""
    text = problem if isinstance(problem, str) else with_reference(problem)
    st.error(plain(text), icon=":material/error:")


def with_reference(error: PbfError) -> str:
    """Return what went wrong, and its reference in the log."""
    return f"{readable(error)} Reference: {log_once(error)}."


def turn() -> int:
    """Return a number for the buttons' keys, new after each press: a second click does nothing."""
    return PRESSES.get()


def next_turn() -> None:
    """Give the buttons new keys."""
    PRESSES.set(turn() + 1)


def once(operation: Callable[[], object], message: str = "Asking Fivetran…") -> PbfError | None:
    """Do what was pressed, once; return the error if there was one."""
    next_turn()
    try:
        session.portal()
        with st.spinner(message):
            operation()
    except PbfError as error:
        return error
    return None


def mark_age(*answers: CachedList) -> None:  # type: ignore[type-arg]
    """Say so if a list is out of date because Fivetran does not answer.

    Entries that could not be read, and are not shown, are counted.
    """
    # Also without text: Streamlit draws anew, and so closes, whatever moves to another position.
    with st.container():
        _mark_age(answers)


def _mark_age(answers: Sequence[CachedList]) -> None:  # type: ignore[type-arg]
    if unread := sum(answer.unread for answer in answers):
        entries = "1 entry" if unread == 1 else f"{unread:,} entries"
        quiet(f"{entries} of Fivetran's list could not be read and cannot be shown here.")
    for answer in answers:
        if answer.problem is not None:
            moment = datetime.fromtimestamp(answer.fetched_at, UTC)
            st.warning(
                f"{plain(readable(answer.problem))} What you see is from "
                f"{ago(moment, utc_now())} ({exact(moment)}).",
                icon=":material/history:",
            )
            return
    if throttling := session.portal().throttling_notice:
        quiet(throttling)


@following("connectors")
def follow_age(ask: Callable[[], Iterable[CachedList]]) -> None:  # type: ignore[type-arg]
    """Mark the age of lists on a page that does not refresh itself, as long as they are old."""
    try:
        mark_age(*ask())
    except PbfError:
        st.rerun()  # the page shows the error


def public_url() -> str:
    """Return where this browser reaches the dashboard: scheme, host and port."""
    if configured := runtime().settings.public_url:
        return configured
    parts = urlsplit(st.context.url or "http://localhost:8501")
    return f"{parts.scheme}://{parts.netloc}"


def hand_off(portal: Portal, connector_id: str, *, name: str) -> NoReturn:
    """Take the browser to a connector's Connect Card, in this tab, and end the page."""
    st.info(
        f"Opening the Connect Card for **{plain(name)}**, where you enter the credentials.",
        icon=":material/open_in_browser:",
    )
    url = from_page(portal.cards.link(connector_id))
    redirect(url, key=f"redirect-{connector_id}", on_opened=lambda: _follow_card(connector_id))
    st.stop()


def _follow_card(connector_id: str) -> None:
    """Go to a connector's page, which refreshes itself while the card is open in another tab."""
    OPEN_CARD.set((connector_id, None))
    st.switch_page(page("connector"), query_params={"id": connector_id})


def mark_open_card(connector_id: str, setup_state: str) -> None:
    """Say that a connector's card is open in another tab, until its set-up state changes."""
    opened, before = OPEN_CARD.get() or ("", None)
    if opened != connector_id or before not in (None, setup_state):
        OPEN_CARD.pop()
        return
    OPEN_CARD.set((connector_id, setup_state))
    st.info(
        "The Connect Card is open in another tab. Come back here when you are done; "
        "this page shows the changes.",
        icon=":material/open_in_browser:",
    )


def quiet(text: str) -> None:
    """Show a line of secondary text, in a grey with enough contrast for everybody."""
    st.html(html.render("parts", "line", text=text))
