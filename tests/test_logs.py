"""Logs are lines of JSON with the id of the request and without secrets."""

import json
import logging
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from pbf import logs
from pbf.errors import PbfError
from pbf.logs import JsonLines, begin_request, new_record, request_id
from pbf.proxy import create_app
from pbf.redaction import CUT, LONGEST, hide, hide_pair, hide_password, redact
from pbf.runtime import Runtime
from pbf.signed_links import Signer
from tests.support.servers import clean_environment, output_of

pytestmark = pytest.mark.usefixtures("no_known_secrets")

SIGNER = Signer("a key of some length")
CARD = "https://fivetran.com/connect-card/setup?auth=eyJhbGciOi.eyJzdWIiOiJ"


@pytest.fixture(autouse=True)
def _end_request() -> Iterator[None]:
    yield
    logs._id.set("")


def record(message: object, *args: object, exc_info: object = None) -> logging.LogRecord:
    return new_record("a", logging.INFO, "a.py", 1, message, args, exc_info)


def line(entry: logging.LogRecord) -> dict[str, str]:
    fields: dict[str, str] = json.loads(JsonLines().format(entry))
    return fields


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        pytest.param(f"GET {CARD}", CARD, id="card"),
        pytest.param("GET /sandbox/connect-card/setup?auth=abc", "abc", id="sandbox-card"),
        pytest.param("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", id="header"),
        pytest.param("{'Authorization': 'Bearer abc.def'}", "abc.def", id="headers"),
        pytest.param("sent Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", id="scheme"),
        pytest.param(f"/_/go/{SIGNER.link('t', 'c')}", SIGNER.link("t", "c")[:20], id="go"),
        pytest.param("/_/status/Zk3vQ9aLw_0t", "Zk3vQ9aLw", id="status-page"),
        pytest.param(f"/_/invite/{SIGNER.invitation('t', 'c')[:-3]}", "WyJ", id="cut-invitation"),
        pytest.param(f"at {SIGNER.state('t')} now", SIGNER.state("t")[:10], id="state-alone"),
        pytest.param("/_/return?state=a.b&id=c", "a.b", id="state"),
        pytest.param("redis://u:hunter2@host/0", "hunter2", id="password-in-a-url"),
        pytest.param('{"password": "hunter2"}', "hunter2", id="json"),
        pytest.param("password=hunter2 user=me", "hunter2", id="form"),
    ],
)
def test_secrets_are_removed_by_their_context(text: str, hidden: str):
    cleared = redact(text)

    assert hidden not in cleared
    assert redact(cleared) == cleared


@pytest.mark.parametrize(
    "text",
    [
        "Fivetran refused the API key: Invalid authorization credentials. Check FIVETRAN_API_KEY",
        "GET /_/connectors/sandy_harbour: 404 unknown_connector: There is no such connector.",
        "setup_state=connected sync_state=scheduled",
        "pbf.sandbox.core.http and tests.contract.test_generated",
    ],
)
def test_other_text_stays(text: str):
    assert redact(text) == text


def test_known_secrets_are_removed_in_every_form():
    hide_pair("the-key", "the&secret")
    hide("signing", None, "")
    hide_password("postgresql://me:hunter%2022@host/db")
    pair = b64encode(b"the-key:the&secret").decode()

    cleared = redact(f"the-key the&secret the%26secret {pair} signing hunter%2022 hunter 22")

    assert cleared == "*** *** *** *** *** *** ***"


def test_a_line_has_time_level_logger_message_and_request():
    new_id = begin_request()

    fields = line(record("%d of %s", 3, "seven"))

    assert (fields["message"], fields["level"], fields["logger"]) == ("3 of seven", "INFO", "a")
    assert fields["request_id"] == new_id == request_id()
    assert fields["time"].endswith("+00:00")


def test_a_line_contains_no_control_or_direction_character():
    text = "a\u202eb\u2069c\u200fd\u2028e\x85f\x1b[2Jg\nh\ud800i\x7f"
    try:
        raise PbfError(text)
    except PbfError:
        entry = record(text, exc_info=sys.exc_info())
    entry.request_id = "a\u202e"

    written = JsonLines().format(entry)

    assert written.isprintable()
    assert json.loads(written)["message"] == text
    assert text in json.loads(written)["traceback"]


def test_a_long_text_is_cut_before_it_is_redacted():
    entry = record("%s and %s", "a" * 300_000, "sid=1")

    fields = line(entry)

    assert len(fields["message"]) <= LONGEST
    assert fields["message"].endswith(CUT)


def test_arguments_of_a_message_are_redacted_by_their_context():
    hide("canary-1")
    entry = record('%s - "%s" %d', "127.0.0.1", "/?state=canary-1", 200)

    fields = line(entry)

    assert fields["message"] == '127.0.0.1 - "/?state=***" 200'
    assert entry.args == ("127.0.0.1", "/?state=***", 200)


