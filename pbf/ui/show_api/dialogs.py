"""The dialogs: one operation with its last call and its snippets, and the calls of the session."""

from datetime import UTC, datetime
from typing import NamedTuple

import streamlit as st

from pbf.config import environment
from pbf.errors import ConfigurationError
from pbf.rules.wording import span
from pbf.runtime import runtime
from pbf.show_api import snippets
from pbf.show_api.calls import ApiCall, Calls, request_headers
from pbf.show_api.hiding import as_text
from pbf.show_api.operations import OPERATIONS, Operation, Request
from pbf.show_api.support_bundle import support_bundle
from pbf.show_api.target import Target
from pbf.ui import html, page, session
from pbf.ui.show_api.subjects import Subject, forget_opened, target_of

WIDTH = 860  # in pixels
NO_CALL = "Not called in this session yet."
NO_ROUTE = "The JSON API has no route for this. Pages do it through Fivetran's API alone."
TABS = ["Last call", "curl", "Python", "Terraform", "Our route"]
OPERATORS = "Show API is for operators. Switch it on again in the account menu."


class Line(NamedTuple):
    """One call in the list."""

    at: str
    method: str
    path: str
    outcome: str
    tone: str
    took: str
    left: str


@st.dialog("API", width=WIDTH, icon=":material/code:", on_dismiss=forget_opened)
@session.acting
def show_operations(subject: Subject) -> None:
    """Show the operations of a mark, one at a time."""
    if not _may_look():
        return
    name = subject.names[0]
    if len(subject.names) > 1:
        name = st.pills(
            "Operation",
            subject.names,
            default=name,
            required=True,
            format_func=lambda name: OPERATIONS[name].title,
            label_visibility="collapsed",
        )
    portal = session.portal()
    _show_operation(OPERATIONS[name], target_of(portal, subject), portal.tenant.id)


@st.dialog(
    "API calls of this session", width=WIDTH, icon=":material/code:", on_dismiss=forget_opened
)
@session.acting
def show_calls() -> None:
    """List the last calls of this session, and offer them as a support bundle."""
    if not _may_look():
        return
    calls = session.api_calls().of(session.portal().tenant.id)
    if not calls:
        st.info("No calls yet. They are listed from the moment when Show API is switched on.")
    st.html(html.render("show_api", "calls", lines=[_line(call) for call in reversed(calls)]))
    page.quiet(
        "The bundle has these calls without secrets, versions, and the names of the settings that "
        "are set, without their values."
    )
    st.download_button(
        "Support bundle",
        lambda: support_bundle(calls, _setting_names()),
        file_name="support-bundle.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
    )


def _may_look() -> bool:
    """Return whether the visitor may see calls still; say so if not."""
    if session.shows_api(session.identity()):
        return True
    st.info(OPERATORS)
    return False


def _show_operation(operation: Operation, target: Target, tenant_id: str) -> None:
    request = operation.request(target)
    call = last_call(session.api_calls(), tenant_id, request)
    st.html(
        html.render(
            "show_api",
            "head",
            method=request.method,
            path=request.address,
            title=operation.title,
            facts=facts(call),
        )
    )
    last, shell, python, terraform, route = st.tabs(TABS)
    with last:
        _show_call(request, call)
    shell.code(snippets.curl(request), language="bash", wrap_lines=True)
    python.code(snippets.python(request), language="python", wrap_lines=True)
    terraform.code(operation.terraform(target), language="hcl", wrap_lines=True)
    with route:
        _show_route(operation.route_request(target))


def last_call(calls: Calls, tenant_id: str, request: Request) -> ApiCall | None:
    """Return the last call of an operation.

    Operations with the same method and path differ in the first field of their bodies.
    """
    field = next(iter(request.body or ()), None)
    return calls.last(tenant_id, request.method, request.path, field=field)


def facts(call: ApiCall | None) -> list[str]:
    """Return in words how the last call went, and how many requests are left."""
    if call is None:
        return [NO_CALL, *_left(runtime().client.latest.rate_limit.remaining)]
    at = f"{datetime.fromtimestamp(call.at, UTC):%H:%M:%S} UTC"
    if call.age is not None:
        age = f"from the cache, read {span(call.age)} before"
        return [at, age, *_left(runtime().client.latest.rate_limit.remaining)]
    status = str(call.status or "no answer")
    return [at, status, f"{call.milliseconds:,} ms", "from Fivetran", *_left(call.requests_left)]


def _left(requests: int | None) -> list[str]:
    return [] if requests is None else [f"{requests:,} requests left this hour"]


def _show_call(request: Request, call: ApiCall | None) -> None:
    has_body = request.body is not None
    headers = request_headers(request.path, has_body=has_body)
    st.html(html.render("show_api", "headers", heading="Request", headers=headers))
    if request.body is not None:
        body = call.request if call and call.request else as_text(request.body)
        st.code(body, language="json", wrap_lines=True)
    if call is None:
        page.quiet(f"{NO_CALL} The request is an example.")
        return
    if call.headers:
        st.html(html.render("show_api", "headers", heading="Answer", headers=call.headers))
    else:
        heading = "What the cache has of the answer" if call.is_from_cache else "Answer"
        st.html(html.render("show_api", "heading", text=heading))
    st.code(call.answer or "(no JSON)", language="json", wrap_lines=True)


def _show_route(request: Request | None) -> None:
    if request is None:
        page.quiet(NO_ROUTE)
        return
    has_sign_in = runtime().identity.authentication.is_required
    snippet = snippets.own_curl(request, page.public_url(), has_sign_in=has_sign_in)
    st.code(snippet, language="bash", wrap_lines=True)
    if has_sign_in:
        page.quiet("API_TOKEN is an API token of the tenant, from the screen People.")


def _line(call: ApiCall) -> Line:
    at = f"{datetime.fromtimestamp(call.at, UTC):%H:%M:%S}"
    left = "" if call.requests_left is None else f"{call.requests_left:,}"
    if call.age is not None:
        return Line(at, call.method, call.path, "cache", "quiet", "", left)
    outcome = str(call.status or "no answer")
    tone = "good" if call.status and call.status < 400 else "bad"
    return Line(at, call.method, call.path, outcome, tone, f"{call.milliseconds:,} ms", left)


def _setting_names() -> list[str]:
    try:
        return list(environment())
    except ConfigurationError:
        return []
