"""The rest of Fivetran's definition: lists that are always empty, and answers of 501."""

import re
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.errors import NotFound, NotImitated
from pbf.sandbox.core.http import answer, listed
from pbf.sandbox.routes.operations import EMPTY_LISTS, NEVER_FOUND, NOT_IMITATED

routes = Blueprint("remainder", __name__)


def list_nothing(message: str) -> ResponseReturnValue:
    """Return a page without items."""
    nothing: list[dict[str, Any]] = []
    return answer(listed(nothing, dict), message=message)


def find_nothing(kind: str, **names: str) -> ResponseReturnValue:
    """Say that there is no such thing."""
    raise NotFound.of(kind, next(iter(names.values())))


def refuse(**_names: str) -> ResponseReturnValue:
    """Say that Fivetran can do this and the sandbox cannot."""
    raise NotImitated(f"The sandbox does not imitate {request.method} {request.path}")


def rule(template: str) -> str:
    """Return Flask's way of writing a path of the definition."""
    return re.sub(r"\{(\w+)\}", r"<\1>", template)


def _add_rules() -> None:
    for path, message in EMPTY_LISTS.items():
        routes.add_url_rule(rule(path), f"list {path}", list_nothing, defaults={"message": message})
    for path, (kind, methods) in NEVER_FOUND.items():
        routes.add_url_rule(
            rule(path),
            f"find {path}",
            find_nothing,
            methods=methods.split(),
            defaults={"kind": kind},
        )
    for path, methods in NOT_IMITATED.items():
        routes.add_url_rule(rule(path), f"refuse {path}", refuse, methods=methods.split())


_add_rules()
