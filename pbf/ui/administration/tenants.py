"""Parts of the page Tenants: who needs somebody, how many requests are left, and the way in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from pbf.clock import utc_now
from pbf.connectors.account.account_statuses import Statuses, Words
from pbf.identity.tenants import TenantEntry
from pbf.paths import PREFIX, from_page
from pbf.rules.health import TONES, URGENT, Tone, Word
from pbf.rules.wording import ago
from pbf.runtime import runtime
from pbf.ui import html, page
from pbf.ui.lists import paging, search

SEARCH = "tenants-search"
SHOWN = 50
HOME = "/"


@dataclass(frozen=True)
class TenantRow:
    """A tenant as the table shows it; `needs` is None as long as its connectors are not counted."""

    id: str
    name: str
    group_id: str
    connectors: int
    needs: int | None
    words: tuple[tuple[Word, Tone, int], ...]


def newest() -> tuple[list[TenantRow], Statuses]:
    """Return the tenants as they are now, and how old the numbers of their connectors are."""
    entries = runtime().identity.tenants.all()
    statuses = runtime().statuses.newest([entry.group_id for entry in entries])
    return rows(entries, statuses), statuses


def rows(entries: Sequence[TenantEntry], statuses: Statuses) -> list[TenantRow]:
    """Return the tenants, those with the most connectors that need somebody first."""
    is_complete = statuses.read_at is not None
    table = [
        _row(entry, statuses.words.get(entry.group_id, {} if is_complete else None))
        for entry in entries
    ]
    return sorted(table, key=lambda row: (-(row.needs or 0), row.name.casefold(), row.id))


def _row(entry: TenantEntry, words: Words | None) -> TenantRow:
    counts = words or {}
    shown = tuple((word, tone, counts[word]) for word, tone in TONES.items() if counts.get(word))
    needs = sum(number for word, _, number in shown if word in URGENT)
    return TenantRow(
        id=entry.id,
        name=entry.name,
        group_id=entry.group_id,
        connectors=sum(counts.values()),
        needs=None if words is None else needs,
        words=shown,
    )


def matching(table: Sequence[TenantRow], typed: str) -> list[TenantRow]:
    """Return the rows whose name, id or group has all words of a search."""
    return list(
        search.matching(table, typed, text=lambda row: f"{row.name} {row.id} {row.group_id}")
    )


def show_search() -> str:
    """Show the search field, and return what is typed."""
    return search.search_field("A name, an id, a group", key=SEARCH)


def show_summary(table: Sequence[TenantRow], statuses: Statuses) -> None:
    """Say how many tenants need somebody, how old that is, and how many requests are left."""
    waiting = sum(bool(row.needs) for row in table)
    total = "1 tenant" if len(table) == 1 else f"{len(table):,} tenants"
    needs = "needs" if waiting == 1 else "need"
    if statuses.read_at is None:
        text = f"{total}."
    else:
        text = f"{waiting:,} of {total} {needs} somebody." if waiting else f"{total}, all well."
    page.quiet(f"{text} {age(statuses)} {requests_left()}".strip())


def age(statuses: Statuses) -> str:
    """Return in a sentence how old the numbers are."""
    if statuses.is_reading and statuses.read_at is None:
        return f"Counting their connectors: {statuses.read:,} so far."
    if statuses.read_at is None:
        return ""
    moment = datetime.fromtimestamp(statuses.read_at, UTC)
    return f"Connectors counted {ago(moment, utc_now())}."


def requests_left() -> str:
    """Return in a sentence how many requests the account has left in this hour."""
    limit = runtime().client.latest.rate_limit
    if limit.limit is None or limit.remaining is None:
        return ""
    return f"{limit.remaining:,} of this hour's {limit.limit:,} requests to Fivetran are left."


def show_problem(statuses: Statuses) -> None:
    """Say why there are no newer numbers, if so."""
    if statuses.problem:
        st.warning(
            f"The connectors could not be counted. {page.plain(str(statuses.problem))}",
            icon=":material/history:",
        )


def show_table(table: Sequence[TenantRow], *, inside: str) -> None:
    """Show one page of tenants, each with the way in; `inside` is the one that was entered."""
    place = st.container()  # above the choice of the page
    visible = paging.part(table, size=SHOWN, key="tenants-page")
    used = requests_used([row.id for row in visible])
    place.html(
        html.render(
            "administration",
            "tenants",
            rows=visible,
            used=used,
            window=runtime().limits.for_all,
            inside=inside,
            action=from_page(f"{PREFIX}/tenant"),
            next=HOME,
        )
    )


def requests_used(tenant_ids: Collection[str]) -> Mapping[str, int]:
    """Return the requests that tenants have used, by their ids; empty if that is not known."""
    return runtime().limits.used(tenant_ids)
