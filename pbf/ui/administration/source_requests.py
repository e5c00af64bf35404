"""Requests for sources: asking, the answer to who asked, and the demand that operators see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from pbf.clock import current_time
from pbf.components.gallery import asked_for
from pbf.connectors.access.source_requests import Receipt, SourceRequests
from pbf.connectors.portal import Portal
from pbf.errors import PbfError, StoreFailed
from pbf.fivetran.models import Service
from pbf.identity.models import Identity
from pbf.runtime import runtime
from pbf.ui import html, page, session
from pbf.ui.lists import paging

if TYPE_CHECKING:
    from pbf.store.identity.service_requests import Demand
    from pbf.store.identity.tables import ServiceRequest

SHOWN = 20
LONGEST_ANSWER = 1000
SENT = page.SessionValue("answer_sent", "")


@dataclass(frozen=True)
class Asker:
    """One request as operators see it; `at` is when it was made."""

    asker: str
    wanted: str
    tenant: str
    at: datetime
    answer: str


def may_ask() -> bool:
    """Return whether the visitor is a person who can be answered, which takes sign-in."""
    return bool(session.identity().person_id)


def answer_asking(portal: Portal) -> None:
    """Store what somebody asks for in this run, and confirm it."""
    visitor, typed = session.identity(), asked_for()
    if not typed or not visitor.person_id:
        return
    requests = SourceRequests(runtime().store.service_requests)
    try:
        receipt = requests.ask(
            portal.tenant.id,
            visitor.person_id,
            typed,
            asker=visitor.name or visitor.email,
            hidden=portal.hidden_services,
        )
    except PbfError as error:
        page.show_problem(str(error))
        return
    st.success(page.plain(confirmation(receipt)), icon=":material/check:")


def confirmation(receipt: Receipt) -> str:
    """Return what somebody reads after asking."""
    if receipt.is_new:
        return (
            f"You have asked for \u201c{receipt.text}\u201d. The answer will be shown on this page."
        )
    if receipt.answer:
        return f"You asked for \u201c{receipt.text}\u201d before. The answer: {receipt.answer}"
    return f"You have asked for \u201c{receipt.text}\u201d already. It is not answered yet."


def show_answers(portal: Portal) -> None:
    """Show the answers that the visitor has not seen, until they are dismissed."""
    visitor = session.identity()
    if not visitor.person_id:
        return
    requests = runtime().store.service_requests
    try:
        answers = requests.unseen_answers(portal.tenant.id, visitor.person_id)
    except StoreFailed:
        return  # the page works without them; the next visit tries again
    if not answers:
        return
    with st.container(border=True, key="answers"):
        st.html(html.render("administration", "answers", rows=answers))
        if st.button("Got it", key="dismiss-answers"):
            ids = [answer.id for answer in answers]
            if error := _attempt(
                lambda: requests.mark_seen(portal.tenant.id, visitor.person_id, ids, current_time())
            ):
                page.show_problem(error)
            else:
                st.rerun()


def show_demand(visitor: Identity) -> None:
    """Show what people ask for, with a field for the answer to each."""
    if sent := SENT.pop():
        st.success(page.plain(sent), icon=":material/check:")
    demand = runtime().store.service_requests.demand()
    if not demand:
        st.info("Nobody has asked for a source yet.")
        return
    waiting = sum(row.waiting > 0 for row in demand)
    page.quiet(f"{waiting:,} of {len(demand):,} sources wait for an answer.")
    place = st.container()  # above the choice of the page
    visible = paging.part(demand, size=SHOWN, key="requests-page")
    services, names = _services(), _tenant_names()
    with place:
        for row in visible:
            _show_topic(row, title(row, services), visitor, names)


def title(row: "Demand", services: Mapping[str, Service]) -> str:
    """Return the name of what is asked for, and that a policy hides it if so."""
    if row.service not in services:
        return row.wanted
    return f"{services[row.service].title} (hidden by policy)"


def _show_topic(row: "Demand", name: str, visitor: Identity, tenants: Mapping[str, str]) -> None:
    people = "1 person" if row.people == 1 else f"{row.people:,} people"
    with st.container(border=True):
        st.subheader(page.plain(name), anchor=False)
        newest = datetime.fromtimestamp(row.newest, UTC)
        st.html(html.render("administration", "demand", people=people, row=row, newest=newest))
        with st.expander(f"Who asked ({row.people:,})"):
            listed = runtime().store.service_requests.listed(row.topic)
            st.html(html.render("administration", "askers", rows=askers(listed, tenants)))
        if row.waiting:
            _show_form(row, visitor, name)


def _show_form(row: "Demand", visitor: Identity, name: str) -> None:
    with st.form(f"answer-{row.topic}", border=False):
        text = st.text_area(
            f"Answer to all who wait ({row.waiting:,})", max_chars=LONGEST_ANSWER, height=80
        )
        if not st.form_submit_button("Send answer"):
            return
    if not text.strip():
        page.show_problem("Type an answer first.")
        return
    by = visitor.name or visitor.email or visitor.actor
    requests = runtime().store.service_requests
    if error := _attempt(
        lambda: requests.answer(row.topic, text.strip(), answered_by=by, now=current_time())
    ):
        page.show_problem(error)
        return
    SENT.set(f"{name}: those who asked will see the answer on their next visit.")
    st.rerun()


def askers(listed: "Sequence[ServiceRequest]", tenants: Mapping[str, str]) -> list[Asker]:
    """Return the requests on a topic as operators see them."""
    return [
        Asker(
            row.asker or row.person_id,
            row.wanted,
            tenants.get(row.tenant_id, row.tenant_id),
            datetime.fromtimestamp(row.created_at, UTC),
            row.answer or "Waiting",
        )
        for row in listed
    ]


def _services() -> Mapping[str, Service]:
    """Return the services by id; none if Fivetran does not answer."""
    portal = next(runtime().portals.all(), None)
    try:
        return {service.id: service for service in portal.catalogue().items} if portal else {}
    except PbfError:
        return {}


def _tenant_names() -> Mapping[str, str]:
    return {entry.id: entry.name for entry in runtime().identity.tenants.all()}


def _attempt(operation: Callable[[], object]) -> PbfError | None:
    try:
        operation()
    except PbfError as error:
        return error
    return None
