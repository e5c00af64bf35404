"""Operations of Fivetran's definition that the sandbox does not implement.

The data file names them: the empty lists answer with an empty page, their single items are never
found (404), and the rest is not imitated (501). A test compares it with the definition.
"""

import re
from typing import Any

from flask import Blueprint, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.core.errors import NotFound, SandboxError
from pbf.sandbox.core.http import answer, requested_page

routes = Blueprint("unsupported", __name__)


def list_nothing(message: str) -> ResponseReturnValue:
    """Return a page without items."""
    items: list[dict[str, Any]] = []
    return answer(requested_page(items, dict), message=message)


def find_nothing(kind: str, **names: str) -> ResponseReturnValue:
    """Raise NotFound for a kind of item."""
    raise NotFound.of(kind, next(iter(names.values())))


def refuse(**_names: str) -> ResponseReturnValue:
    """Refuse the request with a 501."""
    text = f"The sandbox does not imitate {request.method} {request.path}"
    raise SandboxError(text, code="NotImplemented", status=501)


def rule(template: str) -> str:
    """Return Flask's rule for a path of the definition."""
    return re.sub(r"\{(\w+)\}", r"<\1>", template)


@routes.record
def _add_rules(app: BlueprintSetupState) -> None:
    tables = read_data("unsupported.json")
    for path, message in tables["empty_lists"].items():
        app.add_url_rule(rule(path), f"list {path}", list_nothing, defaults={"message": message})
    for path, (kind, methods) in tables["never_found"].items():
        app.add_url_rule(
            rule(path),
            f"find {path}",
            find_nothing,
            methods=methods.split(),
            defaults={"kind": kind},
        )
    for path, methods in tables["not_imitated"].items():
        app.add_url_rule(rule(path), f"refuse {path}", refuse, methods=methods.split())
