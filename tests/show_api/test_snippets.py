"""Every snippet is run: by bash and Python against a sandbox and our routes, or read as HCL."""

import ast
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from werkzeug.serving import make_server

from pbf.fivetran.client import ApiClient
from pbf.fivetran.client import Request as Transport
from pbf.proxy import create_app
from pbf.redaction import CONTROLS
from pbf.rules.access.permissions import Role
from pbf.sandbox.server import SandboxServer
from pbf.show_api.operations import OPERATIONS, Operation, Request
from pbf.show_api.snippets import curl, own_curl, python
from pbf.show_api.target import Target
from tests.contract.definition import operation_for, problems, request_validator
from tests.support.shell_texts import TEXTS, UNSEEN
from tests.support.tenants import make_token, start_with_tenants

EACH = pytest.mark.parametrize("name", list(OPERATIONS))
WITH_ROUTE = [name for name, operation in OPERATIONS.items() if operation.route]


def target_in(sandbox: SandboxServer, name: str = "From a snippet") -> Target:
    """A connector that takes every operation."""
    connections = sandbox.world.connections.values()
    connection = next(item for item in connections if item.schema == "salesforce_crm")
    tables = tables_of(sandbox, connection.id)
    schema, table = next(iter(tables))
    return Target(
        group_id=sandbox.world.group_id,
        service_id="stripe",
        connector_id=connection.id,
        name=name,
        naming={"schema": "from_a_snippet"},
        schema=schema,
        table=table,
    )


def tables_of(sandbox: SandboxServer, connector_id: str) -> dict[tuple[str, str], bool]:
    """Whether each table of a connector that may be switched off is on."""
    world = sandbox.world
    transport = Transport(sandbox.url, world.api_key, world.api_secret)
    config = ApiClient(transport).get_schemas(connector_id)
    transport.close()
    return {
        (schema_name, table_name): table.enabled
        for schema_name, schema in config.schemas.items()
        for table_name, table in schema.tables.items()
        if table.enabled_patch_settings.allowed
    }


def environment(sandbox: SandboxServer, **more: str) -> dict[str, str]:
    """The variables that snippets read; curl and requests ask no proxy."""
    return {
        **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
        "FIVETRAN_API_URL": sandbox.url,
        "FIVETRAN_API_KEY": sandbox.world.api_key,
        "FIVETRAN_API_SECRET": sandbox.world.api_secret,
        **more,
    }