@pytest.mark.parametrize(
    ("message", "args"),
    [
        pytest.param("%s", (ValueError("canary-1"),), id="an-error-as-argument"),
        pytest.param("canary-%d", (1,), id="put-together"),
        pytest.param({"password": "canary-1"}, (), id="no-text"),
        pytest.param("canary-1 %d", ("x",), id="arguments-that-do-not-fit"),
    ],
)
def test_a_secret_in_any_part_of_a_record_is_removed(message: object, args: tuple[object, ...]):
    hide("canary-1")

    assert "canary-1" not in json.dumps(line(record(message, *args)))


def test_a_traceback_is_redacted():
    hide("canary-1")
    try:
        raise PbfError("canary-1")
    except PbfError:
        entry = record("failed", exc_info=sys.exc_info())

    fields = line(entry)

    assert "PbfError: ***" in fields["traceback"]
    assert logging.Formatter().format(entry).count("canary-1") == 0


def test_a_foreign_error_is_logged_with_its_traceback_and_without_its_text():
    text = "-".join(("canary", "1"))
    try:
        try:
            raise ExceptionGroup(text, [KeyError(text), PbfError("what we say")])
        except ExceptionGroup as group:
            raise RuntimeError(text) from group
    except RuntimeError:
        entry = record("failed", exc_info=sys.exc_info())

    fields = line(entry)["traceback"]

    assert "canary-1" not in fields
    assert [text for text in fields.splitlines() if text and not text.startswith(" ")] == [
        "builtins.ExceptionGroup",
        "among them:",
        "builtins.KeyError",
        "among them:",
        "pbf.errors.PbfError: what we say",
        "which led to:",
        "builtins.RuntimeError",
    ]


def test_every_handler_of_a_process_gets_redacted_records():
    script = """
import logging, sys, threading, warnings
other = logging.getLogger("of.a.library")
other.addHandler(logging.StreamHandler(sys.stdout)); other.propagate = False
from pbf import logs
from pbf.redaction import hide
hide("canary-1")
logs.set_up()
other.warning("taken over canary-1")
late = logging.getLogger("late"); late.propagate = False
late.addHandler(logging.StreamHandler(sys.stdout)); late.warning("late canary-1")
warnings.warn("warned canary-1")
def fail(): raise ValueError("thread canary-1")
thread = threading.Thread(target=fail); thread.start(); thread.join()
raise ValueError("main canary-1")
"""
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    lines = [json.loads(text) for text in ended.stderr.splitlines()]
    assert ended.returncode == 1
    assert "canary-1" not in ended.stderr + ended.stdout
    assert ended.stdout == "late ***\n"
    assert [fields["logger"] for fields in lines] == ["of.a.library", "py.warnings", "pbf", "pbf"]
    assert [fields["traceback"].splitlines()[-1] for fields in lines[2:]] == [
        "builtins.ValueError"
    ] * 2


def test_what_the_server_logs_is_json_too():
    """Streamlit gives uvicorn's loggers handlers, which uvicorn's own settings then remove."""
    script = """
import json, logging, sys
from uvicorn import Config
from streamlit.logger import init_uvicorn_logs
from pbf import logs
sys.stderr = sys.stdout
init_uvicorn_logs()
Config("app", access_log=False)
logs.set_up()
logging.getLogger("uvicorn.error").error("a socket was refused")
logging.getLogger("uvicorn.error").info("a socket was opened")
print(json.dumps({"message": logging.getLogger("uvicorn.access").hasHandlers()}))
"""

    lines = [json.loads(text) for text in output_of(script).splitlines()]

    assert [entry["message"] for entry in lines] == ["a socket was refused", False]


def test_an_error_has_the_id_of_its_log_line(runtime: Runtime, caplog):
    client: FlaskClient = create_app(lambda: runtime).test_client()

    with caplog.at_level(logging.INFO, "pbf"):
        answer, other = client.get("/_/connectors/nobody"), client.get("/_/services")

    logged_id = answer.json["error"]["request_id"]
    assert answer.headers["X-Request-Id"] == logged_id != other.headers["X-Request-Id"]
    messages = [
        entry.getMessage() for entry in caplog.records if entry.name == "pbf.api.error_handlers"
    ]
    assert messages == [
        "GET /_/connectors/nobody: 404 unknown_connector: "
        "There is no such connector. It may have been deleted."
    ]
    assert request_id() == ""


def test_changes_are_logged(runtime: Runtime, caplog):
    client: FlaskClient = create_app(lambda: runtime).test_client()

    with caplog.at_level(logging.INFO, "pbf"):
        client.post("/_/connectors", json={"service": "stripe", "name": "Sales"})

    assert "POST /_/connectors: 200" in [entry.getMessage() for entry in caplog.records]
