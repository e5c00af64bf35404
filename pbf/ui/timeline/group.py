"""The syncs of the visitor's tenant for the overview."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pbf.errors import StoreFailed
from pbf.rules.statistics import HOURS, Statistic
from pbf.rules.timeline.group import DAYS, by_day, by_hour
from pbf.ui.timeline.source import timeline


def group_syncs(now: datetime) -> Sequence[Statistic]:
    """Return the tenant's syncs by hour and by day; nothing if none is recorded or readable."""
    try:
        first = (now - timedelta(days=DAYS - 1)).date()
        days = timeline().group_days(first, now.date())
        hours = timeline().group_hours(now - timedelta(hours=HOURS), now)
    except StoreFailed:  # the page works without them; the next run tries again
        return ()
    if not any(day.succeeded or day.failed or day.other for day in days):
        return ()
    return by_hour(hours, now), by_day(days, now)
