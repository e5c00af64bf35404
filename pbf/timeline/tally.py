"""How stored syncs change the numbers by day and hour."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeVar

from pbf.rules.timeline.outcomes import FAILURES, Outcome
from pbf.store.timeline.syncs import DAY, HOUR
from pbf.store.timeline.tables import WHOLE_GROUP

Place = TypeVar("Place")
_Numbers = defaultdict[Place, defaultdict[str, float]]

COLUMNS = ("succeeded", "failed", "other")


class Tally:
    """The changes of the numbers of some connectors and of their group."""

    def __init__(self) -> None:
        """Start without a change."""
        self._days: _Numbers[tuple[str, int]] = _numbers()
        self._hours: _Numbers[int] = _numbers()

    def replace(self, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
        """Count a row as it is instead of as it was; a part of another row does not count."""
        for row, sign in ((before, -1), (after, 1)):
            if row is not None and not row["part_of"]:
                day, hour = int(row["at"] // DAY), int(row["at"] // HOUR)
                name = _column(row["outcome"])
                self._hours[hour][name] += sign
                for owner in (after["connector_id"], WHOLE_GROUP):
                    self._days[owner, day][name] += sign
                    self._days[owner, day]["busy_seconds"] += sign * _seconds(row)

    def days(self) -> list[dict[str, Any]]:
        """Return what to add to the rows of days."""
        return [
            {"connector_id": owner, "day": day, **_counts(numbers)}
            | {"busy_seconds": numbers["busy_seconds"]}
            for (owner, day), numbers in self._days.items()
        ]

    def hours(self) -> list[dict[str, Any]]:
        """Return what to add to the rows of hours."""
        return [{"hour": hour, **_counts(numbers)} for hour, numbers in self._hours.items()]


def _numbers() -> _Numbers[Any]:
    return defaultdict(lambda: defaultdict(float))


def _counts(numbers: Mapping[str, float]) -> dict[str, int]:
    return {name: int(numbers.get(name, 0)) for name in COLUMNS}


def _column(outcome: str) -> str:
    if outcome == Outcome.SUCCEEDED:
        return "succeeded"
    return "failed" if outcome in FAILURES else "other"


def _seconds(row: Mapping[str, Any]) -> float:
    started, ended = row["started_at"], row["ended_at"]
    return 0.0 if started is None or ended is None else max(0.0, ended - started)
