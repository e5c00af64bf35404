"""What a process keeps in memory of tenants that were removed."""

import gc
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from types import CellType, FunctionType, MethodType, ModuleType

import pytest

from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from tests.support.tenants import OPERATOR, add_tenant, client_of, make_token, start_with_tenants

# What keeps so many entries at most, whatever they are of, or each only for some time.
BOUNDED = {
    "AccountList._watched",
    "DerivedCache._entries",
    "Reading.generations",
    "Revisions._marks_of_groups",
    "SharedCache._entries",
    "SharedCache._previous",
    "Statuses.words",
}
CONTAINERS = (dict, list, set, frozenset, deque)
LINKS = (*CONTAINERS, tuple, FunctionType, MethodType, CellType, partial)


@pytest.fixture
def runtime(sandbox, tmp_path):
    sandbox.world.limits.plan = "off"
    opened = start_with_tenants(sandbox, tmp_path)
    yield opened
    opened.close()


def work_with(runtime: Runtime, sandbox, tenant_id: str) -> str:
    """Add a tenant, and have everything done for it; return its group."""
    group_id = add_tenant(runtime, sandbox, tenant_id)
    sandbox.world.add_connections(1, group_id=group_id)
    client = client_of(runtime, token=make_token(runtime, Role.ADMIN, tenant_id))
    [connector] = client.get("/_/connectors").json
    assert client.post(f"/_/connectors/{connector['id']}/sync", json={}).status_code < 300
    client.get("/_/connectors")
    runtime.timelines.lists.wait()
    for _, _, work in runtime.timelines.work():
        work()
    runtime.watch.judge()
    runtime.statuses.newest([group_id])
    runtime.revisions.of(OPERATOR, "tenants")
    return group_id


def remove(runtime: Runtime, tenant_id: str) -> None:
    runtime.identity.administration.tenants.disable(OPERATOR, tenant_id)


def test_no_unbounded_container_keeps_a_tenant_that_was_removed(runtime, sandbox):
    removed = {f"removed-{number}" for number in range(3)}
    groups = set()
    for tenant_id in sorted(removed):
        groups.add(work_with(runtime, sandbox, tenant_id))
        remove(runtime, tenant_id)

    last = work_with(runtime, sandbox, "there")

    assert "Portals._portals" in holders_of({last, "there"}, runtime)
    assert holders_of(removed | groups, runtime) - BOUNDED == set()


def test_a_tenant_that_is_enabled_again_works_at_once(runtime, sandbox):
    group_id = work_with(runtime, sandbox, "there")
    client = client_of(runtime, token=make_token(runtime, Role.ADMIN, "there"))
    in_use = runtime.portals.of("there")
    remove(runtime, "there")
    work_with(runtime, sandbox, "another")
    while_removed = client.get("/_/connectors").status_code

    tenants = runtime.identity.administration.tenants
    tenants.put(OPERATOR, "there", name="There", group_id=group_id, policy="")

    assert while_removed == 404
    [connector] = client.get("/_/connectors").json
    assert [item.id for item in in_use.connectors().items] == [connector["id"]]


def holders_of(names: set[str], runtime: Runtime) -> set[str]:
    """Return the attributes whose containers have an entry of one of the names."""
    modules = [module for name, module in sys.modules.items() if name.startswith("pbf.")]
    return {
        f"{getattr(owner, '__name__', type(owner).__name__)}.{attribute}"
        for owner in reachable_from(runtime, *modules)
        for attribute, value in attributes(owner)
        if isinstance(value, CONTAINERS) and any(mentions(key, names) for key in tuple(value))
    }


def reachable_from(*roots: object) -> Iterator[object]:
    """Yield what the product's own objects and modules hold, the sandbox left out."""
    todo, seen = list(roots), set()
    while todo:
        thing = todo.pop()
        if id(thing) not in seen:
            seen.add(id(thing))
            yield thing
            todo += [part for part in gc.get_referents(thing) if is_ours(part)]


def is_ours(part: object) -> bool:
    """Return whether it is an object or a function of the product, or may lead to one."""
    is_function = isinstance(part, FunctionType)
    module = str(part.__module__ if is_function else type(part).__module__)
    is_product = module.startswith("pbf.") and not module.startswith("pbf.sandbox")
    return is_product or (isinstance(part, LINKS) and not is_function)


def attributes(owner: object) -> Iterable[tuple[str, object]]:
    if isinstance(owner, LINKS) or (
        isinstance(owner, ModuleType) and owner.__name__.startswith("pbf.sandbox")
    ):
        return ()
    slots = chain.from_iterable(
        [cls.__slots__] if isinstance(cls.__slots__, str) else cls.__slots__
        for cls in type(owner).__mro__
        if "__slots__" in vars(cls)
    )
    own: Mapping[str, object] = getattr(owner, "__dict__", {})
    return [*own.items(), *((name, getattr(owner, name, None)) for name in slots)]


def mentions(key: object, names: set[str]) -> bool:
    if isinstance(key, tuple):
        return any(mentions(part, names) for part in key)
    return isinstance(key, str) and any(name in key for name in names)
