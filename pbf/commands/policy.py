"""The check of a policy file against the catalogue, and which services it shows and why."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from pbf.config import Settings
from pbf.errors import PbfError
from pbf.fivetran.models import Service
from pbf.identity.policy.file import PolicyFile, read_policy_file
from pbf.rules.policy import Policy
from pbf.rules.policy_findings import Finding, unknown_names, warnings
from pbf.runtime import STORE_IN_MEMORY, start


def check_policy(path: Path, settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong in a policy file and what deserves a look, then a line for each tenant.

    The file is compared with the services of the account that the settings name.
    """
    try:
        file = read_policy_file(path)
    except PbfError as error:
        yield Finding("", str(error))
        return
    try:
        services = _services(settings)
    except PbfError as error:
        yield Finding(file.name, f"It is valid, but could not be compared. {error}")
        return
    yield from _compared(file, services)
    for tenant_id, policy in file.policies.items():
        yield Finding(file.name, f"{tenant_id}: {_summary(policy, services)}", is_error=False)


def explain_policy(path: Path, settings: Settings) -> Iterator[Finding]:
    """Yield for each tenant and service whether it is shown, and the rule that decides it.

    This is for operators alone: pages and routes do not name hidden services.
    """
    try:
        file, services = read_policy_file(path), _services(settings)
    except PbfError as error:
        yield Finding("", str(error))
        return
    for tenant_id, policy in file.policies.items():
        for service in services:
            decision = policy.services.decide(service)
            state = "shown" if decision.allowed else "hidden"
            text = f"{state:<6} {service.id} ({decision.rule})"
            yield Finding(tenant_id, text, is_error=False)


def _services(settings: Settings) -> tuple[Service, ...]:
    # Neither the policy in force, which may be invalid, nor the database is needed.
    runtime = start(replace(settings, policy=None, database_url=STORE_IN_MEMORY))
    try:
        return runtime.portal.catalogue().items
    finally:
        runtime.close()


def _compared(file: PolicyFile, services: tuple[Service, ...]) -> Iterator[Finding]:
    """Yield each finding once, although several tenants may have the same policy."""
    for find in (unknown_names, warnings):
        findings = (find(policy, services) for policy in file.policies.values())
        yield from dict.fromkeys(chain.from_iterable(findings))


def _summary(policy: Policy, services: tuple[Service, ...]) -> str:
    allowed = [service for service in services if policy.services.decide(service).allowed]
    dashboard_only = sum(not service.is_creatable for service in allowed)
    text = f"sees {len(allowed):,} of {len(services):,} services"
    if dashboard_only:
        text += f", {dashboard_only:,} of them without API_CONFIGURABLE"
    return f"{text}."
