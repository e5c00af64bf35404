"""Incidents become messages: which channels, when, and how often."""

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from pbf.watch.notifications.delivery import LEASE
from tests.support.clock import Clock
from tests.watch.sending import NOON, Recorder, Scene, channel, incident


@pytest.fixture
def scene(store) -> Scene:
    return Scene(store)


def test_one_message_when_it_opens_and_one_when_it_is_over(scene):
    scene.store.channels.add(channel())

    for _ in range(2):
        scene.notifier.incident_opened(incident())
        scene.deliver()
    for _ in range(2):
        scene.notifier.incident_closed(scene.over(2))
        scene.deliver(2)

    title = "Sales fails again and again"
    assert scene.sender.titles() == [title, f"Over: {title}"]
    opened, closed = (message for _, message in scene.sender.sent)
    assert opened.text.splitlines() == [
        title,
        "Connector: Sales",
        "Since: Sat 28 Nov 2026, 12:00 UTC",
        "Next step: Open the connector and see why its syncs fail.",
        "https://data.example/connector?id=c1",
    ]
    assert opened.links == ("https://data.example/connector?id=c1",)
    assert "Until: Sat 28 Nov 2026, 14:00 UTC (2 hours)" in closed.text
    assert json.loads(closed.body)["type"] == "incident.closed"


def test_the_end_is_told_only_where_the_beginning_was(scene):
    scene.notifier.incident_opened(incident())
    scene.store.channels.add(channel())

    scene.notifier.incident_closed(scene.over(1))
    scene.deliver(1)

    assert scene.sender.sent == []


@pytest.mark.parametrize(
    ("values", "is_told"),
    [
        pytest.param({}, True, id="everything"),
        pytest.param({"events": "late,failing"}, True, id="this-event"),
        pytest.param({"events": "late"}, False, id="another-event"),
        pytest.param({"scope": "connector", "target": "c1"}, True, id="this-connector"),
        pytest.param({"scope": "connector", "target": "c2"}, False, id="another-connector"),
        pytest.param({"scope": "service", "target": "service_of_c1"}, True, id="this-service"),
        pytest.param({"scope": "service", "target": "mysql"}, False, id="another-service"),
        pytest.param({"disabled_at": 5.0}, False, id="disabled"),
        pytest.param({"group_id": "h"}, False, id="another-tenant"),
        pytest.param({"person_id": "ada"}, True, id="a-member"),
        pytest.param({"person_id": "bob"}, False, id="no-member-any-more"),
    ],
)
def test_a_channel_is_told_of_what_it_asked_for(scene, values, is_told):
    scene.members.add(("g", "ada"))
    scene.store.channels.add(channel(**values))

    scene.notifier.incident_opened(incident())
    scene.deliver()

    assert bool(scene.sender.sent) is is_told


def test_a_mass_failure_is_one_message(scene):
    scene.store.channels.add(channel(scope="connector", target="c1"))

    for number in range(500):
        single = incident(id=f"i{number}", connector_id=f"c{number}", explained_by="mass")
        scene.notifier.incident_opened(single)
    mass = incident(
        id="mass", connector_id="", connector_name="", kind="unreachable", title="Fivetran is away"
    )
    scene.notifier.incident_opened(mass)
    scene.deliver()
    for number in range(500):
        scene.notifier.incident_closed(replace(single, id=f"i{number}", closed_at=scene.now))
    scene.notifier.incident_closed(replace(mass, closed_at=scene.now))
    scene.deliver(1)

    assert scene.sender.titles() == ["Fivetran is away", "Over: Fivetran is away"]


def test_a_channel_that_is_away_for_an_hour_is_told_of_everything_once(scene):
    scene.store.channels.add(channel())
    scene.store.channels.add(channel("ch2"))
    scene.sender.problem = "The server cannot be reached."

    for minute in range(60):
        if minute < 8:
            scene.notifier.incident_opened(incident(id=f"i{minute}", title=f"Problem {minute}"))
        if minute == 30:
            scene.notifier.incident_closed(scene.over(0.5, id="i0", title="Problem 0"))
        scene.deliver(1 / 60)
    broken = scene.store.channels.find("g", "ch1")
    scene.sender.problem = ""
    for _ in range(120):
        scene.deliver(1 / 60)

    texts = [message.text for to, message in scene.sender.sent if to == "ch1"]
    everything = "\n".join(message.title + "\n" + message.text for _, message in scene.sender.sent)
    assert [everything.count(f"Problem {number}\nConnector") for number in range(1, 8)] == [2] * 7
    assert everything.count("Over: Sales: Problem 0") == 2
    assert len(texts) >= 1
    assert broken.problem == "The server cannot be reached."
    assert scene.store.channels.find("g", "ch1").problem == ""


def test_after_a_day_of_refusals_a_message_is_given_up_and_so_is_its_end(scene):
    scene.store.channels.add(channel())
    scene.sender.problem = "The server refused the message (404)."
    scene.notifier.incident_opened(incident())

    for _ in range(60):
        scene.deliver(0.5)
    scene.notifier.incident_closed(scene.over(30))
    scene.sender.problem = ""
    scene.deliver(1)

    (row,) = scene.store.notifications.of_channel("g", "ch1", 10)
    assert (row.status, row.attempts) == ("failed", 14)
    assert row.error == "The server refused the message (404)."
    assert scene.sender.sent == []


