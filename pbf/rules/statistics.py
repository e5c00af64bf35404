"""What the overview's charts show of all connectors, in statistics and in words (pure)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from pbf.fivetran.models import Connector
from pbf.rules.health import TONES, Tone, Word
from pbf.rules.timing import expected, in_words, timing

HOUR = timedelta(hours=1)
HOURS = 24
SHOWN = 5
ENOUGH = 3
# A sync takes its time: due a moment ago is not late yet.
GRACE = 0.25

Query = Mapping[str, str]
FRESHNESS: tuple[tuple[float, str, Tone, Query], ...] = (
    (GRACE, "On time", "good", {"late": f"..{GRACE}"}),
    (1, "Up to 1 interval late", "attention", {"late": f"{GRACE}..1"}),
    (4, "1 to 4 intervals late", "attention", {"late": "1..4"}),
    (inf, "Over 4 intervals late", "bad", {"late": "4.."}),
)
NEVER, UNMEASURED = "No success yet", "Not measured"
GOOD, BAD = "Succeeded", "Failed"


@dataclass(frozen=True)
class Bar:
    """One bar: what it counts, and what of the connectors table it leads to."""

    label: str
    count: int
    tone: Tone
    query: Query
    group: str = ""


@dataclass(frozen=True)
class Line:
    """One line of the table behind a chart, with where its first cell leads."""

    cells: Sequence[str]
    query: Query
    page: str = "connectors"


@dataclass(frozen=True)
class Statistic:
    """One chart, the sentence that says the same, and the tables behind it."""

    id: str
    title: str
    sentence: str
    bars: Sequence[Bar]
    headers: Sequence[str]
    lines: Sequence[Line]
    note: str = ""
    more_headers: Sequence[str] = ()
    more_lines: Sequence[Line] = field(default=())


def statistics(
    connectors: Sequence[Connector],
    *,
    words: Mapping[str, Word],
    categories: Mapping[str, str],
    now: datetime,
) -> list[Statistic]:
    """Return the overview's statistics; `words` are by connector, `categories` by service."""
    return [
        _by_status(Counter(words[connector.id] for connector in connectors)),
        _by_category(Counter(categories.get(one.service, "Other") for one in connectors)),
        _freshness(connectors, now),
        _last_day(connectors, now),
    ]


def interval(connector: Connector) -> float | None:
    """Return the minutes between a connector's syncs.

    None where no schedule runs, or where its times cannot be told.
    """
    status = connector.status
    if connector.paused or status.sync_state == "paused" or status.setup_state == "incomplete":
        return None
    return timing(connector).spacing


def intervals_late(connector: Connector, now: datetime) -> float | None:
    """Return how long a connector's data is overdue, in units of its own interval.

    None where no schedule runs or its times cannot be told, infinite where nothing has succeeded.
    """
    minutes = interval(connector)
    if minutes is None:
        return None
    if connector.succeeded_at is None:
        return inf
    due = expected(connector)
    return max(0.0, (now - due) / timedelta(minutes=minutes)) if due else None


def _by_status(counts: Counter[Word]) -> Statistic:
    bars = [
        Bar(word, counts[word], tone, {"status": word})
        for word, tone in TONES.items()
        if counts[word]
    ]
    return _plain("status", "By status", f"{_number(counts.total())}: {_list(bars)}.", bars)


def _by_category(counts: Counter[str]) -> Statistic:
    found = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    bars = [Bar(name, number, "busy", {"category": name}) for name, number in found]
    rest = len(bars) - ENOUGH
    more = f", and {rest} smaller categor{'y' if rest == 1 else 'ies'}" if rest > 0 else ""
    return _plain("category", "By category", f"Most are in {_list(bars[:ENOUGH])}{more}.", bars)


