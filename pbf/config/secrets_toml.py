"""Streamlit's own file of secrets, `.streamlit/secrets.toml`: our settings in it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pbf.errors import ConfigurationError

SECRETS_TOML = ".streamlit/secrets.toml"
CONNECTION = "fivetran"
# In a section of a connection, the names of settings have no prefix.
OF_FIVETRAN = frozenset({"API_KEY", "API_SECRET", "GROUP_ID", "API_URL"})
PREFIXES = ("FIVETRAN_", "PBF_")


def read_secrets_toml(path: str = SECRETS_TOML) -> dict[str, str]:
    """Return the settings of a file: those of `[connections.fivetran]`, and above them its own.

    There are none if there is no file. Raises ConfigurationError if it cannot be read.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as exc:
        # The text of the error may quote the file.
        raise ConfigurationError(f"{path} is not valid TOML.") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"{path} cannot be read. Save it as plain text in UTF-8.") from exc
    own = {name: value for name, value in content.items() if name.startswith(PREFIXES)}
    connections = content.get("connections")
    section = connections.get(CONNECTION) if isinstance(connections, dict) else None
    return settings_of(section if isinstance(section, dict) else {}) | settings_of(own)


def settings_of(section: Mapping[str, object]) -> dict[str, str]:
    """Return the settings of a section by their names in the environment, as text.

    Raises ConfigurationError for a value that is no text, number, true, false, or list of these.
    """
    return {_name(key): _text(key, value) for key, value in section.items()}


def _name(key: str) -> str:
    name = key.upper()
    if name.startswith(PREFIXES):
        return name
    return f"FIVETRAN_{name}" if name in OF_FIVETRAN else f"PBF_{name}"


def _text(key: str, value: object) -> str:
    if isinstance(value, list):
        return " ".join(_text(key, item) for item in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int | float):
        return str(value)
    raise ConfigurationError(
        f"{key} is not a text, a number, true or false. Write it as in .env.example."
    )
