import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from werkzeug.test import Client

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.errors import ConfigurationError
from pbf.runtime import Runtime

CREDENTIALS = {
    "FIVETRAN_API_KEY": "the-key",
    "FIVETRAN_API_SECRET": "the-secret",
    "FIVETRAN_GROUP_ID": "our_group",
}


@pytest.fixture
def own_sandbox():
    """The product without settings."""
    started = runtimes.start(Settings())
    runtimes.use(started)
    yield started
    started.close()


def test_without_settings_a_sandbox_on_a_loopback_port_is_used(own_sandbox: Runtime):
    assert own_sandbox.sandbox.url.startswith("http://127.0.0.1:")
    assert len(own_sandbox.portal.connectors().items) == 12
    assert own_sandbox.portal.services().items[0].icon_url.startswith("/sandbox/icons/")


def test_closing_ends_the_sandbox():
    started = runtimes.start(Settings())
    url = started.sandbox.url

    started.close()

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/v1/account/info", timeout=5)


def test_with_credentials_there_is_no_sandbox(runtime: Runtime):
    assert runtime.sandbox is None
    assert runtime.portal.tenant.group_id == "sandy_harbour"


def test_the_embedded_sandbox_is_served_to_browsers(own_sandbox: Runtime):
    answer = Client(runtimes.embedded_sandbox).get("/icons/stripe.svg")

    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")


def test_with_credentials_nothing_is_served_at_the_sandboxs_path(runtime: Runtime):
    assert Client(runtimes.embedded_sandbox).get("/icons/stripe.svg").status_code == 404


def test_with_incomplete_credentials_nothing_is_served_at_the_sandboxs_path(monkeypatch):
    monkeypatch.setenv("FIVETRAN_API_KEY", "the-key")

    assert Client(runtimes.embedded_sandbox).get("/icons/stripe.svg").status_code == 404


def test_all_callers_get_the_same_parts():
    together = threading.Barrier(8)

    def ask(_: int) -> Runtime:
        together.wait()
        return runtimes.runtime()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(ask, range(8)))

    assert all(result is results[0] for result in results)
    results[0].close()


def test_corrected_settings_are_read_at_the_next_call(monkeypatch):
    monkeypatch.setenv("FIVETRAN_API_KEY", "the-key")
    with pytest.raises(ConfigurationError):
        runtimes.runtime()

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    started = runtimes.runtime()

    assert started.portal.tenant.group_id == "our_group"
    started.close()


def test_names_are_stored_in_the_working_directory_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    runtimes.start(Settings(api_key="k", api_secret="s", group_id="g")).close()

    assert (tmp_path / "pbf.sqlite3").exists()


def test_the_embedded_sandbox_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    runtimes.start(Settings()).close()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("a password", id="not-a-url"),
        pytest.param("nonesuch://user:hunter2@localhost/x", id="unknown-database"),
        pytest.param("sqlite:////nonexistent/pbf.sqlite3", id="no-such-folder"),
    ],
)
@pytest.mark.parametrize("credentials", [True, False], ids=["account", "sandbox"])
def test_a_database_that_cannot_be_opened_is_reported_without_its_url(url: str, credentials: bool):
    threads = threading.enumerate()
    account = {"api_key": "k", "api_secret": "s", "group_id": "g"} if credentials else {}

    with pytest.raises(ConfigurationError, match="Check PBF_DATABASE_URL") as caught:
        runtimes.start(Settings(database_url=url, **account))

    assert url not in str(caught.value)
    assert caught.value.__cause__ is None
    # A thread of an earlier test may have ended meanwhile.
    assert [thread for thread in threading.enumerate() if thread not in threads] == []


def test_links_signed_by_one_process_are_read_by_another_of_the_same_account():
    def start(secret: str, *keys: str) -> Runtime:
        return runtimes.start(
            Settings(
                api_key="k",
                api_secret=secret,
                group_id="g",
                database_url="sqlite://",
                signing_keys=keys,
            )
        )

    first, same, second, keyed = start("s"), start("s"), start("t"), start("s", "of its own")
    link = first.portal.signer.link("g", "connector")

    assert same.portal.signer.read_link(link, "g") == "connector"
    assert second.portal.signer.read_link(link, "g") is None
    assert keyed.portal.signer.read_link(link, "g") is None
    for runtime in (first, same, second, keyed):
        runtime.close()


def test_each_sandbox_signs_with_a_key_of_its_own():
    first, second = runtimes.start(Settings()), runtimes.start(Settings())
    link = first.portal.signer.link("sandy_harbour", "connector")

    assert second.portal.signer.read_link(link, "sandy_harbour") is None
    first.close()
    second.close()


def test_the_representation_of_the_parts_contains_no_secret(runtime: Runtime, sandbox):
    assert sandbox.world.api_key not in repr(runtime.settings)
    assert sandbox.world.api_secret not in repr(runtime)


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, 200),
        ({"public_url": "http://127.0.0.1:8501"}, 200),
        ({"public_url": "https://demo.example"}, 403),
        ({"allowed_hosts": ("demo.example",)}, 403),
    ],
)
def test_the_controls_of_a_public_embedded_sandbox_are_closed(settings, status):
    started = runtimes.start(Settings(**settings))

    answer = started.sandbox.app.test_client().get("/_control/state")

    assert answer.status_code == status
    started.close()
