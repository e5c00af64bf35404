"""The check of a policy file against the catalogue, and which services it shows and why."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path

from pbf.commands.results import TENANTS_SHOWN, shortened
from pbf.config import Settings
from pbf.errors import PbfError
from pbf.fivetran.models import Service
from pbf.identity.policy.file import PolicyFile, read_policy_file
from pbf.rules.access.findings import Finding, unknown_names, warnings
from pbf.rules.access.policy import Policy, ServiceRule
from pbf.runtime import start
from pbf.runtime.opened_store import STORE_IN_MEMORY


def check_policy(path: Path, settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong in a policy file and what deserves a look, then a line for each tenant.

    The file is compared with the services of the account that the settings name, and with the
    secrets in the environment.
    """
    try:
        file = read_policy_file(path)
    except PbfError as error:
        yield Finding("", str(error))
        return
    yield from _needed_for_sign_in(file, environ)
    try:
        services = _services(settings)
    except PbfError as error:
        yield Finding(file.name, f"It is valid, but could not be compared. {error}")
        return
    yield from _compared(file, services)
    summary = cache(lambda rule: _summary(rule, services))
    for tenant_id, policy in file.policies.items():
        yield Finding(file.name, f"{tenant_id}: {summary(policy.services)}", is_error=False)


def explain_policy(path: Path, settings: Settings, tenant_id: str | None) -> Iterator[Finding]:
    """Yield for each service whether a tenant sees it, and the rule that decides it.

    The id may be left out if the file has one tenant. This is for operators alone: pages and
    routes do not name hidden services.
    """
    try:
        file = read_policy_file(path)
        tenant_id, problem = _chosen(file.policies, tenant_id)
        if problem:
            yield Finding(file.name, problem)
            return
        services = _services(settings)
    except PbfError as error:
        yield Finding("", str(error))
        return
    for service in services:
        decision = file.policies[tenant_id].services.decide(service)
        state = "shown" if decision.allowed else "hidden"
        text = f"{state:<6} {service.id} ({decision.rule})"
        yield Finding(tenant_id, text, is_error=False)


def _chosen(tenants: Collection[str], tenant_id: str | None) -> tuple[str, str]:
    """Return the id of the tenant to explain, and a sentence if none or an unknown one is named."""
    if tenant_id in tenants:
        return str(tenant_id), ""
    ids = list(tenants)
    if tenant_id is None and len(ids) == 1:
        return ids[0], ""
    listed = f"{shortened(ids, TENANTS_SHOWN)}."
    if tenant_id is None:
        return "", f"Choose a tenant with --tenant: {listed}"
    return "", f"There is no tenant {tenant_id!r}. Tenants: {listed}"


def _needed_for_sign_in(file: PolicyFile, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what the file is valid without as long as nobody signs in."""
    for provider in file.providers:
        if not environ.get(provider.secret_env):
            text = f"{provider.secret_env} is not set in this environment. Set it where the "
            text += f"dashboard runs: it holds the client secret of {provider.id}."
            yield Finding(file.name, text, is_error=False)
    for tenant_id, group in file.groups.items() if len(file.groups) > 1 else ():
        if not group:
            text = f"{tenant_id} has no group, so the dashboard cannot start with sign-in."
            yield Finding(file.places[tenant_id], text, is_error=False)


def _services(settings: Settings) -> tuple[Service, ...]:
    # Neither the policy in force, which may be invalid, nor the database is needed.
    runtime = start(replace(settings, policy=None, database_url=STORE_IN_MEMORY))
    try:
        return runtime.portal.catalogue().items
    finally:
        runtime.close()


def _compared(file: PolicyFile, services: tuple[Service, ...]) -> Iterator[Finding]:
    """Yield each finding once, although several tenants may have the same policy."""
    mentions = {policy.mentions: None for policy in file.policies.values()}
    for policy in file.named.values():
        if not isinstance(policy, str):
            mentions[policy.mentions] = None
    for find in (unknown_names, warnings):
        findings = (find(Policy(mentions=names), services) for names in mentions)
        yield from dict.fromkeys(chain.from_iterable(findings))


def _summary(rule: ServiceRule, services: tuple[Service, ...]) -> str:
    allowed = [service for service in services if rule.decide(service).allowed]
    dashboard_only = sum(not service.is_creatable for service in allowed)
    text = f"sees {len(allowed):,} of {len(services):,} services"
    if dashboard_only:
        text += f", {dashboard_only:,} of them without API_CONFIGURABLE"
    return f"{text}."
