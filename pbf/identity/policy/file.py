"""The policy file: its tenants, what each may see and do, and how people sign in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pbf.errors import InvalidPolicy
from pbf.identity.access_rules import AccessRule
from pbf.identity.policy.resolve import ResolvedPolicy, Resolver
from pbf.identity.policy.schema import PolicyFileContent, TenantSettings, validate
from pbf.identity.policy.sign_in import ProviderSettings, read_access, read_providers
from pbf.identity.policy.yaml_text import Document, parse
from pbf.rules.access.policy import Policy

LARGEST_FILE = 1024 * 1024


@dataclass(frozen=True)
class PolicyFile:
    """The tenants of a file by their ids, its named policies, providers and access rules.

    A tenant without a name or group has an empty one. `named` holds for each policy what it
    allows, or why no tenant can have it as it is.
    """

    name: str
    names: Mapping[str, str]
    groups: Mapping[str, str]
    policies: Mapping[str, Policy]
    # The place of each tenant and of its group.
    places: Mapping[str, str]
    named: Mapping[str, ResolvedPolicy | str]
    providers: tuple[ProviderSettings, ...]
    access: tuple[AccessRule, ...]

    def for_group(self, group_id: str | None) -> Policy:
        """Return the policy of a group, or with None that of the file's only tenant.

        A tenant without a group is meant if it is the only one. Raises InvalidPolicy.
        """
        if len(self.policies) == 1:
            ((tenant_id, policy),) = self.policies.items()
            if group_id is None or self.groups[tenant_id] in ("", group_id):
                return policy
            raise InvalidPolicy(
                f"{self.places[tenant_id]}: The group of {tenant_id} is not FIVETRAN_GROUP_ID. "
                "Make them equal, or leave group out."
            )
        for tenant_id, group in self.groups.items():
            if group_id is not None and group == group_id:
                return self.policies[tenant_id]
        number = f"There are {len(self.policies)} tenants"
        if group_id is None:
            raise InvalidPolicy(f"{self.name}: {number}. With the embedded sandbox, keep one.")
        raise InvalidPolicy(
            f"{self.name}: {number}, and none has FIVETRAN_GROUP_ID as its group. Without sign-in "
            "the dashboard serves one group; give that tenant this group."
        )

    def named_policy(self, name: str, tenant_id: str, tenant_name: str) -> Policy:
        """Return what a tenant that is not in the file may do under one of the file's policies.

        Raises InvalidPolicy.
        """
        policy = self.named.get(name)
        if policy is None:
            names = ", ".join(self.named) or "none yet"
            raise InvalidPolicy(f"{self.name}: There is no policy {name!r}. Policies: {names}.")
        if isinstance(policy, str):
            raise InvalidPolicy(policy)
        return policy.for_tenant(tenant_id, tenant_name)

    def require_groups(self, given: Collection[str] = ()) -> None:
        """Raise InvalidPolicy if a tenant has no group, unless its group is given elsewhere."""
        for tenant_id, group in self.groups.items():
            if not group and tenant_id not in given:
                raise InvalidPolicy(
                    f"{self.places[tenant_id]}: {tenant_id} has no group. When people sign in, "
                    "each tenant needs a group of its own."
                )


def read_policy_file(path: Path, environ: Mapping[str, str] | None = None) -> PolicyFile:
    """Return the content of a policy file, or raise InvalidPolicy.

    `environ` holds the secrets of its providers, each of which must be there; with None they
    stay empty.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise InvalidPolicy(f"{path.name} is larger than 1 MiB.")
        text = content.decode("utf-8-sig")
    except (OSError, ValueError):
        raise InvalidPolicy(f"{path.name} cannot be read. Check PBF_POLICY.") from None
    document = parse(text, path.name)
    return _checked(document, validate(document), path.parent, environ)


def _checked(
    document: Document,
    content: PolicyFileContent,
    folder: Path,
    environ: Mapping[str, str] | None,
) -> PolicyFile:
    resolver, tenants = Resolver(document, content, folder), content.tenants
    named = resolver.named()
    _refuse_shared_groups(document, tenants)
    return PolicyFile(
        name=document.file,
        names={tenant_id: tenant.name for tenant_id, tenant in tenants.items()},
        groups={tenant_id: tenant.group for tenant_id, tenant in tenants.items()},
        policies={tenant_id: resolver.for_tenant(tenant_id) for tenant_id in tenants},
        places={key: document.where("tenants", key, "group") for key in tenants},
        named=named,
        providers=read_providers(document, content, environ),
        access=tuple(read_access(document, content)),
    )


def _refuse_shared_groups(document: Document, tenants: Mapping[str, TenantSettings]) -> None:
    owners: dict[str, str] = {}
    for tenant_id, tenant in tenants.items():
        if tenant.group and tenant.group in owners:
            text = f"{owners[tenant.group]} has the same group. Each tenant needs its own."
            raise document.error(text, "tenants", tenant_id, "group")
        owners[tenant.group] = tenant_id
