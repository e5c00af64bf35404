"""The creations of each process, and the faults that happen meanwhile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

SERVICES = ("stripe", "google_sheets")
NAMING_FIELDS = {"stripe": 1, "google_sheets": 2}
# Shares of all requests to Fivetran, reads included.
FAULTS = {"lost_answer": 0.10, "500": 0.05, "429": 0.05, "delay": 0.05}


@dataclass(frozen=True)
class Creation:
    """One creation and the permanent name that it must lead to."""

    service: str
    typed: str
    key: str
    schema: str


def creation(number: int) -> Creation:
    """Return the creation with a number."""
    service = SERVICES[number % len(SERVICES)]
    schema = ".".join([f"source_{number:04}"] * NAMING_FIELDS[service])
    return Creation(service, f"Source {number:04}", f"creation-{number}", schema)


def share(index: int, processes: int, creations: int) -> Iterator[Creation]:
    """Yield the creations of one process; two processes request each creation."""
    for number in range(creations):
        if number % processes in (index, (index + 1) % processes):
            yield creation(number)


def shares_of_the_rest(
    faults: Mapping[str, float] = MappingProxyType(FAULTS),
) -> Iterator[tuple[str, float]]:
    """Yield each fault with its share of the requests that the earlier faults leave."""
    left = 1.0
    for kind, share_of_all in faults.items():
        yield kind, share_of_all / left
        left -= share_of_all
