"""Hypothesis draws the same cases in every run, however long a case takes.

`make test` draws a fifth of a test's cases, `make exhaustive` all of them.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, is_hypothesis_test, settings
from hypothesis.internal.conjecture import providers

PROFILE = "same draws"
USUAL, FEWEST = 100, 10
SHARE = 5
NO_CONSTANTS = providers.Constants()
SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


def use_same_draws(*, all_cases: bool) -> None:
    """Make this the default of all tests, before they are imported."""
    settings.register_profile(
        PROFILE,
        max_examples=USUAL if all_cases else USUAL // SHARE,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=SLOW,
    )
    settings.load_profile(PROFILE)
    # Hypothesis would draw constants of the loaded modules, which differ between runs.
    providers._get_local_constants = lambda: NO_CONSTANTS


def number_of_cases(number: int) -> int:
    """Return how many cases this run draws for a test that has this number."""
    drawn = settings.get_profile(PROFILE).max_examples
    return max(min(number, FEWEST), number * drawn // USUAL)


def cases(number: int, **options: Any) -> settings:
    """Return settings that run a test with this number of cases."""
    return settings(max_examples=number_of_cases(number), **options)


def mark_drawn(item: pytest.Item) -> None:
    """Mark a test whose cases Hypothesis draws, also within the test."""
    function = getattr(item, "function", None)
    code = getattr(function, "__code__", None)
    if is_hypothesis_test(function) or (code and given.__name__ in code.co_names):
        item.add_marker(pytest.mark.drawn)
