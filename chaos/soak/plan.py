"""The size of a run; times are in seconds of ours unless they say otherwise."""

from dataclasses import dataclass

# How fast the sandbox's clock runs.
SPEED = 96.0
# An hour of the sandbox's time.
HOUR = 3600 / SPEED
# Shares of all requests to Fivetran that fail all the time, outages aside.
FAULTS = {"lost_answer": 0.02, "500": 0.02, "429": 0.01, "delay": 0.02}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The size of a run; fifteen minutes are 24 hours of the sandbox's time.

    `every` is the time between the beginnings of two troubles, and `kinds` are those that happen,
    by default all. A deletion can be undone for the time `grace`. Without `screens` only the routes
    alone are served.
    """

    minutes: float = 15.0
    people: int = 3
    every: float = 10.0
    outage: float = 5.0
    grace: float = 36.0
    pause: float = 0.25
    seed: int = 1
    screens: bool = True
    kinds: tuple[str, ...] = ()

    @property
    def hours(self) -> float:
        """The hours of the sandbox's time."""
        return self.minutes * 60 / HOUR
