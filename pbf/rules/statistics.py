"""The statistics behind the overview's charts, as numbers and as sentences."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from pbf.fivetran.models import Connector
from pbf.rules.health import TONES, Tone, Word
from pbf.rules.parsed_schedule import expected, in_words, timing
from pbf.rules.wording import is_to_come

HOUR = timedelta(hours=1)
HOURS = 24
SHOWN_CONNECTORS = 5
NAMED_CATEGORIES = 3
# A sync takes some time, so a connector is late only after this share of its interval.
GRACE = 0.25

Query = Mapping[str, str]
FRESHNESS: tuple[tuple[float, str, Tone, Query], ...] = (
    (GRACE, "On time", "good", {"late": f"..{GRACE}"}),
    (1, "Up to 1 interval late", "attention", {"late": f"{GRACE}..1"}),
    (4, "1 to 4 intervals late", "attention", {"late": "1..4"}),
    (inf, "Over 4 intervals late", "bad", {"late": "4.."}),
)
NEVER, UNMEASURED = "No success yet", "Not measured"
FRESHNESS_NOTE = (
    "How late the data is, in units of each connector's own interval. "
    "A quarter of an interval counts as on time. Not measured: what is paused, manual only or "
    "not finished, and schedules whose next time is not known."
)
GOOD, BAD = "Succeeded", "Failed"


@dataclass(frozen=True)
class Bar:
    """One bar: what it counts, and the query of the connectors page that lists the same."""

    label: str
    count: int
    tone: Tone
    query: Query
    group: str = ""


@dataclass(frozen=True)
class Line:
    """One line of the table behind a chart, and the page and query that its first cell links to."""

    cells: Sequence[str]
    query: Query
    page: str = "connectors"


@dataclass(frozen=True)
class Statistic:
    """One chart, the sentence that says the same, and its tables."""

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
    syncs: Sequence[Statistic] = (),
) -> list[Statistic]:
    """Return the overview's statistics; `words` are by connector, `categories` by service.

    Without statistics of `syncs`, each connector's last success and failure stand for them.
    """
    return [
        _by_status(Counter(words[connector.id] for connector in connectors)),
        _by_category(
            Counter(categories.get(connector.service, "Other") for connector in connectors)
        ),
        _freshness(connectors, now),
        *(syncs or [_last_day(connectors, now)]),
    ]


def interval(connector: Connector, now: datetime) -> float | None:
    """Return the minutes between a connector's syncs.

    None if it has no running schedule, one whose times are unknown, or a success that is still to
    come, from which nothing follows.
    """
    if connector.is_paused or connector.is_incomplete:
        return None
    if connector.succeeded_at and is_to_come(connector.succeeded_at, now):
        return None
    return timing(connector).spacing


def intervals_late(connector: Connector, now: datetime) -> float | None:
    """Return how long a connector's data is overdue, in units of its own interval.

    None if it has no running schedule or one whose times are unknown, infinite before the first
    success.
    """
    minutes = interval(connector, now)
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
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    bars = [Bar(name, number, "busy", {"category": name}) for name, number in largest]
    rest = len(bars) - NAMED_CATEGORIES
    more = f", and {rest} smaller categor{'y' if rest == 1 else 'ies'}" if rest > 0 else ""
    share = "Most" if more else "All"
    sentence = f"{share} are in {_list(bars[:NAMED_CATEGORIES])}{more}."
    return _plain("category", "By category", sentence, bars)


def _freshness(connectors: Iterable[Connector], now: datetime) -> Statistic:
    lateness = [(intervals_late(connector, now), connector) for connector in connectors]
    counts = Counter(_bucket(late) for late, _ in lateness)
    bars = [Bar(label, counts[label], tone, query) for _, label, tone, query in FRESHNESS]
    bars.append(Bar(NEVER, counts[NEVER], "busy", {"late": "never"}))
    bars.append(Bar(UNMEASURED, counts[UNMEASURED], "quiet", {"late": "none"}))
    bars = [bar for bar in bars if bar.count]
    behind = [(late, connector) for late, connector in lateness if late and GRACE < late < inf]
    behind.sort(key=lambda item: (-item[0], item[1].title))
    return Statistic(
        "freshness",
        "Freshness against schedule",
        _freshness_sentence(counts, behind),
        bars,
        ("Freshness", "Connectors"),
        [Line((bar.label, f"{bar.count:,}"), bar.query) for bar in bars],
        FRESHNESS_NOTE,
        ("Furthest behind", "Late by", "Syncs"),
        [_late_line(late, connector) for late, connector in behind[:SHOWN_CONNECTORS]],
    )


def _freshness_sentence(counts: Counter[str], behind: Sequence[tuple[float, Connector]]) -> str:
    measured = counts.total() - counts[UNMEASURED]
    if not measured:
        return "No connector is measured against a schedule."
    sentence = f"{counts['On time']:,} of {measured:,} measured connectors are on time."
    if not behind:
        return sentence
    late, connector = behind[0]
    return f"{sentence} Furthest behind: {connector.title}, {_intervals(late)} late."


def _late_line(late: float, connector: Connector) -> Line:
    cells = (connector.title, _intervals(late), in_words(connector))
    return Line(cells, {"id": connector.id}, "connector")


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
        [Bar(str(hour), good[hour], "busy", _within("succeeded", hour), GOOD) for hour in back]
        + [Bar(str(hour), bad[hour], "bad", _within("failed", hour), BAD) for hour in back],
        ("When", GOOD, BAD),
        [
            Line((_ago(hour), f"{good[hour]:,}", f"{bad[hour]:,}"), _within("ended", hour))
            for hour in range(HOURS)
            if good[hour] or bad[hour]
        ],
        "Each connector's last success and last failure; earlier ones are not in the list.",
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


def _within(event: str, hour: int) -> Query:
    """Return the query for the connectors with an event so many hours ago."""
    return {event: f"{hour}..{hour + 1}"}


def _ago(hour: int) -> str:
    return "Within the last hour" if hour == 0 else f"{hour} to {hour + 1} hours ago"


def _number(count: int) -> str:
    return f"{count:,} connector{'' if count == 1 else 's'}"


def _list(bars: Iterable[Bar]) -> str:
    return ", ".join(f"{bar.label} {bar.count:,}" for bar in bars)
