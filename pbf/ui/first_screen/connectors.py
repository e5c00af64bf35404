"""The first rows of the table of connectors."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from markupsafe import Markup

from pbf.cache.derived import DerivedCache
from pbf.cache.entries import CachedList
from pbf.clock import utc_now
from pbf.components import connector_table as component
from pbf.connectors.access.caller import caller
from pbf.connectors.portal import Portal
from pbf.fivetran.models import Connector, Service
from pbf.rules.access.permissions import Permission, allows
from pbf.ui import data, html
from pbf.ui.first_screen.parts import filled
from pbf.ui.view_models import Row, rows_of

HTML = Path(component.__file__).with_name("connector_table.html")
# As many as most windows show.
FIRST_ROWS = 20
# Rows that are made for the first screen, 40 µs each; those of a longer list are only used again.
MOST_MADE = 1000
# Of how many tenants they are kept, 40 kB each.
TENANTS = 200
# As in `rows.js` and `unfinished.js`.
TONE_ORDER = ("bad", "attention", "busy", "quiet", "good")
FINISH = "finish"
MOST_UNFINISHED = 3

_tables: DerivedCache[Markup | None] = DerivedCache(FIRST_ROWS * TENANTS)


def draw(portal: Portal) -> Markup | None:
    """Return the table with its first rows; None if a list is not in memory, or is empty.

    A list that is so old that the page waits for a newer one is not shown. Above the table of
    tenants with deleted connectors there is more, so they have none either.
    """
    catalogue, own = portal.last_catalogue(), portal.last_connectors()
    if not portal.connectors_available or portal.last_deleted():
        return None
    if not catalogue or not own or not own.items:
        return None
    acts = allows(caller().role, Permission.CHANGE)
    invites = portal.policy().limits.invitations
    now = utc_now().replace(second=0, microsecond=0)

    def table() -> Markup | None:
        rows = _rows(portal, catalogue, own, now, acts=acts, invites=invites)
        return None if rows is None else _drawn(rows, acts=acts)

    state = catalogue.revision, own.revision, invites, now
    return _tables.get((portal.tenant.id, acts), state, table, items=FIRST_ROWS)


def _rows(
    portal: Portal,
    catalogue: CachedList[Service],
    own: CachedList[Connector],
    now: datetime,
    *,
    acts: bool,
    invites: bool,
) -> Sequence[Row] | None:
    """Return all rows: those that a page has made, or new ones if there are not too many."""
    made = data.made_rows(portal.tenant.id, acts)
    state = catalogue.revision, own.revision, invites
    if made and (made[0].catalogue, made[0].own, made[0].invites) == state:
        return made[1]
    if len(own.items) > MOST_MADE:
        return None
    notes = portal.maintenance.last_notices(own.items, now)
    return rows_of(own.items, catalogue.items, notes, now, invites=invites, acts=acts)


def _drawn(rows: Sequence[Row], *, acts: bool) -> Markup:
    unfinished = [row for row in rows if row["next_action"] and row["next_action"]["id"] == FINISH]
    tones = {row["status"]: TONE_ORDER.index(row["tone"]) for row in rows}
    statuses = sorted(
        Counter(row["status"] for row in rows).items(), key=lambda item: (tones[item[0]], item[0])
    )
    kinds = sorted(Counter(row["category"] for row in rows).items())
    total = len(rows)
    contents = {
        "chips": html.render("first_screen", "chips", choices=[("All", total), *statuses]),
        "kind": html.render("first_screen", "options", choices=[("All categories", total), *kinds]),
        "sort": html.render("first_screen", "orders"),
        "count": Markup("{0:,} of {0:,} connectors").format(total),
        "head": html.render("first_screen", "head"),
        "body": html.render("first_screen", "rows", rows=rows[:FIRST_ROWS]),
    }
    if unfinished:
        contents["strip"] = html.render("first_screen", "strip", rows=unfinished)
    classes = {} if acts else {"pbf connectors": "view-only"}
    if len(unfinished) > MOST_UNFINISHED:
        classes["strip"] = "many"
    if len(kinds) < 2:
        classes["sort kind"] = "unseen"
    return filled(HTML, classes, **contents)
