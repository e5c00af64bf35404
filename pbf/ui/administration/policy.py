"""Parts of the page Policy: what a tenant sees, and which rule decides it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.fivetran.models import Service
from pbf.identity.models import Identity
from pbf.identity.tenants import TenantEntry
from pbf.paths import LONGEST_SEARCH
from pbf.rules.access.permissions import Permission, allows
from pbf.rules.access.policy import FIVETRANS_DEFAULT, Policy
from pbf.rules.parsed_schedule import every
from pbf.rules.wording import capital
from pbf.runtime import runtime
from pbf.ui import html, page
from pbf.ui.lists import search

SHOWN = 200
TENANT = "policy-tenant"
SEARCH = "policy-search"


@dataclass(frozen=True)
class Decided:
    """A service, whether it is allowed, and the rule that decides it."""

    id: str
    name: str
    allowed: bool
    rule: str


@dataclass(frozen=True)
class RuleCount:
    """A rule, whether it allows services, and how many it decides."""

    rule: str
    allowed: bool
    number: int


def choose_tenant(visitor: Identity) -> str:
    """Return the visitor's tenant; operators choose one of all."""
    if not allows(visitor.role, Permission.MANAGE_TENANTS):
        return visitor.tenant_id
    names = {entry.id: entry for entry in runtime().identity.tenants.all()}
    if not names:
        st.info("There are no tenants yet. Add one to the policy file.")
        st.stop()
    asked = page.query_param("tenant") or visitor.tenant_id
    chosen = st.selectbox(
        "Tenant",
        list(names),
        index=list(names).index(asked) if asked in names else 0,
        format_func=lambda tenant_id: _label(names[tenant_id]),
        key=TENANT,
    )
    return str(chosen)


def _label(entry: TenantEntry) -> str:
    return entry.name if entry.name == entry.id else f"{entry.name} ({entry.id})"


def portal_of(tenant_id: str) -> Portal:
    """Return the portal of a tenant with the catalogue loaded; show a message meanwhile.

    Raises UnknownTenant or an ApiError.
    """
    portal = runtime().portals.of(tenant_id)
    if not portal.services_available:
        with st.spinner("Asking Fivetran for the services…"):
            portal.catalogue()
    return portal


def decided(services: Iterable[Service], policy: Policy) -> list[Decided]:
    """Return all services by name, each with what the policy decides."""
    decisions = ((service, policy.services.decide(service)) for service in services)
    listed = [
        Decided(item.id, item.title, made.allowed, capital(made.rule)) for item, made in decisions
    ]
    return sorted(listed, key=lambda row: (row.name.casefold(), row.id))


def rule_counts(rows: Iterable[Decided]) -> list[RuleCount]:
    """Return the rules, first those that allow services, those for the most services first."""
    counts = Counter((row.allowed, row.rule) for row in rows)
    listed = [RuleCount(rule, allowed, number) for (allowed, rule), number in counts.items()]
    return sorted(listed, key=lambda row: (not row.allowed, -row.number, row.rule))


def show_services(portal: Portal, policy: Policy, *, names_hidden: bool) -> None:
    """Show how many services each rule allows or hides, and the services.

    Hidden services are named for operators only (`names_hidden`): that one exists is what the
    policy hides. Others get their numbers, and the rules.
    """
    rows = decided(portal.catalogue().items, policy)
    allowed = sum(row.allowed for row in rows)
    st.header("Services", anchor=False)
    page.quiet(f"{allowed:,} of {len(rows):,} services are allowed.")
    st.html(html.render("administration", "rules", rows=rule_counts(rows)))
    _show_list(rows if names_hidden else [row for row in rows if row.allowed])


def _show_list(rows: Sequence[Decided]) -> None:
    if not rows:
        return
    typed = st.text_input(
        "Search services",
        key=SEARCH,
        type="search",
        live=True,
        placeholder="A name, an id, a rule",
        max_chars=LONGEST_SEARCH,
    )[:LONGEST_SEARCH]
    shown = matching(rows, typed) if typed else []
    if shown:
        st.html(html.render("administration", "services", rows=shown[:SHOWN]))
    elif typed:
        page.quiet("No services match your search.")
    if len(shown) > SHOWN:
        page.quiet(
            f"These are the first {SHOWN} of {len(shown):,}. Type more to narrow the search."
        )


def matching(rows: Sequence[Decided], typed: str) -> list[Decided]:
    """Return the services whose name, id or rule has all words of a search."""
    return list(search.matching(rows, typed, text=lambda row: f"{row.name} {row.id} {row.rule}"))


def show_settings(policy: Policy) -> None:
    """Show names, defaults, limits and branding."""
    sections = {
        "Names": _names(policy),
        "New connectors": _defaults(policy),
        "Limits": _limits(policy),
        "Branding": _branding(policy),
    }
    for title, pairs in sections.items():
        st.header(title, anchor=False)
        st.html(html.render("administration", "facts", pairs=list(pairs)))


def _names(policy: Policy) -> Iterator[tuple[str, str]]:
    naming = policy.naming
    pattern = f"{naming.before}{{name}}{naming.after}"
    yield "Pattern", pattern if pattern != "{name}" else "Any name"
    yield "Longest", f"{naming.max_length} characters"


def _defaults(policy: Policy) -> Iterator[tuple[str, str]]:
    new = policy.new_connector
    yield "Sync", every(new.get("sync_frequency") or FIVETRANS_DEFAULT)
    if new.get("daily_sync_time"):
        yield "At", f"{new['daily_sync_time']} UTC"
    yield "Start", "Paused" if new.get("paused") else "At once"
    if new.get("data_delay_sensitivity"):
        yield "Sensitivity to delays", str(new["data_delay_sensitivity"]).capitalize()


def _limits(policy: Policy) -> Iterator[tuple[str, str]]:
    limits = policy.limits
    yield "Connectors", "No limit" if limits.connectors is None else f"{limits.connectors:,}"
    yield "New connectors", limits.creations or "No limit"
    fastest = limits.min_sync_frequency
    yield "Most frequent sync", every(fastest) if fastest else "No limit"
    yield "Links for colleagues", "Allowed" if limits.invitations else "Not allowed"


def _branding(policy: Policy) -> Iterator[tuple[str, str]]:
    branding = policy.branding
    yield "Product name", branding.product_name or "Not set"
    yield "Colour", branding.accent.button if branding.accent else "Not set"
    yield "Logo", "Set" if branding.logo else "Not set"
    yield "Support", branding.support or "Not set"


def show_places(policy: Policy) -> None:
    """Show where the policy file names services, categories and stages, also by `extends`."""
    if not policy.mentions:
        return
    with st.expander("Where the policy file says so"):
        headers = ("List", "Names", "Place")
        rows = [(mention.kind, mention.name, mention.where) for mention in policy.mentions]
        st.html(html.render("parts", "table", headers=headers, rows=rows))
