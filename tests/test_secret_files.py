"""Secrets that are read from files."""

from pathlib import Path

import pytest

from pbf.config import Settings, load_addresses, load_settings
from pbf.config.secret_files import LARGEST, SECRETS
from pbf.errors import ConfigurationError
from pbf.redaction import redact

pytestmark = pytest.mark.usefixtures("no_known_secrets")

CANARY = "canary7Qm4-KqX3zT8vWm1rYb6nLd0sGf5hJc2p"


def load(**values: str) -> Settings:
    return load_settings(values, dotenv=None)


def test_secrets_are_read_from_the_files_that_the_settings_name(tmp_path: Path):
    for name in ("key", "secret"):
        (tmp_path / name).write_text(f"the-{name}\n")

    settings = load(
        FIVETRAN_API_KEY_FILE=str(tmp_path / "key"),
        FIVETRAN_API_SECRET_FILE=str(tmp_path / "secret"),
        FIVETRAN_GROUP_ID="our_group",
    )

    assert (settings.api_key, settings.api_secret) == ("the-key", "the-secret")


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_can_be_in_a_file(name: str):
    with pytest.raises(ConfigurationError) as caught:
        load(**{f"{name}_FILE": "/nowhere/at-all"})

    sentence = f"The file of {name}_FILE (/nowhere/at-all) does not exist."
    assert redact(str(caught.value)) == sentence


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b" \n", "is empty.", id="empty"),
        pytest.param(CANARY.encode() + b"\xff", "cannot be read as text", id="not-text"),
        pytest.param(CANARY.encode() * (LARGEST // 30), "is too large.", id="large"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_without_its_content(
    tmp_path: Path, content: bytes, problem: str
):
    file = tmp_path / "key"
    file.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        load(PBF_SIGNING_KEY_FILE=str(file))

    assert f"The file of PBF_SIGNING_KEY_FILE ({file}) {problem}" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_an_invalid_secret_from_a_file_is_not_quoted(tmp_path: Path):
    (tmp_path / "url").write_text(f"smtp://me:{CANARY}@mail.example")

    with pytest.raises(ConfigurationError, match="PBF_MAIL_URL is not") as caught:
        load(PBF_MAIL_URL_FILE=str(tmp_path / "url"))

    assert CANARY not in str(caught.value)


def test_our_addresses_are_read_although_a_file_is_missing():
    values = {"PBF_PUBLIC_URL": "https://connect.example", "PBF_SIGNING_KEY_FILE": "/nowhere"}

    assert load_addresses(values, dotenv=None).hosts == {"connect.example"}
