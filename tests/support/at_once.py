"""Threads that do something at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

THREADS = 8

Result = TypeVar("Result")


def at_once(action: Callable[[int], Result]) -> list[Result]:
    """Run an action in eight threads that start together, and return the eight results."""
    together = threading.Barrier(THREADS)

    def run(number: int) -> Result:
        together.wait()
        return action(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))
