"""The list of channels, each with a test, its log, and a way to change it."""

from collections.abc import Sequence

import streamlit as st

from pbf.errors import PbfError
from pbf.rules.health import Tone
from pbf.rules.watch.kinds import WORDS
from pbf.runtime import runtime
from pbf.ui import html, page, session
from pbf.ui.lists import paging
from pbf.watch.notifications.channels import ChannelService
from pbf.watch.notifications.entries import ChannelEntry

SHOWN = 20
# The channel that was tested last, and why it did not take the message.
TESTED: page.SessionValue[tuple[str, str] | None] = page.SessionValue("channel_tested", None)
PACE = {"now": "at once", "hourly": "once an hour", "daily": "once a day, at 08:00"}


def service() -> ChannelService:
    """Return the channels that the visitor may manage."""
    return runtime().channels(session.portal(), session.identity().person_id)


def show_part(title: str, entries: Sequence[ChannelEntry], *, is_own: bool) -> str:
    """Show one list with its button; return what was pressed."""
    st.header(title, anchor=False)
    whose = "own" if is_own else "tenant"
    pressed = ""
    if st.button(
        "Add a channel for me" if is_own else "Add a channel for the tenant",
        icon=":material/add:",
        key=f"add-{whose}-{page.turn()}",
    ):
        pressed = f"add {whose}"
    if not entries:
        page.quiet("There are no channels yet, so nobody is notified when something breaks.")
    return show_list(entries, key=f"{whose}-part") or pressed


def show_list(channels: Sequence[ChannelEntry], *, key: str) -> str:
    """Show channels, and send the test that was asked for.

    Returns what else was pressed, such as "edit <id>" or "log <id>".
    """
    pressed = ""
    for channel in paging.part(channels, size=SHOWN, key=key):
        pressed = _row(channel) or pressed
    return pressed


def _row(channel: ChannelEntry) -> str:
    line = st.container(horizontal=True, vertical_alignment="center", border=False)
    word, tone = _status(channel)
    line.html(
        html.render(
            "notifications", "channel", channel=channel, word=word, tone=tone, about=_about(channel)
        )
    )
    key, name = f"{channel.id}-{page.turn()}", page.plain(channel.name)
    if line.button("Send a test", key=f"test-{key}", help=f"Send a test to {name}"):
        _test(channel)
    pressed = ""
    if line.button("Log", key=f"log-{key}", help=f"What was sent to {name}"):
        pressed = f"log {channel.id}"
    if line.button("Edit", key=f"edit-{key}", help=f"Change or remove {name}"):
        pressed = f"edit {channel.id}"
    _show_result(channel)
    return pressed


def _test(channel: ChannelEntry) -> None:
    problems: list[str] = []
    error = page.once(lambda: problems.append(service().send_test(channel.id)), "Sending a test…")
    TESTED.set((channel.id, str(error) if error else problems[0]))
    st.rerun()


def _show_result(channel: ChannelEntry) -> None:
    channel_id, problem = TESTED.get() or ("", "")
    if channel_id != channel.id:
        return
    if problem:
        page.show_problem(problem)
    else:
        st.success(
            f"**{page.plain(channel.name)}** took the test. Look whether it has arrived.",
            icon=":material/check:",
        )


def _status(channel: ChannelEntry) -> tuple[str, Tone]:
    if channel.is_disabled:
        return "Disabled", "quiet"
    return ("Problem", "bad") if channel.problem else ("On", "good")


def _about(channel: ChannelEntry) -> str:
    """Return what a channel receives, and when."""
    words = [WORDS[kind][0] for kind in WORDS if kind in channel.events]
    parts = [", ".join(words) if words else "all incidents"]
    if channel.scope == "service":
        parts.append(f"service {channel.target}")
    elif channel.scope == "connector":
        parts.append(f"of {_connector(channel.target)}")
    parts.append(PACE[channel.digest])
    if channel.escalates_after:
        parts.append(f"if open for {channel.escalates_after:g} h")
    if channel.quiet_from:
        hours = f"{channel.quiet_from} to {channel.quiet_until} ({channel.time_zone})"
        parts.append(f"quiet from {hours}")
    return " · ".join(parts)


def _connector(connector_id: str) -> str:
    try:
        return session.portal().connector(connector_id).title
    except PbfError:
        return "a connector that is gone"
