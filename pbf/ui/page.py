"""What all pages share: how they open, how they say that something failed, how they hand over."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import NoReturn
from urllib.parse import urlsplit

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from pbf import logs
from pbf.cache.entries import Answer
from pbf.config import CREDENTIALS
from pbf.connectors.client_limits import CLIENT, Client
from pbf.connectors.portal import Portal
from pbf.errors import ConfigurationError, PbfError, RateLimited, StoreFailed, Unauthorized
from pbf.paths import LONGEST_ID, PREFIX
from pbf.rules.wording import ago, exact
from pbf.runtime import runtime
from pbf.ui.html import attribute, escape
from pbf.ui.html import plain as plain  # pages say page.plain

log = logging.getLogger(__name__)

# An open page looks again so often. What moves is asked of Fivetran every three seconds at most,
# and a page may see the answer one look later: a change is on the screen within ten seconds.
# In seconds, as a number: of a text, Streamlit would have pandas make one.
FOLLOW = 3.0

# Colour alone tells nothing: a sign and the word go with it.
SIGNS = {"good": "✓", "busy": "↻", "attention": "…", "bad": "!", "quiet": "·"}


def page(name: str) -> str:
    """Return the path of a page as Streamlit wants it: from the folder of its main script."""
    return f"../pages/{name}.py"


def start_page(title: str) -> Portal:
    """Open a page and return the portal; stop with a sentence if the settings are not right."""
    # Neither st.logo nor a page icon: both load NumPy, which the first visitor would wait for.
    st.set_page_config(page_title=title, layout="wide")
    if st.session_state.get("page") != title:
        # What another page, or an earlier visit, was told is said and done.
        for key in ("returned", "note", "problem", "tests", "asked", "desk"):
            st.session_state.pop(key, None)
        st.session_state["page"] = title
    logs.begin()
    tell_client()
    try:
        opened = runtime()
    except ConfigurationError as error:
        stop_with(error)
    if opened.settings.sandbox:
        st.html(sandbox_banner())
    return opened.portal


def sandbox_banner() -> str:
    """Return HTML for one line that names the sandbox, with the way out of it on demand."""
    names = ", ".join(f"<code>{name}</code>" for name in CREDENTIALS)
    return (
        '<div class="pbf-banner" role="note"><details>'
        "<summary><strong>Sandbox.</strong> Nothing here touches Fivetran.</summary>"
        f"Any credential works. To use your own account, set {names} in <code>.env</code>."
        "</details></div>"
    )


def tell_client() -> None:
    """Note for whom this thread acts; each run of a page or of a part of it may have its own."""
    # Streamlit gives no address for loopback.
    peer = st.context.ip_address or "127.0.0.1"
    CLIENT.set(Client(peer, st.context.headers.get("X-Forwarded-For", "")))


def query_param(name: str) -> str:
    """Return a parameter of the page's address; one that is too long to mean anything is empty."""
    value = st.query_params.get(name, "")
    return value if len(value) <= LONGEST_ID else ""


def stop_with(error: PbfError) -> NoReturn:
    """Say in one sentence what failed and what to do, and end the page."""
    heading = "Fivetran did not respond as expected"
    if isinstance(error, ConfigurationError):
        heading = "The settings are incomplete"
    elif isinstance(error, Unauthorized):
        heading = "Fivetran refused the API key"
    elif isinstance(error, RateLimited):
        heading = "Too many requests for now"
    elif isinstance(error, StoreFailed):
        heading = "The database does not respond"
    reference = referred(error)
    with st.container(border=True, width=680):
        st.header(heading, anchor=False)
        st.error(plain(str(error)), icon=":material/error:")
        quiet(f"Reference: {reference}")
        st.button("Try again", type="primary", icon=":material/refresh:")
    st.stop()


def referred(error: PbfError) -> str:
    """Put an error into the log, and return the reference under which it stands there.

    A page that shows the same again and again logs it once.
    """
    known: tuple[str, str] = st.session_state.get("reference", ("", ""))
    if known[0] != str(error):
        known = st.session_state["reference"] = (str(error), logs.begin())
        log.warning("%s: %s: %s", st.session_state.get("page"), type(error).__name__, error)
    return known[1]


def told(error: PbfError) -> str:
    """Return what went wrong, and under which reference the log has it."""
    return f"{error} Reference: {referred(error)}."


def turn() -> int:
    """Return which press of a button this page waits for; it is part of the buttons' keys.

    After a press the buttons have new keys, so that the second click of two counts for nothing.
    """
    waiting: int = st.session_state.setdefault("turn", 0)
    return waiting


def once(doing: Callable[[], object], words: str = "Asking Fivetran…") -> PbfError | None:
    """Do what was pressed, once; return the problem if there was one."""
    st.session_state["turn"] = turn() + 1
    tell_client()
    try:
        with st.spinner(words):
            doing()
    except PbfError as error:
        return error
    return None


def mark_age(*answers: Answer) -> None:  # type: ignore[type-arg]
    """Say so if what is shown is the last known answer, since there is no newer one.

    What of a list could not be read, and is not shown, is counted.
    """
    if unread := sum(answer.unread for answer in answers):
        entries = "1 entry" if unread == 1 else f"{unread:,} entries"
        quiet(f"{entries} of Fivetran's list could not be read and cannot be shown here.")
    for answer in answers:
        if answer.problem is not None:
            moment = datetime.fromtimestamp(answer.fetched_at, UTC)
            st.warning(
                f"{plain(str(answer.problem))} What you see is from "
                f"{ago(moment, datetime.now(UTC))} ({exact(moment)}).",
                icon=":material/history:",
            )
            return
    if said := runtime().portal.sparing:
        quiet(said)