def run(command: list[str], snippet: str, env: dict[str, str]) -> str:
    """What a snippet prints; it has to succeed."""
    finished = subprocess.run(
        [*command, snippet], env=env, capture_output=True, text=True, timeout=60
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def in_bash(snippet: str, env: dict[str, str]) -> Any:
    return json.loads(run(["bash", "-euo", "pipefail", "-c"], snippet, env))


def in_python(snippet: str, env: dict[str, str]) -> Any:
    return json.loads(run([sys.executable, "-c"], snippet, env))


@EACH
def test_the_snippet_for_a_shell_gets_an_answer_as_the_definition_has_it(name, sandbox):
    request = OPERATIONS[name].request(target_in(sandbox))

    answer = in_bash(curl(request), environment(sandbox))

    assert_valid(request, answer)


@EACH
def test_the_snippet_for_python_gets_the_same_answer_as_the_one_for_a_shell(name, sandbox):
    operation = OPERATIONS[name]
    with SandboxServer() as other:
        by_shell = in_bash(curl(operation.request(target_in(other))), environment(other))

    request = operation.request(target_in(sandbox))
    answer = in_python(python(request), environment(sandbox))

    assert_valid(request, answer)
    assert shape(answer) == shape(by_shell)


def assert_valid(request: Request, answer: Any) -> None:
    assert isinstance(answer["data"] if request.method == "GET" else answer, dict)
    operation = operation_for(request.method, request.path)
    if operation is None:  # the definition has neither sync history nor errors
        assert request.path.endswith(("/sync-history", "/errors"))
        return
    status = 201 if request.path == "/v1/connections" else 200
    assert problems(operation, status, answer) == []
    assert answer["code"] == "Success" or status == 201
    if request.body is not None:
        service = "stripe" if status == 201 else None
        validator = request_validator(operation, service)
        assert [error.message for error in validator.iter_errors(request.body)] == []


def shape(value: Any) -> Any:
    """The names and kinds of a JSON value, without what differs between two sandboxes."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


def test_snippets_change_what_they_say(sandbox):
    target, env = target_in(sandbox), environment(sandbox)
    connection = sandbox.world.connections[target.connector_id]
    connection.paused = False

    in_bash(curl(OPERATIONS["pause"].request(target)), env)
    in_python(python(OPERATIONS["update_schemas"].request(target)), env)
    assert connection.paused
    assert not tables_of(sandbox, target.connector_id)[target.schema, target.table]
    in_bash(curl(OPERATIONS["delete"].request(target)), env)

    assert target.connector_id not in sandbox.world.connections


@EACH
def test_no_snippet_has_a_key_or_a_secret(name, sandbox):
    target, operation = target_in(sandbox), OPERATIONS[name]
    request = operation.request(target)

    snippets = (curl(request), python(request), operation.terraform(target))

    secrets = (sandbox.world.api_key, sandbox.world.api_secret)
    assert [text for text in snippets if any(secret in text for secret in secrets)] == []


@pytest.fixture
def own_routes(sandbox: SandboxServer, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of our routes with sign-in, and a token of an admin."""
    runtime = start_with_tenants(sandbox, tmp_path, public_url=None)
    server = make_server("127.0.0.1", 0, create_app(lambda: runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}", make_token(runtime, Role.ADMIN)
    server.shutdown()
    thread.join()
    server.server_close()
    runtime.close()


@pytest.mark.parametrize("name", WITH_ROUTE)
def test_the_snippet_of_our_route_gets_an_answer(name, sandbox, own_routes):
    url, token = own_routes
    target = target_in(sandbox)
    request = OPERATIONS[name].route_request(target)
    assert request is not None

    answer = run_own(
        own_curl(request, url, has_sign_in=True), environment(sandbox, API_TOKEN=token)
    )

    if name in ("services", "connectors"):
        assert len(answer) > 5
    elif name == "connect_card":
        assert answer["connectorId"] == target.connector_id
    elif name in ("connector", "pause", "reschedule", "sync", "resync"):
        assert answer["id"] == target.connector_id
    elif name == "create":
        assert answer["service"] == "stripe"
        assert answer["id"] in sandbox.world.connections
    elif name == "delete":
        assert target.connector_id not in sandbox.world.connections
    else:
        assert answer


def run_own(snippet: str, env: dict[str, str]) -> Any:
    printed = run(["bash", "-euo", "pipefail", "-c"], snippet, env)
    return json.loads(printed) if printed.strip() else {}


def test_without_sign_in_our_route_needs_no_token(sandbox):
    request = OPERATIONS["connectors"].route_request(target_in(sandbox))
    assert request is not None

    assert "API_TOKEN" not in own_curl(request, "http://127.0.0.1:1", has_sign_in=False)


@EACH
def test_no_snippet_has_raw_controls_or_direction_marks(name):
    target = Target(UNSEEN, UNSEEN, UNSEEN, UNSEEN, {UNSEEN: UNSEEN}, schema=UNSEEN, table=UNSEEN)
    operation = OPERATIONS[name]
    request, own = operation.request(target), operation.route_request(target)

    texts = [curl(request), python(request), operation.terraform(target)]
    texts += [own_curl(own, "https://connect.example", has_sign_in=True)] if own else []

    assert not any(CONTROLS.search(line) for text in texts for line in text.split("\n"))


@given(TEXTS.filter(lambda text: "\0" not in text))
def test_any_name_reaches_curl_as_it_is(text):
    request = Request("POST", "/v1/x", (("name", text),), {"name": text})
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{curl(request)}"

    printed = run(["bash", "-c"], script, {"FIVETRAN_API_KEY": "k", "FIVETRAN_API_SECRET": "s"})

    arguments = printed.split("\0")
    assert json.loads(arguments[arguments.index("--data") + 1]) == {"name": text}
    assert f"https://api.fivetran.com{request.address}" in arguments


@given(TEXTS)
def test_any_name_reaches_python_as_it_is(text):
    request = Request("POST", f"/v1/{text}", (("name", text),), {"name": text, text: [text]})

    (call,) = (
        node
        for node in ast.walk(ast.parse(python(request)))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "post"
    )

    values = {keyword.arg: keyword.value for keyword in call.keywords}
    assert ast.literal_eval(values["json"]) == {"name": text, text: [text]}
    assert ast.literal_eval(values["params"]) == {"name": text}
    assert isinstance(call.args[0], ast.BinOp)
    assert ast.literal_eval(call.args[0].right) == f"/v1/{text}"


@EACH
def test_all_but_two_operations_are_in_the_definition(name):
    operation: Operation = OPERATIONS[name]
    path = operation.request(Target()).path

    is_defined = operation_for(operation.method, path) is not None

    assert is_defined is (name not in ("history", "errors"))
