"""Request schemas of the admin routes, and a sentence for each field that is missing or wrong."""

from typing import ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from pbf.api.requests import read
from pbf.identity.api_tokens import DEFAULT_DAYS, LONGEST_NAME, MOST_DAYS
from pbf.paths import LONGEST_ID

MemberRole = Literal["viewer", "editor", "admin"]
ROLE_SENTENCE = "The field role must be viewer, editor or admin."
NAME_SENTENCE = "The field name is missing. Send a name as text."
Model = TypeVar("Model", bound="AdminRequest")


class AdminRequest(BaseModel):
    """A request whose `sentences` say what is wrong, by field; that of "" is for no object."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sentences: ClassVar[dict[str, str]]


class RoleChange(AdminRequest):
    """The role that a member shall have."""

    sentences: ClassVar[dict[str, str]] = {
        "": 'Send a JSON object: {"role": "editor"}.',
        "role": ROLE_SENTENCE,
    }

    role: MemberRole = Field(examples=["editor"])


class NewMemberInvitation(AdminRequest):
    """An e-mail address to invite."""

    sentences: ClassVar[dict[str, str]] = {
        "": 'Send a JSON object: {"email": "...", "role": "editor"}.',
        "email": "The field email is missing. Send an e-mail address.",
        "role": ROLE_SENTENCE,
    }

    email: str = Field(
        description="It becomes a member at its first sign-in, if the provider has verified it.",
        examples=["grace@people.example"],
    )
    role: MemberRole = Field(examples=["editor"])


class NewOperatorToken(AdminRequest):
    """An API token of the operators to create."""

    sentences: ClassVar[dict[str, str]] = {
        "": 'Send a JSON object: {"name": "...", "days": 90}.',
        "name": NAME_SENTENCE,
        "days": f"The field days must be a whole number from 1 to {MOST_DAYS}.",
    }

    name: str = Field(
        description=f"One line of at most {LONGEST_NAME} visible characters.",
        examples=["Nightly report"],
    )
    days: int = Field(
        default=DEFAULT_DAYS, ge=1, le=MOST_DAYS, description="How long it lives.", examples=[90]
    )


class NewToken(NewOperatorToken):
    """An API token of a tenant to create."""

    sentences: ClassVar[dict[str, str]] = NewOperatorToken.sentences | {
        "": 'Send a JSON object: {"name": "...", "role": "viewer", "days": 90}.',
        "role": ROLE_SENTENCE,
    }

    role: MemberRole = Field(description="At most your own.", examples=["viewer"])


class TenantChange(AdminRequest):
    """A tenant to add, or what an added one shall be."""

    sentences: ClassVar[dict[str, str]] = {
        "": 'Send a JSON object: {"name": "...", "group_id": "...", "policy": ""}.',
        "name": NAME_SENTENCE,
        "group_id": "The field group_id is missing. Send the id of a group at Fivetran.",
        "policy": "The field policy must be the name of a policy in the policy file, or empty.",
    }

    name: str = Field(description="What screens call the tenant.", examples=["Initech"])
    group_id: str = Field(
        max_length=LONGEST_ID,
        description="The group at Fivetran that holds its connectors; it cannot change later.",
        examples=["sandy_harbour"],
    )
    policy: str = Field(
        default="",
        description="The name of a policy in the policy file; empty for no limits.",
        examples=[""],
    )


def read_admin(model: type[Model], body: object) -> Model:
    """Return a body as a model, or raise InputError with a sentence that names the field."""
    return read(model, body, sentences=model.sentences)
