"""What admins do is in the audit log, or is not done."""

from pathlib import Path

import pytest

from pbf.errors import NotPermitted, StoreFailed, UnknownItem
from pbf.identity.administration.scope import Scope
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.store.audit.spool import AuditSpool

ADA = Identity(actor="person:1", name="Ada", role=Role.ADMIN, tenant_id="acme")


def fail(*_: object) -> None:
    raise StoreFailed("away")


def recorded(store) -> list[tuple[str, str]]:
    return [(entry.actor_name, entry.outcome) for entry in store.audit.entries()]


@pytest.mark.parametrize(
    ("error", "outcomes"),
    [
        (NotPermitted("no"), ["NotPermitted"]),
        (UnknownItem("no such person"), []),
        # A part of the change may have been made.
        (StoreFailed("away"), ["StoreFailed"]),
        (KeyboardInterrupt(), ["begun"]),
    ],
    ids=["refused", "wrong-input", "database", "interrupted"],
)
def test_what_is_not_done_is_recorded_unless_the_input_is_wrong(memory, error, outcomes):
    scope = Scope(None, memory.audit, is_on=True)

    with pytest.raises(type(error)), scope.record(ADA, "invite a person", "grace"):
        raise error

    assert recorded(memory) == [("Ada", outcome) for outcome in outcomes]


def test_an_action_is_recorded_later_or_does_not_begin(memory, tmp_path, monkeypatch):
    scope = Scope(None, memory.audit, is_on=True)
    begun = []
    with monkeypatch.context() as patch:
        patch.setattr(memory.audit, "_store", fail)
        memory.audit._spool = AuditSpool(Path("/dev/null/spool"), "database")
        with (
            pytest.raises(StoreFailed, match="Nothing was changed"),
            scope.record(ADA, "invite a person", "grace"),
        ):
            begun.append("refused")
        memory.audit._spool = AuditSpool(tmp_path, "database")
        with scope.record(ADA, "invite a person", "grace"):
            begun.append("recorded")

    memory.audit.store_waiting()

    assert begun == ["recorded"]
    assert recorded(memory) == [("Ada", "done")]
