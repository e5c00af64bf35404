from tests.support.at_once import at_once
from tests.support.clock import START as NOW


def ask(store, person="p1", *, tenant="acme", service="sap", wanted="SAP", now=NOW):
    return store.service_requests.add(
        tenant, person, service=service, wanted=wanted, asker="Ada", now=now
    )


def test_who_asks_twice_for_a_service_has_asked_once(store):
    first = ask(store)

    second = ask(store, wanted="S A P", now=NOW + 60)

    assert (second.id, second.wanted, second.created_at) == (first.id, "SAP", NOW)


def test_eight_requests_of_a_person_at_once_are_one(store):
    requests = at_once(lambda _: ask(store))

    assert len({request.id for request in requests}) == 1


def test_what_no_catalogue_has_is_counted_by_its_text_without_case_and_spaces(store):
    ask(store, "p1", service="", wanted="Our own  CRM")
    ask(store, "p2", service="", wanted=" our own crm ")
    ask(store, "p2", service="", wanted="Fax")

    demand = store.service_requests.demand()

    assert [(row.service, row.people) for row in demand] == [("", 2), ("", 1)]


def test_demand_counts_people_of_all_tenants_and_those_who_wait(store):
    ask(store, "p1", service="fax", wanted="Fax", now=NOW)
    ask(store, "p1", now=NOW + 1)
    ask(store, "p2", tenant="globex", now=NOW + 2)

    sap, fax = store.service_requests.demand()

    assert (sap.service, sap.people, sap.waiting, sap.newest) == ("sap", 2, 2, NOW + 2)
    assert (fax.service, fax.people, fax.waiting, fax.newest) == ("fax", 1, 1, NOW)
    assert [row.tenant_id for row in store.service_requests.listed(sap.topic)] == ["globex", "acme"]


def test_an_answer_reaches_all_who_wait_and_each_sees_it_once(store):
    topic = ask(store, "p1").topic
    ask(store, "p2", tenant="globex")
    ask(store, "p1", service="fax", wanted="Fax")

    answered = store.service_requests.answer(topic, "From May.", answered_by="Op", now=NOW + 9)
    mine = store.service_requests.unseen_answers("acme", "p1")
    store.service_requests.mark_seen("acme", "p1", [row.id for row in mine], NOW + 10)

    assert answered == 2
    assert [(row.answer, row.answered_by, row.answered_at) for row in mine] == [
        ("From May.", "Op", NOW + 9)
    ]
    assert store.service_requests.unseen_answers("acme", "p1") == []
    assert len(store.service_requests.unseen_answers("globex", "p2")) == 1


def test_an_answered_request_is_not_answered_again(store):
    topic = ask(store).topic
    store.service_requests.answer(topic, "From May.", answered_by="Op", now=NOW)

    assert store.service_requests.answer(topic, "Never.", answered_by="Op", now=NOW) == 0
    assert ask(store).answer == "From May."
    assert store.service_requests.demand()[0].waiting == 0


def test_nobody_marks_the_answers_of_others_as_seen(store):
    request = ask(store)
    store.service_requests.answer(request.topic, "From May.", answered_by="Op", now=NOW)

    store.service_requests.mark_seen("acme", "p2", [request.id], NOW)
    store.service_requests.mark_seen("globex", "p1", [request.id], NOW)

    assert len(store.service_requests.unseen_answers("acme", "p1")) == 1


def test_a_text_that_no_database_accepts_is_cleaned_and_cut(store):
    request = ask(store, service="", wanted="a\0\ud800" + "x" * 600)

    assert request.wanted == "a??" + "x" * 497
    assert ask(store, service="", wanted="a\0\ud800" + "x" * 600).id == request.id
