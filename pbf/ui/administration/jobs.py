"""Parts of the page Jobs: how the background work is, and a button that runs a job now."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from pbf.clock import utc_now
from pbf.connectors.access.caller import require
from pbf.connectors.audit import AuditLog
from pbf.errors import PbfError
from pbf.jobs.status import JobStatus, JobStatuses, State
from pbf.rules.access.permissions import Permission
from pbf.rules.health import Tone
from pbf.rules.wording import ahead, capital
from pbf.runtime import runtime
from pbf.ui import html, page, session

WORDS: dict[State, tuple[str, Tone]] = {
    "waiting": ("Waiting", "quiet"),
    "running": ("Running", "busy"),
    "cut short": ("Cut short", "attention"),
    "failed": ("Failed", "bad"),
}
PROBLEM = page.SessionValue("job_problem", "")
STARTED = page.SessionValue("job_started", "")


def newest() -> list[JobStatus]:
    """Return the jobs as they are now; raise StoreFailed."""
    return JobStatuses(runtime().store).all()


def show_last_press() -> None:
    """Show which job was made due at the last press, or why it could not be."""
    if name := STARTED.pop():
        st.toast(f"{page.plain(capital(name))}: it runs within seconds", icon=":material/check:")
    if problem := PROBLEM.get():
        page.show_problem(problem)


def show_summary(statuses: Sequence[JobStatus]) -> None:
    """Say how many jobs failed, and who runs them."""
    total = "1 job" if len(statuses) == 1 else f"{len(statuses):,} jobs"
    failed = sum(status.is_problem for status in statuses)
    text = f"{failed:,} of {total} did not end well." if failed else f"{total}, all well."
    page.quiet(
        f"{text} Each one runs in one process at a time. One that fails is tried again, after "
        "growing waits."
    )


def show_rows(statuses: Sequence[JobStatus]) -> None:
    """Show each job with a button that runs it now."""
    now = utc_now()
    with st.container(border=True):
        for status in statuses:
            text, button = st.columns([5, 1], vertical_alignment="center")
            text.html(_line(status, now))
            button.button(
                "Run now",
                key=f"run-{status.name}-{page.turn()}",
                help=f"Run now: {page.plain(status.name)}",
                disabled=status.state == "running",
                width="stretch",
                on_click=run_now,
                args=(status.name,),
            )


def run_now(name: str) -> None:
    """Make a job due now, and record who did so; keep the sentence if that is refused."""
    PROBLEM.pop()
    opened = runtime()
    try:
        session.act()
        with AuditLog(opened.store, "").record("run a job", details=name):
            require(Permission.MANAGE_TENANTS)
            JobStatuses(opened.store).run_now(name)
    except PbfError as error:
        PROBLEM.set(page.with_reference(error))
    else:
        page.next_turn()
        STARTED.set(name)


def _line(status: JobStatus, now: datetime) -> str:
    word, tone = WORDS[status.state]
    times = "once" if status.failures == 1 else f"{status.failures:,} times in a row"
    return html.render(
        "administration",
        "job",
        job=status,
        name=capital(status.name),
        word=word,
        tone=tone,
        next="" if status.state == "running" else ahead(status.due_at, now),
        failed=f"Failed {times}",
    )
