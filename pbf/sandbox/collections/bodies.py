"""Request bodies as models, whose mistakes are refused in Fivetran's words."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.validation import truth

# Problems with a value that is there, but counts as absent.
ABSENT = {"missing", "string_too_short"}
OBJECTS = {"dict_type", "model_type"}


def _without_repetition(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("must not repeat a value")
    return values


Text = Annotated[str, Field(min_length=1)]
Flag = Annotated[bool, BeforeValidator(truth)]
Texts = Annotated[list[str], Field(default_factory=list)]
Distinct = AfterValidator(_without_repetition)
Settings = Annotated[dict[str, Any], Field(default_factory=dict)]


class Body(BaseModel):
    """A request body; unknown fields are ignored, and a null counts as absent."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: item for name, item in value.items() if item is not None}

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """Return a body as a model; raise InvalidInput for the first invalid field."""
        try:
            return cls.model_validate(dict(body))
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            name = next(part for part in reversed(problem["loc"]) if isinstance(part, str))
            if problem["type"] in ABSENT:
                raise InvalidInput(f"Field '{name}' is required") from error
            noun = "object" if problem["type"] in OBJECTS else "value"
            raise InvalidInput(f"Invalid '{name}' {noun}") from error

    def given(self) -> dict[str, Any]:
        """Return the fields that the request sent."""
        return self.model_dump(exclude_unset=True)


def merged(present: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config with changes, in which a null clears a setting."""
    whole = {**present, **changes}
    return {name: value for name, value in whole.items() if value is not None}
