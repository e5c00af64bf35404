"""Which limits a request counts against, told by its method, path and body."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pbf.sandbox.core.rate_limits import ALL, LINKS, SETUP_TESTS, SOURCE, USERS

Body = Callable[[], Mapping[str, Any]]

TESTABLE = r"/v1/(?:connections|connectors|destinations)"
RUN_TESTS = re.compile(rf"{TESTABLE}/[^/]+/test/?")
CREATE = re.compile(rf"{TESTABLE}/?")
UPDATE = re.compile(rf"{TESTABLE}/[^/]+/?")
RELOAD = re.compile(r"/v1/(?:connections|connectors)/[^/]+/schemas/reload/?")
TABLES = re.compile(r"/v1/(?:connections|connectors)/.+/tables/")
CREATE_USER = re.compile(r"/v1/users/?")
CREATE_LINK = re.compile(r"/v1/private-links/?")


def kinds_of(method: str, path: str, body: Body) -> tuple[str, ...]:
    """Return the kinds of limit that a request counts against; setup tests count in two."""
    if method == "POST" and CREATE_USER.fullmatch(path):
        return ALL, USERS
    if method == "POST" and CREATE_LINK.fullmatch(path):
        return ALL, LINKS
    if _runs_setup_tests(method, path, body):
        return ALL, SETUP_TESTS, SOURCE
    if (method == "POST" and RELOAD.fullmatch(path)) or (method == "GET" and _is_of_columns(path)):
        return ALL, SOURCE
    return (ALL,)


def _is_of_columns(path: str) -> bool:
    found = TABLES.match(path)
    return found is not None and path[found.end() :].rstrip("/").endswith("/columns")


def _runs_setup_tests(method: str, path: str, body: Body) -> bool:
    if method == "POST" and RUN_TESTS.fullmatch(path):
        return True
    if method == "POST" and CREATE.fullmatch(path):
        return body().get("run_setup_tests", True) is True
    if method == "PATCH" and UPDATE.fullmatch(path):
        given = body()
        return given.get("run_setup_tests", bool(given.get("config") or given.get("auth"))) is True
    return False
