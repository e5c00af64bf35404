"""Figures with their floors and bounds, printed as a table and written as JSON."""

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TypeVar

from bench.scale import Scale

Sample = TypeVar("Sample")

RESULTS = Path(__file__).with_name("results.json")
VERSIONS = ("streamlit", "Flask", "waitress", "a2wsgi", "redis", "playwright")


@dataclass(frozen=True)
class Figure:
    """One measurement; its bound applies to the ratio or, without a ratio, to the value."""

    area: str
    what: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def verdict(self) -> str:
        """Return "holds" or "falls short", or an empty text without a bound."""
        measured = self.value if self.ratio is None else self.ratio
        if self.at_most is not None:
            return "holds" if measured <= self.at_most else "falls short"
        if self.at_least is not None:
            return "holds" if measured >= self.at_least else "falls short"
        return ""

    @property
    def bound(self) -> str:
        """Return the bound as text."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""


def against(
    area: str,
    what: str,
    unit: str,
    pairs: Sequence[tuple[float, float]],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Figure:
    """Return the medians of (value, floor) pairs and of their ratios."""
    values, floors = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    ratio = median(value / floor for value, floor in pairs)
    return Figure(area, what, median(values), unit, median(floors), ratio, at_most, at_least)


def in_turns(
    scale: Scale, value: Callable[[], Sample], floor: Callable[[], Sample]
) -> list[tuple[Sample, Sample]]:
    """Measure value and floor alternately, so that other load affects both alike."""
    for _ in range(scale.warm_up):
        value(), floor()
    pairs = []
    for number in range(scale.rounds):
        if number % 2:
            pairs.append((value(), floor()))
        else:
            floor_sample = floor()
            pairs.append((value(), floor_sample))
    return pairs


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table of text."""
    lines, area = [], ""
    for figure in figures:
        if figure.area != area:
            area = figure.area
            lines.append(f"\n{area}")
        floor = f"{figure.floor:,.1f}" if figure.floor is not None else ""
        ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
        lines.append(
            f"  {figure.what:<52} {figure.value:>11,.1f} {figure.unit:<7} {floor:>11} "
            f"{ratio:>6} {figure.bound:>8}  {figure.verdict}"
        )
    head = f"  {'':<52} {'value':>11} {'':<7} {'floor':>11} {'ratio':>6} {'bound':>8}"
    return "\n".join([head, *lines])


def conclude(figures: Sequence[Figure]) -> int:
    """Print whether all figures hold, and return the exit status of that."""
    holds = not any(figure.verdict == "falls short" for figure in figures)
    print("\nholds" if holds else "\nfalls short")
    return 0 if holds else 1


def write(figures: Sequence[Figure], seconds: float) -> None:
    """Write the figures and a description of the machine."""
    entries = [{**asdict(figure), "verdict": figure.verdict} for figure in figures]
    text = json.dumps(
        {"machine": machine(), "seconds": round(seconds), "figures": entries}, indent=1
    )
    RESULTS.write_text(f"{text}\n", encoding="utf-8")


def machine() -> dict[str, object]:
    """Return the machine and the versions that the figures depend on."""
    return {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "processor": _processor(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "load": os.getloadavg(),
        "python": platform.python_version(),
        **{name: version(name) for name in VERSIONS},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "")
