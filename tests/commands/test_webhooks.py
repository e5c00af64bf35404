"""The command that installs the account's webhook, against the sandbox over HTTP."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from werkzeug.serving import make_server

from pbf import runtime as runtimes
from pbf.commands.command_line import main
from pbf.commands.doctor import run_checks
from pbf.commands.webhooks import INSTALL, run
from pbf.config import Settings
from pbf.proxy import create_app
from pbf.rules.timeline.events import EVENTS
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from tests.support.accounts import ACCOUNT, account_on

SECRET = "a-secret-of-webhooks-0123456789-abcdef"


@pytest.fixture
def settings(sandbox: SandboxServer) -> Iterator[Settings]:
    """An account on the sandbox, whose dashboard is served on this machine."""
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.port}"
    yield account_on(sandbox, public_url=url, webhook_secrets=(SECRET,))
    server.shutdown()
    thread.join()
    server.server_close()


def lines(runtime: Runtime, action: str) -> tuple[bool, list[str]]:
    """Whether all went well, and the first words of the lines."""
    results = list(run(lambda: runtime, action))
    return all(ok for ok, _ in results), [text.split()[0] for _, text in results]


def doctors_line(runtime: Runtime) -> str:
    return next(
        str(result) for result in run_checks(lambda: runtime) if result.subject == "webhooks"
    )


def test_a_webhook_is_installed_checked_and_removed(runtime: Runtime, sandbox: SandboxServer):
    before = doctors_line(runtime)
    installed = lines(runtime, "install")
    [hook] = runtime.client.webhooks.all()
    checked = lines(runtime, "check")
    during = doctors_line(runtime)
    removed = lines(runtime, "remove")

    assert INSTALL in before
    assert installed == (True, ["installed", "tested"])
    assert (hook.url, hook.events, hook.active) == (
        f"{runtime.settings.public_url}/_/hooks/fivetran",
        EVENTS,
        True,
    )
    assert checked == (True, ["active", "tested", "test"])
    assert "active" in during
    assert removed == (True, ["removed"])
    assert list(runtime.client.webhooks.all()) == []
    assert lines(runtime, "remove")[1] == ["No"]


def test_what_happens_then_arrives(runtime: Runtime, sandbox: SandboxServer):
    lines(runtime, "install")
    connector = next(iter(sandbox.world.connections.values()))
    sandbox.world.webhooks.deliveries.stop()

    sandbox.world.webhooks.record("connection_failure", connector)
    attempts = sandbox.world.webhooks.pump()

    assert {attempt.result.status for attempt in attempts} == {200}
    assert runtime.store.received_events.waiting() == len(attempts)
    assert "accepted" in lines(runtime, "check")[1]


def test_installing_again_renews_the_events_and_the_secret(runtime: Runtime, sandbox):
    lines(runtime, "install")
    [hook] = sandbox.world.webhooks.hooks.values()
    hook.secret, hook.events = "old", ["sync_end"]
    incomplete = lines(runtime, "check")

    again = lines(runtime, "install")

    assert incomplete[1][0] == "incomplete"
    assert again == (True, ["updated", "tested"])
    assert (hook.secret, hook.events) == (SECRET, list(EVENTS))


def test_a_disabled_webhook_of_ours_is_replaced_and_others_are_left_alone(runtime, sandbox):
    lines(runtime, "install")
    [hook] = sandbox.world.webhooks.hooks.values()
    hook.active = False
    other = sandbox.world.webhooks.create(
        {"url": "https://elsewhere.example", "events": ["sync_end"], "active": False}
    )
    disabled, doctor = lines(runtime, "check"), doctors_line(runtime)

    again = lines(runtime, "install")

    assert disabled == (False, ["disabled", *disabled[1][1:]])
    assert doctor.startswith("BAD")
    assert again == (True, ["installed", "removed", "tested"])
    assert hook.id not in sandbox.world.webhooks.hooks
    assert other.id in sandbox.world.webhooks.hooks


def test_an_address_that_does_not_answer_is_named(sandbox: SandboxServer, capsys):
    url = "http://127.0.0.1:9"
    runtime = runtimes.start(account_on(sandbox, public_url=url, webhook_secrets=(SECRET,)))

    [(ok, text)] = run(lambda: runtime, "install")

    assert not ok
    assert f"test of {url}/_/hooks/fivetran failed" in text
    assert "reachable from the internet" in text
    runtime.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"webhook_secrets": ()}, "PBF_WEBHOOK_SECRET is not set", id="no-secret"),
        pytest.param({"public_url": None}, "PBF_PUBLIC_URL is not set", id="no-address"),
        pytest.param({"public_url": "http://connect.example"}, "https:// addresses", id="no-tls"),
        pytest.param({"public_url": "http://localhost:8501"}, "cannot reach", id="this-machine"),
    ],
)
def test_settings_with_which_nothing_can_arrive_are_named(changes, words):
    settings = replace(ACCOUNT, public_url="https://connect.example", webhook_secrets=(SECRET,))
    runtime = runtimes.start(replace(settings, **changes))

    [(ok, text)] = run(lambda: runtime, "install")

    assert not ok
    assert words in text
    runtime.close()


def test_with_the_embedded_sandbox_there_is_nothing_to_install(capsys):
    assert main(["webhooks", "install"]) == 0
    assert "by itself" in capsys.readouterr().out


def test_the_embedded_sandbox_sends_its_events_to_the_dashboard(demo: Runtime):
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    world = demo.sandbox.world
    world.webhooks.deliveries.stop()

    demo.receive_from_sandbox(f"http://127.0.0.1:{server.port}")
    for connection in world.connections.values():
        world.webhooks.record("edit_connector", connection)
    attempts = world.webhooks.pump()

    assert {attempt.result.status for attempt in attempts} == {200}
    assert demo.store.received_events.waiting() == len(world.connections) > 12
    server.shutdown()
    thread.join()
    server.server_close()
