"""When a notification is sent: escalation, digests, quiet hours, and waits after a refusal."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Literal

Digest = Literal["now", "hourly", "daily"]

# When a daily digest is sent, in the channel's time zone.
DAILY_AT = time(8)
HOUR = timedelta(hours=1)
# The waits after each refusal, in minutes: a day in all.
WAITS = (1, 2, 4, 8, 16, 32, 60, 120, 240, 240, 240, 240, 240)


@dataclass(frozen=True)
class Timing:
    """When a channel wants its messages.

    Without quiet hours, `quiet_from` and `quiet_until` are None; they may span midnight.
    `escalates_after` is in hours.
    """

    digest: Digest = "now"
    quiet_from: time | None = None
    quiet_until: time | None = None
    zone: tzinfo = UTC
    escalates_after: float | None = None

    def opened_due(self, opened_at: datetime, now: datetime) -> datetime:
        """Return when the message that an incident opened is due."""
        after = timedelta(hours=self.escalates_after or 0)
        return self.due(max(now, opened_at + after) if after else now)

    def due(self, moment: datetime) -> datetime:
        """Return when a message of a moment is sent: at the digest, after quiet hours."""
        moment = moment.astimezone(UTC)
        if self.digest == "hourly":
            moment = moment.replace(minute=0, second=0, microsecond=0) + HOUR
        elif self.digest == "daily":
            moment = _next(DAILY_AT, moment, self.zone)
        return self.after_quiet_hours(moment)

    def after_quiet_hours(self, moment: datetime) -> datetime:
        """Return a moment, or the end of the quiet hours in which it lies."""
        if self.quiet_until is None or not self.is_quiet(moment):
            return moment
        return _next(self.quiet_until, moment, self.zone)

    def is_quiet(self, moment: datetime) -> bool:
        """Return whether a moment lies in the quiet hours."""
        start, end = self.quiet_from, self.quiet_until
        if start is None or end is None or start == end:
            return False
        at = moment.astimezone(self.zone).time()
        return start <= at < end if start < end else at >= start or at < end


def next_attempt(attempts: int, now: float) -> float | None:
    """Return when to try again after so many refusals, in seconds since 1970; None for never."""
    return now + 60 * WAITS[attempts - 1] if attempts <= len(WAITS) else None


def _next(at: time, moment: datetime, zone: tzinfo) -> datetime:
    """Return the next time after a moment at which clocks show a time of day.

    A time that the change to summer time skips counts as the moment of the change plus the rest.
    """
    day = moment.astimezone(zone).date()
    candidates = (
        datetime.combine(day + timedelta(days=days), at, zone).replace(fold=fold).astimezone(UTC)
        for days in (0, 1, 2)
        for fold in (0, 1)
    )
    return min(candidate for candidate in candidates if candidate > moment)
