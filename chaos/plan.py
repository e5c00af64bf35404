"""What is asked for, by which process, and what goes wrong meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass

SERVICES = ("stripe", "google_sheets")
NAMING_FIELDS = {"stripe": 1, "google_sheets": 2}
# Of all requests to Fivetran, reading ones as well.
FAULTS = {"lost_answer": 0.10, "500": 0.05, "429": 0.05, "delay": 0.05}


@dataclass(frozen=True)
class Wish:
    """One creation, and the permanent name it must have."""

    service: str
    typed: str
    key: str
    schema: str


def wish(number: int) -> Wish:
    """Return the creation of a number."""
    service = SERVICES[number % len(SERVICES)]
    schema = ".".join([f"source_{number:04}"] * NAMING_FIELDS[service])
    return Wish(service, f"Source {number:04}", f"wish-{number}", schema)


def share(place: int, processes: int, creations: int) -> Iterator[Wish]:
    """Yield what one of the processes asks for; each creation is asked for by two of them."""
    for number in range(creations):
        if number % processes in (place, (place + 1) % processes):
            yield wish(number)


def shares_of_the_rest() -> Iterator[tuple[str, float]]:
    """Yield each fault with its share of the requests that those before it have spared."""
    left = 1.0
    for kind, share_of_all in FAULTS.items():
        yield kind, share_of_all / left
        left -= share_of_all
