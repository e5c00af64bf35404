"""How many examples `make exhaustive` draws of each kind of input, and how many were drawn."""

from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from tests.support.draws import cases, number_of_cases

ENOUGH = 10_000
PLAN = {
    "typed names": 3000,
    "names beside other names": 2000,
    "texts as tokens": 1500,
    "tokens with a changed letter": 1500,
    "tokens of other keys, tenants and uses": 500,
    "lists of cursors": 600,
    "names sent to be created": 1500,
    "lists with invalid items": 400,
    "schemas with invalid tables": 300,
    "return URLs": 200,
    "paths": 300,
    # The rest is per route, or per route with a body.
    "bodies of any type": 200,
    "undocumented bodies": 200,
    "documented requests": 100,
}
# Some routes have only a few possible requests.
FEWER = {"documented requests"}
drawn: Counter[str] = Counter()


def planned(what: str) -> Callable[[Any], Any]:
    """Return a decorator that draws as many examples as planned, and counts them."""

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
    """Return the kinds with fewer examples drawn than planned, and their number."""
    return {
        what: number
        for what, number in drawn.items()
        if number < number_of_cases(PLAN[what]) and what not in FEWER
    }
