"""Logs are lines of JSON with the request's id, and nothing secret gets into one."""

import json
import logging
import subprocess
import sys
from base64 import b64encode

import pytest
from flask.testing import FlaskClient

from pbf import redaction
from pbf.connectors.connect_card import Signer
from pbf.errors import PbfError
from pbf.logs import JsonLines, NoSecrets, begin_request, end_request, request_id
from pbf.proxy import create_app
from pbf.redaction import CUT, LONGEST, hide, hide_pair, hide_password, redact
from pbf.runtime import Runtime
from tests.support.servers import clean_environment

SIGNER = Signer("a key of some length")
CARD = "https://fivetran.com/connect-card/setup?auth=eyJhbGciOi.eyJzdWIiOiJ"


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(redaction, "_values", ())
    yield
    end_request()


def record(message: object, *args: object, **options: object) -> logging.LogRecord:
    made = logging.LogRecord("a", logging.INFO, "a.py", 1, message, args, None)
    for name, value in options.items():
        setattr(made, name, value)
    return made


def line(made: logging.LogRecord) -> dict[str, str]:
    assert NoSecrets().filter(made) is True
    said: dict[str, str] = json.loads(JsonLines().format(made))
    return said


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        pytest.param(f"GET {CARD}", CARD, id="card"),
        pytest.param("GET /sandbox/connect-card/setup?auth=abc", "abc", id="sandbox-card"),
        pytest.param("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", id="header"),
        pytest.param("{'Authorization': 'Bearer abc.def'}", "abc.def", id="headers"),
        pytest.param("sent Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", id="scheme"),
        pytest.param(f"/_/go/{SIGNER.ticket('t', 'c')}", SIGNER.ticket("t", "c")[:20], id="go"),
        pytest.param(f"/_/invite/{SIGNER.invitation('t', 'c')[:-3]}", "WyJ", id="cut-invitation"),
        pytest.param(f"at {SIGNER.state('t')} now", SIGNER.state("t")[:10], id="state-alone"),
        pytest.param("/_/return?state=a.b&id=c", "a.b", id="state"),
        pytest.param("redis://u:hunter2@host/0", "hunter2", id="password-in-a-url"),
        pytest.param('{"password": "hunter2"}', "hunter2", id="json"),
        pytest.param("password=hunter2 user=me", "hunter2", id="form"),
    ],
)
def test_what_is_secret_by_its_place_is_cut_out(text: str, hidden: str):
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
def test_what_is_no_secret_stays(text: str):
    assert redact(text) == text


def test_known_secrets_are_cut_out_in_every_form():
    hide_pair("the-key", "the&secret")
    hide("signing", None, "")
    hide_password("postgresql://me:hunter%2022@host/db")
    pair = b64encode(b"the-key:the&secret").decode()

    cleared = redact(f"the-key the&secret the%26secret {pair} signing hunter%2022 hunter 22")

    assert cleared == "*** *** *** *** *** *** ***"


def test_a_line_has_time_level_place_message_and_request():
    known = begin_request()

    said = line(record("%d of %s", 3, "seven"))

    assert (said["message"], said["level"], said["logger"]) == ("3 of seven", "INFO", "a")
    assert said["request_id"] == known == request_id()
    assert said["time"].endswith("+00:00")


def test_a_line_holds_no_control_or_direction_character():
    text = "a\u202eb\u2069c\u200fd\u2028e\x85f\x1b[2Jg\nh\ud800i\x7f"
    try:
        raise PbfError(text)
    except PbfError:
        made = record(text, exc_info=sys.exc_info(), request_id="a\u202e")
    NoSecrets().filter(made)

    written = JsonLines().format(made)

    assert written.isprintable()
    assert json.loads(written)["message"] == text
    assert text in json.loads(written)["traceback"]


def test_a_long_text_is_cut_before_it_is_read():
    made = record("%s and %s", "a" * 300_000, "sid=1")

    said = line(made)

    assert len(said["message"]) <= LONGEST
    assert said["message"].endswith(CUT)


def test_what_is_put_into_a_message_is_cleared_by_its_place():
    hide("canary-1")
    made = record('%s - "%s" %d', "127.0.0.1", "/?state=canary-1", 200)

    said = line(made)

    assert said["message"] == '127.0.0.1 - "/?state=***" 200'
    assert made.args == ("127.0.0.1", "/?state=***", 200)


@pytest.mark.parametrize(
    ("message", "args"),
    [
        pytest.param("%s", (ValueError("canary-1"),), id="an-error-as-argument"),
        pytest.param("canary-%d", (1,), id="put-together"),
        pytest.param({"password": "canary-1"}, (), id="no-text"),
        pytest.param("canary-1 %d", ("x",), id="arguments-that-do-not-fit"),
    ],
)
def test_a_secret_in_any_part_of_a_record_is_cut_out(message: object, args: tuple[object, ...]):
    hide("canary-1")

    assert "canary-1" not in json.dumps(line(record(message, *args)))


def test_a_traceback_is_cleared():
    hide("canary-1")
    try:
        raise PbfError("canary-1")
    except PbfError:
        made = record("failed", exc_info=sys.exc_info())

    said = line(made)

    assert "PbfError: ***" in said["traceback"]
    assert logging.Formatter().format(made).count("canary-1") == 0


def test_of_an_error_that_is_not_ours_the_way_is_told_and_not_the_text():
    text = "-".join(("canary", "1"))
    try:
        try:
            raise ExceptionGroup(text, [KeyError(text), PbfError("what we say")])
        except ExceptionGroup as group:
            raise RuntimeError(text) from group
    except RuntimeError:
        made = record("failed", exc_info=sys.exc_info())

    said = line(made)["traceback"]

    assert "canary-1" not in said
    assert [one for one in said.splitlines() if one and not one.startswith(" ")] == [
        "builtins.ExceptionGroup",
        "among them:",
        "builtins.KeyError",
        "among them:",
        "pbf.errors.PbfError: what we say",
        "which led to:",
        "builtins.RuntimeError",
    ]


def test_every_handler_of_a_process_that_is_set_up_gets_cleared_lines():
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

    lines = [json.loads(one) for one in ended.stderr.splitlines()]
    assert ended.returncode == 1
    assert "canary-1" not in ended.stderr + ended.stdout
    assert ended.stdout == "late ***\n"
    assert [one["logger"] for one in lines] == ["of.a.library", "py.warnings", "pbf", "pbf"]
    assert [one["traceback"].splitlines()[-1] for one in lines[2:]] == ["builtins.ValueError"] * 2


def test_an_error_bears_the_id_under_which_the_log_has_it(house: Runtime, caplog):
    client: FlaskClient = create_app(lambda: house).test_client()

    with caplog.at_level(logging.INFO, "pbf"):
        answer, other = client.get("/_/connectors/nobody"), client.get("/_/healthz")

    known = answer.json["error"]["request_id"]
    assert answer.headers["X-Request-Id"] == known != other.headers["X-Request-Id"]
    assert [one.getMessage() for one in caplog.records if one.name == "pbf.api.error_handlers"] == [
        "GET /_/connectors/nobody: 404 unknown_connector: "
        "There is no such connector. It may have been deleted."
    ]
    assert request_id() == ""


def test_what_was_changed_is_in_the_log(house: Runtime, caplog):
    client: FlaskClient = create_app(lambda: house).test_client()

    with caplog.at_level(logging.INFO, "pbf"):
        client.post("/_/connectors", json={"service": "stripe", "name": "Sales"})

    assert "POST /_/connectors: 200" in [one.getMessage() for one in caplog.records]
