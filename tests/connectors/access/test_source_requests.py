"""People ask for services that they cannot choose; nothing tells them what is hidden."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pbf.connectors.access.source_requests import MOST_WAITING, Receipt, SourceRequests
from pbf.errors import InputError, LimitReached
from pbf.fivetran.models import Service
from pbf.store.store import Store
from tests.support.clock import Clock
from tests.support.draws import cases

HIDDEN = [Service(id="sap_erp", name="SAP ERP on HANA"), Service(id="fax", name="Fax")]


class Desk:
    def __init__(self, store: Store) -> None:
        self.store, self.clock = store.service_requests, Clock()
        self.requests = SourceRequests(self.store, clock=self.clock)

    def ask(self, typed: str, person: str = "p1", tenant: str = "acme", hidden=HIDDEN) -> Receipt:
        self.clock.advance(60)
        return self.requests.ask(tenant, person, typed, asker="Ada", hidden=lambda: hidden)


@pytest.fixture
def desk() -> Iterator[Desk]:
    store = Store("sqlite://")
    yield Desk(store)
    store.close()


@pytest.mark.parametrize("typed", ["SAP ERP on HANA", "sap_erp", " sap-erp  on hana ", "SAP ERP"])
def test_a_hidden_service_is_noted_under_any_of_its_names(desk, typed):
    desk.ask(typed)

    (demand,) = desk.store.demand()
    assert (demand.service, demand.people) == ("sap_erp", 1)


def test_what_no_catalogue_has_is_noted_as_typed(desk):
    receipt = desk.ask("  Our own\u00a0CRM ")

    (demand,) = desk.store.demand()
    assert (demand.service, demand.wanted) == ("", "Our own CRM")
    assert receipt == Receipt("Our own CRM", is_new=True)


@pytest.mark.parametrize("typed", ["Fax", "Our own CRM"])
def test_who_asks_again_is_told_so_and_later_the_answer(desk, typed):
    first, second = desk.ask(typed), desk.ask(typed.upper())
    desk.store.answer(desk.store.demand()[0].topic, "In May.", answered_by="Op", now=1.0)

    assert (first.is_new, second.is_new, second.answer) == (True, False, "")
    assert desk.ask(typed).answer == "In May."
    assert [row.people for row in desk.store.demand()] == [1]


@cases(60)
@given(texts=some.lists(some.sampled_from(["Fax", "fax", "sap_erp", "SAP ERP on HANA", "CRM"])))
def test_receipts_are_those_of_a_catalogue_without_hidden_services(texts):
    with_hidden, without = Store("sqlite://"), Store("sqlite://")
    try:
        first, second = Desk(with_hidden), Desk(without)
        for text in texts:
            assert first.ask(text) == second.ask(text, hidden=[])
    finally:
        with_hidden.close()
        without.close()


@pytest.mark.parametrize("typed", ["", "   ", "?!", "\u200b"])
def test_a_text_without_a_name_is_refused(desk, typed):
    with pytest.raises(InputError, match="Type the name"):
        desk.ask(typed)


@pytest.mark.parametrize("typed", ["x" * 100_000, "a\0b", "\ud800 crm", "<b>crm</b>"])
def test_any_other_text_is_taken(desk, typed):
    assert desk.ask(typed).is_new
    assert len(desk.store.demand()[0].wanted) <= 200


def test_a_person_may_have_twenty_requests_that_wait(desk):
    for number in range(MOST_WAITING):
        desk.ask(f"source {number}")

    with pytest.raises(LimitReached, match="Wait for an answer"):
        desk.ask("one more")
    assert not desk.ask("source 3").is_new
    assert desk.ask("one more", person="p2").is_new
    assert desk.ask("one more", tenant="globex").is_new
    topic = next(row.topic for row in desk.store.demand() if row.wanted == "source 3")
    desk.store.answer(topic, "No.", answered_by="Op", now=1.0)
    assert desk.ask("one more").is_new
