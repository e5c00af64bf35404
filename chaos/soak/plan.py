"""The size of a run; times are in seconds of ours unless they say otherwise."""

from dataclasses import dataclass

DAY = 86_400.0
HOURS = 24
# Shares of all requests to Fivetran that fail all the time, outages aside.
FAULTS = {"lost_answer": 0.02, "500": 0.02, "429": 0.01, "delay": 0.02}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`minutes` of ours are 24 hours of the sandbox's time.

    `every` is the time between the beginnings of two troubles, and `kinds` are those that happen,
    by default all. Without `screens` only the routes alone are served.
    """

    minutes: float = 15.0
    people: int = 3
    every: float = 10.0
    outage: float = 5.0
    pause: float = 0.25
    seed: int = 1
    screens: bool = True
    kinds: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long the troubles go on."""
        return 60 * self.minutes

    @property
    def speed(self) -> float:
        """How many seconds pass in the sandbox in one of ours."""
        return DAY / self.seconds

    @property
    def hour(self) -> float:
        """How long an hour of the sandbox is; so long can a deletion be undone."""
        return self.seconds / HOURS
