"""The tenants that operators add, change and disable; those of the policy file are only listed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pbf.clock import current_time
from pbf.errors import InputError, NotFound, NotNow, UnknownTenant
from pbf.identity.administration.scope import UNKNOWN_TENANT, Scope
from pbf.identity.models import Identity
from pbf.identity.sessions import Sessions
from pbf.identity.tenants import Source
from pbf.paths import LONGEST_ID
from pbf.rules.access.policy import ID
from pbf.store.identity.tables import Tenant
from pbf.store.store import Store
from pbf.visible_text import is_one_line

LONGEST_NAME = 80
DISABLED = "the tenant was disabled"


@dataclass(frozen=True)
class AdministeredTenant:
    """A tenant as operators manage it; `policy` is the name of one that an admin gave it."""

    id: str
    name: str
    group_id: str
    source: Source
    policy: str
    is_disabled: bool

    @property
    def is_fixed(self) -> bool:
        """Whether the tenant comes from the policy file or the settings."""
        return self.source != "admin"


class TenantAdministration:
    """Lists, adds, changes and disables tenants; every method raises NotPermitted."""

    def __init__(
        self,
        store: Store,
        scope: Scope,
        sessions: Sessions,
        *,
        check_group: Callable[[str], object],
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Administer tenants; `check_group` raises NotFound if Fivetran shows no such group."""
        self._rows = store.tenants
        self._scope = scope
        self._sessions = sessions
        self._check_group = check_group
        self._clock = clock

    def listed(self, identity: Identity) -> list[AdministeredTenant]:
        """Return all tenants: those in use in their order, then those that are disabled."""
        self._scope.require_operator(identity)
        rows = {row.id: row for row in self._rows.listed()}
        entries = self._scope.tenants.all()
        policies = {id_: row.policy for id_, row in rows.items()}
        in_use = [
            AdministeredTenant(
                entry.id,
                entry.name or entry.id,
                entry.group_id,
                entry.source,
                policies.get(entry.id, "") if entry.source == "admin" else "",
                False,
            )
            for entry in entries
        ]
        used = {entry.id for entry in entries}
        return in_use + [_unused(row) for row in rows.values() if row.id not in used]

    def get(self, identity: Identity, tenant_id: str) -> AdministeredTenant:
        """Return a tenant; raise UnknownTenant if there is none."""
        for tenant in self.listed(identity):
            if tenant.id == tenant_id:
                return tenant
        raise UnknownTenant(UNKNOWN_TENANT)

    def put(
        self, identity: Identity, tenant_id: str, *, name: str, group_id: str, policy: str
    ) -> AdministeredTenant:
        """Add a tenant, or change its name and policy; one that was disabled is enabled again.

        Raises InputError, NotNow for a group or an id in use, or what asking Fivetran raises.
        """
        present = next((one for one in self.listed(identity) if one.id == tenant_id), None)
        self._check(tenant_id, name, policy)
        if present is None:
            self._add(identity, tenant_id, name.strip(), group_id, policy)
        else:
            self._change(identity, present, name.strip(), group_id, policy)
        return self.get(identity, tenant_id)

    def disable(self, identity: Identity, tenant_id: str) -> None:
        """Let nobody act for a tenant any more; its connectors stay as they are at Fivetran."""
        tenant = self.get(identity, tenant_id)
        with self._scope.record(identity, "disable a tenant", "", group_id=tenant.group_id):
            _require_own(tenant)
            self._rows.disable(tenant_id, self._clock())
            self._scope.tenants.refresh()
            self._sessions.revoke_tenant(tenant_id, DISABLED)

    def _add(
        self, identity: Identity, tenant_id: str, name: str, group_id: str, policy: str
    ) -> None:
        self._require_group(group_id)
        with self._scope.record(identity, "add a tenant", name, group_id=group_id):
            now = self._clock()
            if not self._rows.add(tenant_id, name=name, group_id=group_id, policy=policy, now=now):
                raise NotNow("Another tenant has this id or this group. Choose another one.")
        self._scope.tenants.refresh()

    def _change(
        self,
        identity: Identity,
        tenant: AdministeredTenant,
        name: str,
        group_id: str,
        policy: str,
    ) -> None:
        with self._scope.record(identity, "change a tenant", name, group_id=tenant.group_id):
            _require_own(tenant)
            if group_id != tenant.group_id:
                raise NotNow(
                    "The group of a tenant cannot be changed, since its people would see other "
                    "connectors. Disable this tenant and add a new one."
                )
            self._rows.change(tenant.id, name=name, policy=policy)
            if tenant.is_disabled:
                self._rows.enable(tenant.id)
        self._scope.tenants.refresh()

    def _check(self, tenant_id: str, name: str, policy: str) -> None:
        if not re.fullmatch(ID, tenant_id):
            raise InputError(
                "The id of a tenant has at most 40 lower-case letters, digits, hyphens and "
                "underscores, and starts with a letter or digit."
            )
        if not 0 < len(name.strip()) <= LONGEST_NAME or not is_one_line(name):
            raise InputError(f"Name the tenant: one line of at most {LONGEST_NAME} characters.")
        names = self._scope.tenants.policy_names
        if policy and policy not in names:
            known = f"Use one of {', '.join(names)}." if names else "The policy file has none."
            raise InputError(f"There is no such policy. {known}")

    def _require_group(self, group_id: str) -> None:
        """Raise NotNow if a group has a tenant, InputError if Fivetran does not show it."""
        if not (0 < len(group_id) <= LONGEST_ID and group_id.isascii() and group_id.isprintable()):
            raise InputError("Send the id of a group at Fivetran, such as sandy_harbour.")
        if taken := self._scope.tenants.by_group(group_id):
            raise NotNow(f"The tenant {taken.id} has this group. Choose another group.")
        try:
            self._check_group(group_id)
        except NotFound:
            raise InputError(
                "Fivetran shows this API key no group with this id. Check the id, and whether the "
                "key may read the group."
            ) from None


def _require_own(tenant: AdministeredTenant) -> None:
    if tenant.is_fixed:
        place = "the policy file" if tenant.source == "file" else "the settings"
        raise NotNow(f"This tenant comes from {place}. Change it there.")


def _unused(row: Tenant) -> AdministeredTenant:
    return AdministeredTenant(
        row.id, row.name or row.id, row.group_id, "admin", row.policy, row.disabled_at is not None
    )
