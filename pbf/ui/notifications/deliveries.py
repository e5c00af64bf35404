"""The log of a channel: what was sent, and what waits."""

import streamlit as st

from pbf.errors import PbfError
from pbf.rules.health import Tone
from pbf.ui import html, page, session
from pbf.ui.lists import paging
from pbf.ui.notifications.channels import service
from pbf.watch.notifications.entries import DeliveryEntry

SHOWN = 10
TONES: dict[str, Tone] = {
    "waiting": "attention",
    "sent": "good",
    "failed": "bad",
    "not needed": "quiet",
}


@st.dialog("Messages to this channel", width="large", on_dismiss="rerun")
@session.acting
def show(channel_id: str) -> None:
    """Show the newest messages of a channel, each with a way to send it again."""
    try:
        channel = service().entry(channel_id)
        deliveries = service().deliveries(channel_id)
    except PbfError as error:
        page.show_problem(error)
        return
    st.markdown(f"**{page.plain(channel.name)}** · {page.plain(channel.address)}")
    if not deliveries:
        page.quiet("Nothing was sent yet. Send a test to see whether the channel works.")
    for delivery in paging.part(deliveries, size=SHOWN, key=f"log-part-{channel_id}"):
        _row(channel_id, delivery)


def _row(channel_id: str, delivery: DeliveryEntry) -> None:
    line = st.container(horizontal=True, vertical_alignment="center", border=False)
    tone = TONES[delivery.status]
    line.html(html.render("notifications", "delivery", delivery=delivery, tone=tone))
    if delivery.status == "waiting":
        return
    key = f"again-{delivery.id}-{page.turn()}"
    if line.button("Send again", key=key, help=f"Send {page.plain(delivery.title)} again"):
        error = page.once(lambda: service().send_again(channel_id, delivery.id), "Saving…")
        if error:
            page.show_problem(error)
        else:
            st.rerun(scope="fragment")
