"""The settings in Streamlit's file of secrets."""

import pytest

from pbf.config import load_settings
from pbf.errors import ConfigurationError


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return what writes the file in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    return (tmp_path / ".streamlit" / "secrets.toml").write_text


def test_settings_are_read_by_their_own_names(write):
    write(
        'PBF_PRODUCT_NAME = "Acme data"\nPBF_TIMEOUT = 12.5\nPBF_NOTIFY_PRIVATE = true\nOTHER = 1\n'
    )

    settings = load_settings({})

    assert (settings.product_name, settings.timeout) == ("Acme data", 12.5)
    assert settings.notify_private


def test_in_the_section_of_the_connection_names_have_no_prefix(write):
    write(
        '[connections.fivetran]\napi_key = "the-key"\napi_secret = "the-secret"\n'
        'group_id = "our_group"\nproduct_name = "Acme data"\n'
        'allowed_origins = ["https://a.example.com", "https://b.example.com"]\n'
    )

    settings = load_settings({})

    assert (settings.api_key, settings.group_id) == ("the-key", "our_group")
    assert settings.product_name == "Acme data"
    assert settings.allowed_origins == ("https://a.example.com", "https://b.example.com")


def test_the_environment_and_dotenv_come_first(write, tmp_path):
    write('PBF_PRODUCT_NAME = "third"\nPBF_TIMEOUT = 3\n')
    (tmp_path / ".env").write_text("PBF_PRODUCT_NAME=second\nPBF_TIMEOUT=2\n")

    settings = load_settings({"PBF_TIMEOUT": "1"})

    assert (settings.product_name, settings.timeout) == ("second", 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('PBF_TIMEOUT = "secret', "secrets.toml is not valid TOML.", id="broken"),
        pytest.param("[PBF_TIMEOUT]\nx = 1\n", "PBF_TIMEOUT is not a text", id="table"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_quoted(write, text, message):
    write(text)

    with pytest.raises(ConfigurationError, match=message) as caught:
        load_settings({})

    assert "secret'" not in str(caught.value)
