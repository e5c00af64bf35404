"""The tenants: those of the policy file, those that admins added, or the one of the settings."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from pbf.errors import InvalidPolicy, StoreFailed
from pbf.identity.access_rules import AccessRule
from pbf.identity.policy.source import CHECK_INTERVAL, WatchedFile
from pbf.rules.access.policy import NO_POLICY, Limits, Policy, ServiceRule

if TYPE_CHECKING:
    from pbf.identity.policy.file import PolicyFile
    from pbf.identity.policy.sign_in import ProviderSettings

# The policy file of the demo: three tenants with a policy each.
DEMO_POLICY = Path(__file__).parent / "demo_policy.yaml"
# For tenants whose policy cannot be used: their connectors stay, and there are no new ones.
NOTHING_NEW = Policy(
    services=ServiceRule(categories=frozenset()),
    limits=Limits(connectors=0, invitations=False),
    digest="nothing-new",
)
# How many problems are shown; there may be one for each tenant.
PROBLEMS_SHOWN = 3

log = logging.getLogger(__name__)

Source = Literal["file", "admin", "settings"]


class AddedTenant(Protocol):
    """A tenant that an admin added; `policy` is the name of one in the policy file, or empty."""

    @property
    def id(self) -> str:
        """The tenant's id."""

    @property
    def name(self) -> str:
        """The name on screens; empty for the id."""

    @property
    def group_id(self) -> str:
        """The id of its Fivetran group."""

    @property
    def policy(self) -> str:
        """The name of its policy."""


@dataclass(frozen=True)
class TenantEntry:
    """One tenant, where it comes from, and what it may see and do."""

    id: str
    name: str
    group_id: str
    source: Source
    policy: Policy


@dataclass(frozen=True)
class SettingsTenant:
    """The one tenant of the settings, whose id is that of its group.

    `is_only` is whether the policy file must have one tenant, whatever its group: with the
    embedded sandbox, whose group nobody can name.
    """

    group_id: str
    name: str
    is_only: bool = False