def test_during_quiet_hours_messages_wait(scene):
    zone = {"quiet_from": "12:00", "quiet_until": "15:00", "time_zone": "Europe/Berlin"}
    scene.store.channels.add(channel(**zone))  # until 14:00 in UTC

    scene.notifier.incident_opened(incident())
    scene.deliver(1.9)
    before = scene.sender.titles()
    scene.deliver(0.2)

    assert (before, len(scene.sender.sent)) == ([], 1)


def test_what_is_over_before_the_quiet_hours_end_is_never_told(scene):
    scene.store.channels.add(channel(quiet_from="11:00", quiet_until="15:00"))

    scene.notifier.incident_opened(incident())
    scene.notifier.incident_closed(scene.over(1))
    scene.notifier.incident_opened(incident())
    scene.deliver(24)

    (row,) = scene.store.notifications.of_channel("g", "ch1", 10)
    assert (scene.sender.sent, row.status) == ([], "dropped")


def test_a_digest_is_one_message_with_beginnings_and_ends(scene):
    scene.store.channels.add(channel(digest="hourly"))

    for number in range(3):
        scene.notifier.incident_opened(incident(id=f"i{number}", title=f"Problem {number}"))
    scene.notifier.incident_closed(scene.over(0.2, id="i0", title="Problem 0"))
    scene.deliver(0.9)
    before = scene.sender.titles()
    scene.deliver(0.2)
    scene.deliver(0.2)

    assert (before, scene.sender.titles()) == ([], ["4 messages about your connectors"])
    assert "Over: Sales: Problem 0" in scene.sender.sent[0][1].text


def test_escalation_tells_only_of_what_lasts(scene):
    scene.store.channels.add(channel(escalates_after=4.0))

    scene.notifier.incident_opened(incident(id="short"))
    scene.notifier.incident_opened(incident(id="long"))
    scene.notifier.incident_closed(scene.over(3, id="short"))
    scene.deliver(3.9)
    before = scene.sender.titles()
    scene.deliver(0.2)
    scene.notifier.incident_closed(scene.over(5, id="long"))
    scene.deliver(1)

    title = "Sales fails again and again"
    assert (before, scene.sender.titles()) == ([], [f"Open for 4 h: {title}", f"Over: {title}"])


def test_a_person_who_has_left_is_told_nothing_more(scene):
    scene.members.add(("g", "ada"))
    scene.store.channels.add(channel(person_id="ada"))
    scene.notifier.incident_opened(incident())

    scene.members.clear()
    scene.deliver()

    assert scene.sender.sent == []


def test_of_two_processes_one_sends(request, tmp_path, store):
    one, two = Scene(store), Scene(store)
    two.sender = one.sender
    two.notifier.delivery.sender = one.sender
    for number in range(20):
        store.channels.add(channel(f"ch{number}"))
    barrier = threading.Barrier(4)

    def process(scene):
        barrier.wait()
        for number in range(3):
            scene.notifier.incident_opened(incident(id=f"i{number}", title=f"Problem {number}"))
        scene.deliver()
        scene.deliver()

    threads = [threading.Thread(target=process, args=(scene,)) for scene in (one, two, one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    one.deliver()
    sent = [(to, message.title) for to, message in one.sender.sent]
    assert (len(sent), len(set(sent))) == (60, 60)


def test_a_message_whose_process_was_killed_is_sent_again_once_its_lease_ends(store, monkeypatch):
    class Killed(Recorder):
        def send(self, to, message):
            super().send(to, message)
            raise SystemExit

    scene = Scene(store, sender=Killed())
    store.channels.add(channel())
    scene.notifier.incident_opened(incident())
    (row,) = store.notifications.due(scene.clock(), 10)
    with pytest.raises(SystemExit):
        scene.notifier.delivery.send_batch(store.channels.find("g", "ch1"), [row])

    other = Scene(store)
    other.deliver()
    during = other.sender.titles()
    real = Clock(row.lease_until + 1)
    monkeypatch.setattr("time.time", real)
    other.deliver()

    assert during == []
    assert [message.id for _, message in other.sender.sent] == [scene.sender.sent[0][1].id]
    assert LEASE < 300


def test_a_channel_that_does_not_answer_does_not_hold_the_others(store):
    let_go = threading.Event()

    class Slow(Recorder):
        def send(self, to, message):
            if to.id == "ch0":
                let_go.wait(20)
            super().send(to, message)

    scene = Scene(store, sender=Slow(), patience=0.5)
    for number in range(10):
        store.channels.add(channel(f"ch{number}"))
    scene.notifier.incident_opened(incident())

    scene.deliver()
    during = {to for to, _ in scene.sender.sent}
    scene.deliver()
    let_go.set()
    for thread in [one for one in threading.enumerate() if one.name == "notifications"]:
        thread.join(20)

    assert during == {f"ch{number}" for number in range(1, 10)}
    assert len(scene.sender.sent) == 10


def test_the_job_is_told_when_the_next_message_is_due(scene):
    scene.store.channels.add(channel(digest="hourly"))
    scene.notifier.incident_opened(replace(incident(), opened_at=NOON + timedelta(minutes=5)))

    assert scene.notifier.deliver_due() == (NOON + timedelta(hours=1)).timestamp()
