"""One clock for a whole process: what a test moves is the time of all parts."""

import sys
import time
from collections.abc import Callable, Iterator
from types import FunctionType

import pytest

CLOCKS = (time.time, time.monotonic)


def use_clock(monkeypatch: pytest.MonkeyPatch, clock: Callable[[], float]) -> None:
    """Have everything of the product that is made from now on use a clock."""
    for function in _functions():
        if any(value in CLOCKS for value in (function.__kwdefaults__ or {}).values()):
            values = {
                name: clock if value in CLOCKS else value
                for name, value in function.__kwdefaults__.items()
            }
            monkeypatch.setattr(function, "__kwdefaults__", values)
        if any(value in CLOCKS for value in function.__defaults__ or ()):
            defaults = tuple(clock if value in CLOCKS else value for value in function.__defaults__)
            monkeypatch.setattr(function, "__defaults__", defaults)
    monkeypatch.setattr(time, "time", clock)
    monkeypatch.setattr(time, "monotonic", clock)


def _functions() -> Iterator[FunctionType]:
    for name, module in list(sys.modules.items()):
        if name.startswith("pbf."):
            for value in list(vars(module).values()):
                if isinstance(value, FunctionType):
                    yield value
                elif isinstance(value, type) and value.__module__ == name:
                    yield from (
                        part for part in vars(value).values() if isinstance(part, FunctionType)
                    )