@st.fragment(run_every=FOLLOW)
def follow_age(ask: Callable[[], Iterable[Answer]]) -> None:  # type: ignore[type-arg]
    """Mark the age of what a page shows that does not follow along itself, as long as it is old."""
    try:
        mark_age(*ask())
    except PbfError:
        st.rerun()  # the page says what is wrong


def public_url() -> str:
    """Return where this browser reaches the dashboard: scheme, host and port."""
    if configured := runtime().settings.public_url:
        return configured
    parts = urlsplit(st.context.url or "http://localhost:8501")
    return f"{parts.scheme}://{parts.netloc}"


def return_url() -> str:
    """Return the address of our return route, for the Connect Card to lead back to."""
    return f"{public_url()}{PREFIX}/return"


def hand_off(portal: Portal, connector_id: str, *, name: str) -> NoReturn:
    """Take the browser to a connector's Connect Card, in this tab, and end the page."""
    ticket = portal.signer.ticket(portal.tenant.id, connector_id)
    st.info(
        f"Opening the Connect Card for **{plain(name)}**, where you enter the credentials.",
        icon=":material/open_in_browser:",
    )
    _leave()(
        key=f"leave-{connector_id}",
        data={"url": f"{PREFIX}/go/{ticket}"},
        on_opened_change=lambda: _follow_card(connector_id),
    )
    st.stop()


def _follow_card(connector_id: str) -> None:
    """Go to a connector's page, which follows it, while its card is open in another tab."""
    st.session_state["card_open"] = (connector_id, None)
    st.switch_page(page("connector"), query_params={"id": connector_id})


def mark_open_card(connector_id: str, setup_state: str) -> None:
    """Say that a connector's card is open in another tab, until its set-up is seen to change."""
    whose, before = st.session_state.get("card_open") or ("", None)
    if whose != connector_id or before not in (None, setup_state):
        st.session_state.pop("card_open", None)
        return
    st.session_state["card_open"] = (connector_id, setup_state)
    st.info(
        "The Connect Card is open in another tab. Come back here when you are done; "
        "this page shows the changes.",
        icon=":material/open_in_browser:",
    )


def badge(word: str, tone: str) -> str:
    """Return HTML for a status: a sign and a word in the colour of its tone."""
    sign = f'<span aria-hidden="true">{SIGNS[tone]}</span>'
    return f'<span class="pbf-badge pbf-is-{tone}">{sign} {escape(word)}</span>'


def quiet(text: str) -> None:
    """Show a line that stands back, in a grey that can still be read by everybody."""
    st.html(f'<p class="pbf-quiet">{escape(text)}</p>')


def facts(told: Mapping[str, str]) -> None:
    """Show facts, HTML by label."""
    each = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{value}</dd></div>" for label, value in told.items()
    )
    st.html(f'<dl class="pbf-facts">{each}</dl>')


class Html(str):
    """A text that is HTML already; any other is escaped where it is shown."""


def grid(heads: Iterable[str], rows: Iterable[Iterable[str]], *, kind: str = "") -> str:
    """Return HTML for a table of texts and HTML; `kind` is a class of its own for the style."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    name = f"pbf-records {kind}".strip()
    return f'<table class="{name}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _cell(content: str) -> str:
    return f"<td>{content if isinstance(content, Html) else escape(content)}</td>"


def when(moment: str | None) -> str:
    """Return HTML for a time (ISO 8601): relative, with the exact UTC time on hover."""
    if moment is None:
        return "never"
    parsed = datetime.fromisoformat(moment)
    relative = ago(parsed, datetime.now(UTC))
    return f'<time datetime="{escape(moment)}" title="{exact(parsed)}">{relative}</time>'


def icon(url: str, name: str, *, size: int = 40) -> str:
    """Return HTML for a service's icon; beside its name it is decoration."""
    if not url.startswith(("https://", "http://", "/")):
        return f'<span class="pbf-monogram" aria-hidden="true">{escape(name[:1].upper())}</span>'
    return f'<img class="pbf-icon" src="{attribute(url)}" width="{size}" height="{size}" alt="">'


@cache
def _leave() -> ComponentRenderer:
    """Return the component that leaves for another page; in a frame it offers a new tab."""
    return st.components.v2.component(
        "leave",
        html='<p>\n<a class="go"></a></p>',
        css="p{margin:0}\na{color:var(--st-link-color)}",
        js=f"""
export default function({{ data, parentElement, setTriggerValue }}) {{
  const link = parentElement.querySelector(".go");
  const framed = window.top !== window.self;
  // A card refuses to be framed. What follows it is this page, not the tab that it opens in.
  link.onclick = link.onauxclick = () => framed && setTriggerValue("opened", true);
  link.href = data.url;
  link.target = framed ? "_blank" : "_self";
  link.textContent = framed ? {json.dumps("Open the Connect Card in a new tab")}
                            : {json.dumps("Continue to the Connect Card")};
  if (!framed && link.dataset.gone !== data.url) {{
    link.dataset.gone = data.url;
    window.location.assign(data.url);
  }}
}}
""",
    )
