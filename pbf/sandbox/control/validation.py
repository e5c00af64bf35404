"""Validation of the arguments of control's operations, which may come from outside."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, validate_call

from pbf.sandbox.core.errors import InvalidInput

# How pydantic calls a field that the operation does not have.
UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument", "multiple_argument_values"}
CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def _seconds(value: Any) -> Any:
    """Return a time such as 2026-11-24T09:00Z in seconds since 1970."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("must be a time such as 2026-11-24T09:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


Whole = Annotated[int, Field(ge=0, le=10**9)]
Number = Annotated[float, Field(ge=0, le=1e11)]
Time = Annotated[Number, BeforeValidator(_seconds)]


def validated(operation: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return an operation that raises InvalidInput for invalid arguments and for a ValueError."""
    checked = validate_call(config=CONFIG)(operation)

    @wraps(operation)
    def call(*arguments: Parameters.args, **fields: Parameters.kwargs) -> Result:
        try:
            return checked(*arguments, **fields)
        except ValidationError as error:
            raise InvalidInput(_explained(error)) from error
        except ValueError as error:
            text = str(error)
            raise InvalidInput(text[:1].upper() + text[1:]) from error

    return call


def _explained(error: ValidationError) -> str:
    """Return what is wrong with the first invalid argument."""
    problem = error.errors()[0]
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] in UNKNOWN:
        return f"Unknown field '{name}'"
    if problem["type"].startswith("missing"):
        return f"Field '{name}' is required"
    reason = re.sub("^(Value error, |Input |String )", "", problem["msg"])
    return f"Field '{name}' {reason}"
