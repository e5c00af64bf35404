"""The dialog that adds a channel, or changes, disables and removes one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time

import streamlit as st

from pbf.components.copy_field import copy_field
from pbf.errors import PbfError
from pbf.rules.notifications.addresses import LONGEST_ADDRESS, MAIL, SERVICES, WEBHOOK
from pbf.rules.watch.kinds import WORDS
from pbf.ui import page, session
from pbf.ui.notifications.channels import PACE, service
from pbf.ui.watch.targets import ask_target, ask_time_zone
from pbf.watch.notifications.entries import (
    LONGEST_ESCALATION,
    LONGEST_NAME,
    ChannelEntry,
    ChannelValues,
)

# The name of a webhook that was just added, and its secret, which is shown once.
SECRET = page.SessionValue("channel_secret", ("", ""))
KINDS = {MAIL: "E-mail", "message": "Chat or on-call service", WEBHOOK: "Signed webhook"}
ADDRESSES = {
    MAIL: ("E-mail address", "ada@example.com"),
    "message": ("Address", SERVICES["slack"].example),
    WEBHOOK: ("URL", "https://monitoring.example.com/hooks/data"),
}
NIGHT = time(22), time(7)


@dataclass(frozen=True)
class Timing:
    """What the form says about the time of messages."""

    digest: str
    escalates_after: float | None
    quiet_from: str
    quiet_until: str
    time_zone: str


@st.dialog("Add a channel", on_dismiss="rerun")
@session.acting
def add(*, is_own: bool) -> None:
    """Ask for a new channel; of a webhook, show the secret once."""
    if SECRET.get()[1]:
        _show_secret()
        return
    usable = service().sender.services
    kinds = [kind for kind in KINDS if kind in usable or (kind == "message" and _chat(usable))]
    if not kinds:
        st.info("No notifications can be sent here: all services are switched off (PBF_NOTIFY).")
        return
    kind = st.radio("Kind", kinds, format_func=KINDS.__getitem__, key="channel-kind")
    values = _fields(kind, None)
    if MAIL not in usable:
        page.quiet("Mail needs a mail server: PBF_MAIL_URL in the settings.")
    if st.button("Add", type="primary", key=f"channel-save-{page.turn()}"):
        _save(values, is_own=is_own)


def _save(values: ChannelValues, *, is_own: bool) -> None:
    secrets: list[str] = []
    error = page.once(lambda: secrets.append(service().add(values, is_own=is_own)[1]), "Saving…")
    if error:
        page.show_problem(error)
        return
    if secrets[0]:
        SECRET.set((values.name, secrets[0]))
        st.rerun(scope="fragment")
    st.toast(page.plain(f"{values.name} is added. Send a test."), icon=":material/check:")
    st.rerun()


def _show_secret() -> None:
    name, secret = SECRET.get()
    st.success(
        f"**{page.plain(name)}** is added. Copy the secret now, with which your system checks "
        "signatures: it will not be shown again.",
        icon=":material/key:",
    )
    copy_field(secret, key="channel-secret", label="Secret")
    if st.button("Done", key="channel-done"):
        SECRET.pop()
        st.rerun()


@st.dialog("Change a channel", on_dismiss="rerun")
@session.acting
def edit(channel_id: str) -> None:
    """Ask what to change about a channel, or whether to disable or remove it."""
    try:
        channel = service().entry(channel_id)
    except PbfError as error:
        page.show_problem(error)
        return
    values = _fields(channel.kind, channel)
    turn, switch = page.turn(), "Enable" if channel.is_disabled else "Disable"
    with st.container(horizontal=True):
        saves = st.button("Save", type="primary", key=f"channel-save-{turn}")
        switches = st.button(switch, key=f"channel-switch-{turn}")
        removes = st.button("Remove", key=f"channel-remove-{turn}")
    name = channel.name
    if saves:
        _do(lambda: service().change(channel_id, values), f"{values.name} is saved")
    elif switches:
        enabled = channel.is_disabled
        _do(
            lambda: service().set_enabled(channel_id, enabled=enabled),
            f"{name} is {'enabled' if enabled else 'disabled'}",
        )
    elif removes:
        _do(lambda: service().remove(channel_id), f"{name} is removed")


def _do(operation: Callable[[], object], done: str) -> None:
    error = page.once(operation, "Saving…")
    if error is None:
        st.toast(page.plain(done), icon=":material/check:")
        st.rerun()
    page.show_problem(error)


def _fields(kind: str, channel: ChannelEntry | None) -> ChannelValues:
    """Ask for the values of a channel, which start as those of an existing one."""
    key = channel.id if channel else f"new-{kind}"
    name = st.text_input(
        "Name",
        channel.name if channel else "",
        max_chars=LONGEST_NAME,
        key=f"name-{channel.id if channel else 'new'}",
    )
    label, example = ADDRESSES[kind]
    address = st.text_input(
        "New address" if channel else label,
        max_chars=LONGEST_ADDRESS,
        placeholder=f"Unchanged: {channel.address}" if channel else example,
        autocomplete="off",
        key=f"address-{key}",
    )
    if kind == "message":
        titles = ", ".join(entry.title for entry in SERVICES.values())
        page.quiet(f"{titles}. The documentation lists the form of each address.")
    scope, target = ask_target(
        "Connectors",
        scope=channel.scope if channel else "tenant",
        target=channel.target if channel else "",
        key=f"-{key}",
    )
    with st.expander("What and when"):
        events = st.multiselect(
            "Incidents",
            list(WORDS),
            [event for event in WORDS if channel and event in channel.events],
            format_func=lambda event: WORDS[event][0],
            placeholder="All",
            key=f"events-{key}",
        )
        timing = _timing(channel, key)
    return ChannelValues(
        kind=kind,
        name=name,
        address=address.strip(),
        events=tuple(events),
        scope=scope,
        target=target,
        **vars(timing),
    )


def _timing(channel: ChannelEntry | None, key: str) -> Timing:
    paces = list(PACE)
    digest = st.selectbox(
        "Messages are sent",
        paces,
        paces.index(channel.digest) if channel else 0,
        format_func=PACE.__getitem__,
        key=f"digest-{key}",
    )
    hours = st.number_input(
        "Only incidents that are open for so many hours (0: all)",
        0,
        LONGEST_ESCALATION,
        int((channel.escalates_after if channel else None) or 0),
        key=f"escalation-{key}",
    )
    has_quiet = st.toggle("Quiet hours", bool(channel and channel.quiet_from), key=f"quiet-{key}")
    start, end = _quiet_hours(channel, key) if has_quiet else ("", "")
    zone = ask_time_zone(channel.time_zone if channel else None, key=f"zone-{key}")
    return Timing(digest, float(hours) if hours else None, start, end, zone)


def _quiet_hours(channel: ChannelEntry | None, key: str) -> tuple[str, str]:
    starts = (
        (time.fromisoformat(channel.quiet_from), time.fromisoformat(channel.quiet_until))
        if channel and channel.quiet_from
        else NIGHT
    )
    columns = st.columns(2)
    start = columns[0].time_input("From", starts[0], key=f"from-{key}")
    end = columns[1].time_input("Until", starts[1], key=f"until-{key}")
    return f"{start:%H:%M}", f"{end:%H:%M}"


def _chat(usable: tuple[str, ...]) -> bool:
    return any(name in SERVICES for name in usable)
