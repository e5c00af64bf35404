"""Notifications: who is notified of incidents, how, and whether that works."""

import streamlit as st

from pbf.errors import PbfError
from pbf.rules.access.permissions import Permission
from pbf.ui import page, session
from pbf.ui.notifications import channels, deliveries, form


def show() -> None:
    """Show the visitor's channels, and for admins those of the tenant."""
    service = channels.service()
    entries = service.listed()
    pressed = ""
    if service.may_have_own:
        own = [entry for entry in entries if entry.is_own]
        pressed = channels.show_part("My channels", own, is_own=True)
    if session.may(Permission.MANAGE_NOTIFICATIONS):
        shared = [entry for entry in entries if not entry.is_own]
        pressed = channels.show_part("Channels of the tenant", shared, is_own=False) or pressed
    elif not service.may_have_own:
        st.info(page.plain(session.why_not(Permission.MANAGE_NOTIFICATIONS)))
    open_dialog(pressed)


def open_dialog(pressed: str) -> None:
    """Open the dialog of what was pressed."""
    action, _, target = pressed.partition(" ")
    if action == "add":
        form.SECRET.pop()
        form.add(is_own=target == "own")
    elif action == "edit":
        form.edit(target)
    elif action == "log":
        deliveries.show(target)


page.start_page("Notifications")
st.title("Notifications", anchor=False)
page.quiet("One message when a connector has a problem, and one when it is over.")
try:
    show()
except PbfError as error:
    page.stop_with(error)
