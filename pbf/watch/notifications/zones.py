"""The time zone and the timing of a channel."""

from datetime import datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from pbf.rules.notifications.delivery_times import Timing
from pbf.rules.time_zones import time_zone
from pbf.store.watch.tables import Channel


def timing_of(channel: Channel) -> Timing:
    """Return when a channel wants its messages."""
    times = [
        datetime.strptime(text, "%H:%M").time() if text else None
        for text in (channel.quiet_from, channel.quiet_until)
    ]
    return Timing(
        digest=cast(Literal["now", "hourly", "daily"], channel.digest),
        quiet_from=times[0],
        quiet_until=times[1],
        zone=zone_of(channel),
        escalates_after=channel.escalates_after,
    )


def zone_of(channel: Channel) -> ZoneInfo:
    """Return the time zone of a channel; UTC if this machine does not have it."""
    return time_zone(channel.time_zone)
