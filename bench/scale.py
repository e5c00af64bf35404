"""The number of rounds, requests and connectors of a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Rounds per measurement, warm-up rounds, seconds of load, and other counts."""

    rounds: int = 7
    warm_up: int = 1
    seconds: float = 1.0
    sizes: tuple[int, ...] = (10, 100, 1000, 10_000)
    views: int = 1000
    calls: int = 10_000
    cold_sessions: int = 200
    sessions: int = 20
    tabs: int = 300
    idle: float = 60.0
    tenants: int = 1000
    syncs: int = 1_000_000
    syncs_of_one: int = 10_000


FULL = Scale()
TINY = Scale(
    rounds=1,
    warm_up=0,
    seconds=0.2,
    sizes=(10, 20),
    views=4,
    calls=20,
    cold_sessions=4,
    sessions=2,
    tabs=4,
    idle=4.0,
    tenants=10,
    syncs=4_000,
    syncs_of_one=400,
)
