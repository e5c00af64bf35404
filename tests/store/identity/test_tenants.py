import pytest

from tests.support.at_once import THREADS, at_once
from tests.support.clock import START as NOW


def add(store, tenant_id: str = "acme", group_id: str = "g1") -> bool:
    return store.tenants.add(tenant_id, name="Acme", group_id=group_id, policy="trial", now=NOW)


def test_tenants_are_listed_by_id_with_their_source(store):
    added = [add(store, "globex", "g2"), add(store, "acme", "g1")]

    tenants = store.tenants.listed()

    assert added == [True, True]
    assert [(row.id, row.group_id, row.source) for row in tenants] == [
        ("acme", "g1", "admin"),
        ("globex", "g2", "admin"),
    ]


def test_no_two_tenants_share_an_id_or_a_group(store):
    add(store, "acme", "g1")

    assert not add(store, "acme", "g2")
    assert not add(store, "globex", "g1")
    assert len(store.tenants.listed()) == 1


def test_of_eight_tenants_with_one_group_at_once_one_is_added(store):
    added = at_once(lambda number: add(store, f"t{number}", "g1"))

    assert sorted(added) == [False] * (THREADS - 1) + [True]


def test_a_tenant_is_renamed_disabled_and_enabled(store):
    add(store)

    assert store.tenants.change("acme", name="Acme Ltd", policy="standard")
    assert store.tenants.disable("acme", NOW)
    disabled, active = store.tenants.listed()[0], store.tenants.active()
    assert store.tenants.enable("acme")

    assert (disabled.name, disabled.policy, disabled.disabled_at) == ("Acme Ltd", "standard", NOW)
    assert active == []
    assert store.tenants.active()[0].disabled_at is None


@pytest.mark.parametrize("unknown", ["other", "a\0"], ids=["plain", "nul"])
def test_an_unknown_tenant_is_not_changed(store, unknown):
    assert not store.tenants.change(unknown, name="x", policy="x")
    assert not store.tenants.disable(unknown, NOW)
    assert not store.tenants.enable(unknown)
