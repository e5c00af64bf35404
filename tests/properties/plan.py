"""How many cases are drawn of what comes in from outside, and how many were."""

from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from tests.support.draws import cases

ENOUGH = 10_000
PLAN = {
    "what is typed as a name": 3000,
    "names beside others": 2000,
    "texts as slips": 1500,
    "slips with another letter": 1500,
    "slips of other makers, tenants and uses": 500,
    "lists of cursors": 600,
    "names sent to be created": 300,
    "lists with odd items": 800,
    "schemas with odd tables": 300,
    "ways back": 400,
    "paths": 300,
    # The last three for each route that takes a body, or for each route.
    "bodies of any type": 200,
    "bodies described otherwise": 150,
    "requests as described": 60,
}
# Some routes can be asked in no more than a few ways.
FEWER = {"requests as described"}
drawn: Counter[str] = Counter()


def planned(what: str) -> Callable[[Any], Any]:
    """Return a decorator that draws as many cases as are planned, and counts them."""

    def decorate(test: Any) -> Any:
        inner = test.hypothesis.inner_test

        @wraps(inner)
        def counted(*args: Any, **options: Any) -> Any:
            drawn[what] += 1
            return inner(*args, **options)

        test.hypothesis.inner_test = counted
        return cases(PLAN[what])(test)

    return decorate


def missing() -> dict[str, int]:
    """Return of what fewer cases were drawn than are planned, and how many."""
    return {
        what: number for what, number in drawn.items() if number < PLAN[what] and what not in FEWER
    }