def _freshness(connectors: Iterable[Connector], now: datetime) -> Statistic:
    late = [(intervals_late(connector, now), connector) for connector in connectors]
    counts = Counter(_bucket(one) for one, _ in late)
    bars = [Bar(label, counts[label], tone, way) for _, label, tone, way in FRESHNESS]
    bars.append(Bar(NEVER, counts[NEVER], "busy", {"late": "never"}))
    bars.append(Bar(UNMEASURED, counts[UNMEASURED], "quiet", {"late": "none"}))
    behind = [(one, each) for one, each in late if one is not None and GRACE < one < inf]
    behind.sort(key=lambda one: (-one[0], one[1].title))
    measured = counts.total() - counts[UNMEASURED]
    sentence = "No connector is measured against a schedule."
    if measured:
        sentence = f"{counts['On time']:,} of {measured:,} measured connectors are on time."
    if behind:
        worst, which = behind[0]
        sentence += f" Furthest behind: {which.title}, {_intervals(worst)} late."
    return Statistic(
        "freshness",
        "Freshness against schedule",
        sentence,
        [bar for bar in bars if bar.count],
        ("Freshness", "Connectors"),
        [Line((bar.label, f"{bar.count:,}"), bar.query) for bar in bars if bar.count],
        "How late the data is, in units of each connector's own interval. "
        "A quarter of an interval counts as on time. Not measured: what is paused, manual only or "
        "not finished, and schedules whose next time is not known.",
        ("Furthest behind", "Late by", "Syncs"),
        [
            Line((each.title, _intervals(one), in_words(each)), {"id": each.id}, "connector")
            for one, each in behind[:SHOWN]
        ],
    )


def _last_day(connectors: Iterable[Connector], now: datetime) -> Statistic:
    good: Counter[int] = Counter()
    bad: Counter[int] = Counter()
    for connector in connectors:
        for moment, counts in ((connector.succeeded_at, good), (connector.failed_at, bad)):
            if moment and timedelta(0) <= now - moment < HOURS * HOUR:
                counts[int((now - moment) / HOUR)] += 1
    back = range(HOURS - 1, -1, -1)
    return Statistic(
        "hours",
        "Syncs of the last 24 hours",
        f"{_number(good.total())} succeeded within the last 24 hours; "
        f"{f'{bad.total():,}' if bad.total() else 'none'} failed.",
        [Bar(str(hour), good[hour], "busy", _then("succeeded", hour), GOOD) for hour in back]
        + [Bar(str(hour), bad[hour], "bad", _then("failed", hour), BAD) for hour in back],
        ("When", GOOD, BAD),
        [
            Line((_ago(hour), f"{good[hour]:,}", f"{bad[hour]:,}"), _then("ended", hour))
            for hour in range(HOURS)
            if good[hour] or bad[hour]
        ],
        "Each connector's last success and last failure; what came before is not in the list.",
    )


def _plain(name: str, title: str, sentence: str, bars: Sequence[Bar]) -> Statistic:
    lines = [Line((bar.label, f"{bar.count:,}"), bar.query) for bar in bars]
    return Statistic(
        name, title, sentence, bars, (title.removeprefix("By ").capitalize(), "Connectors"), lines
    )


def _bucket(late: float | None) -> str:
    if late is None:
        return UNMEASURED
    if late == inf:
        return NEVER
    return next(label for limit, label, _, _ in FRESHNESS if late <= limit)


def _intervals(late: float) -> str:
    return f"{late:,.1f} interval{'' if round(late, 1) == 1 else 's'}"


def _then(what: str, hour: int) -> Query:
    """Return the way to the connectors that did something so many hours ago."""
    return {what: f"{hour}..{hour + 1}"}


def _ago(hour: int) -> str:
    return "Within the last hour" if hour == 0 else f"{hour} to {hour + 1} hours ago"


def _number(count: int) -> str:
    return f"{count:,} connector{'' if count == 1 else 's'}"


def _list(bars: Iterable[Bar]) -> str:
    return ", ".join(f"{bar.label} {bar.count:,}" for bar in bars)