class Tenants:
    """All tenants and their policies, read again when the file or the added tenants change."""

    def __init__(
        self,
        path: Path | None,
        settings: SettingsTenant,
        *,
        sign_in: bool = False,
        groups: Mapping[str, str] | None = None,
        added: Callable[[], Sequence[AddedTenant]] = tuple,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the tenants of a policy file and those that admins added.

        Without sign-in there is only the tenant of the settings. `groups` are groups of tenants of
        the file by their ids, which replace those in the file; `environ` holds the secrets of its
        providers. Raises InvalidPolicy, or StoreFailed from `added`.
        """
        self._settings = settings
        self._sign_in = sign_in
        self._groups = groups or {}
        self._added = added
        self._environ = environ
        self._clock = clock
        self._lock = threading.Lock()
        self._file = WatchedFile(path, self._read, clock=clock) if path else None
        self._rows = _rows(added()) if sign_in else ()
        self._store_problem = ""
        self._next_check = clock() + CHECK_INTERVAL
        self._index = self._indexed(None)

    def get(self, tenant_id: str) -> TenantEntry | None:
        """Return a tenant, or None if there is none of that id."""
        return self._current().by_id.get(tenant_id)

    def policy(self, tenant_id: str) -> Policy:
        """Return what a tenant may do now; one that is gone gets nothing new."""
        entry = self.get(tenant_id)
        return entry.policy if entry else NOTHING_NEW

    def by_group(self, group_id: str) -> TenantEntry | None:
        """Return the tenant of a group, or None."""
        return self._current().by_group.get(group_id)

    def all(self) -> tuple[TenantEntry, ...]:
        """Return all tenants: first those of the file in its order, then those of admins."""
        return self._current().entries

    @property
    def providers(self) -> "tuple[ProviderSettings, ...]":
        """The identity providers of the file."""
        file = self._current().file
        return file.providers if file else ()

    @property
    def access(self) -> tuple[AccessRule, ...]:
        """The access rules of the file."""
        file = self._current().file
        return file.access if file else ()

    @property
    def policy_names(self) -> tuple[str, ...]:
        """The names of the policies that an admin can give a tenant."""
        file = self._current().file
        named = file.named.items() if file else ()
        return tuple(name for name, policy in named if not isinstance(policy, str))

    @property
    def problem(self) -> str:
        """What is wrong with the file or with tenants, in sentences; empty if nothing is."""
        problems = [self._file.problem] if self._file else []
        problems += [self._store_problem, *self._current().problems]
        problems = [problem for problem in problems if problem]
        more = len(problems) - PROBLEMS_SHOWN
        shown = problems[:PROBLEMS_SHOWN]
        return " ".join([*shown, f"There are {more:,} more problems."] if more > 0 else shown)

    def refresh(self) -> None:
        """Read the file and the added tenants again now, such as after one was added."""
        if self._file:
            self._file.check()
        with self._lock:
            self._check()

    def _current(self) -> "_Index":
        file = self._file.current() if self._file else None
        index = self._index
        is_due = file is not index.file or (self._sign_in and self._clock() >= self._next_check)
        if is_due and self._lock.acquire(blocking=False):
            try:
                self._check()
            finally:
                self._lock.release()
        return self._index

    def _check(self) -> None:
        """Read the added tenants again, and index all tenants if anything has changed."""
        self._next_check = self._clock() + CHECK_INTERVAL
        file = self._file.current() if self._file else None
        if self._read_rows() or file is not self._index.file:
            self._index = self._indexed(self._index)

    def _read_rows(self) -> bool:
        """Return whether the added tenants have changed; keep the last ones if that fails."""
        if not self._sign_in:
            return False
        try:
            rows = _rows(self._added())
        except StoreFailed as error:
            self._store_problem = f"The tenants that admins added may be out of date. {error}"
            return False
        self._store_problem = ""
        has_changed = rows != self._rows
        self._rows = rows
        return has_changed

    def _read(self, path: Path) -> "PolicyFile":
        # Imported here: most processes have no policy file, and ruamel.yaml takes a while to load.
        from pbf.identity.policy.file import read_policy_file

        if self._sign_in:
            file = read_policy_file(path, self._environ or {})
            file.require_groups(self._groups)
        else:
            file = read_policy_file(path)
            file.for_group(self._own_group)
        return file

    @property
    def _own_group(self) -> str | None:
        """What names the tenant of the settings in the file."""
        return None if self._settings.is_only else self._settings.group_id

    def _indexed(self, last: "_Index | None") -> "_Index":
        file = self._file.current() if self._file else None
        index = _Index(file)
        for entry in self._configured(file):
            index.add(entry)
        known = last.resolved if last and last.file is file else {}
        for row in self._rows:
            index.add_row(row, known)
        index.entries = tuple(index.by_id.values())
        for problem in index.problems.keys() - (last.problems if last else {}):
            log.warning("%s", problem)
        return index

    def _configured(self, file: "PolicyFile | None") -> Iterator[TenantEntry]:
        """Yield the tenants of the file, or the one of the settings."""
        if file and self._sign_in:
            for key, policy in file.policies.items():
                group_id = self._groups.get(key) or file.groups[key]
                yield TenantEntry(key, file.names[key] or key, group_id, "file", policy)
            return
        group_id, name = self._settings.group_id, self._settings.name
        policy = file.for_group(self._own_group) if file else NO_POLICY
        yield TenantEntry(group_id, name, group_id, "settings", policy)


class _Row(NamedTuple):
    """A tenant that an admin added, as it was read."""

    id: str
    name: str
    group_id: str
    policy: str


def _rows(added: Sequence[AddedTenant]) -> tuple[_Row, ...]:
    return tuple(_Row(row.id, row.name or row.id, row.group_id, row.policy) for row in added)


class _Index:
    """The tenants by id and group, under one version of the file."""

    def __init__(self, file: "PolicyFile | None") -> None:
        self.file = file
        self.entries: tuple[TenantEntry, ...] = ()
        self.by_id: dict[str, TenantEntry] = {}
        self.by_group: dict[str, TenantEntry] = {}
        self.resolved: dict[_Row, Policy] = {}
        # The keys are sentences, in the order in which they came up.
        self.problems: dict[str, None] = {}

    def add(self, entry: TenantEntry) -> None:
        """Add a tenant whose id and group are new."""
        self.by_id[entry.id] = self.by_group[entry.group_id] = entry

    def add_row(self, row: _Row, known: Mapping[_Row, Policy]) -> None:
        """Add a tenant of an admin unless its id or group is taken; `known` are its policies."""
        taken = (
            f"there is another tenant with the id {row.id}"
            if row.id in self.by_id
            else f"{self.by_group[row.group_id].id} has the same group"
            if row.group_id in self.by_group
            else ""
        )
        if taken:
            text = f"The tenant {row.id} that an admin added is not used, because {taken}."
            self.problems[f"{text} Change or remove it."] = None
            return
        policy = known.get(row) or self._policy(row)
        if policy.digest != NOTHING_NEW.digest:  # else its problem is to be named again
            self.resolved[row] = policy
        self.add(TenantEntry(row.id, row.name, row.group_id, "admin", policy))

    def _policy(self, row: _Row) -> Policy:
        """Return what a tenant of an admin may do: everything if it has no policy."""
        if not row.policy:
            return replace(NO_POLICY, tenant_name=row.name)
        try:
            if self.file is None:
                raise InvalidPolicy("There is no policy file. Set PBF_POLICY.")
            return self.file.named_policy(row.policy, row.id, row.name)
        except InvalidPolicy as error:
            text = f"{row.id} has no valid policy and cannot get new connectors. {error}"
            self.problems[text] = None
            return replace(NOTHING_NEW, tenant_name=row.name)
