"""Secrets in files: `NAME_FILE` is the path of a file that holds the value of `NAME`."""

from collections.abc import Mapping
from pathlib import Path

from pbf.errors import ConfigurationError

SECRETS = (
    "FIVETRAN_API_KEY",
    "FIVETRAN_API_SECRET",
    "PBF_MAIL_URL",
    "PBF_OIDC_CLIENT_SECRET",
    "PBF_PROXY_SECRET",
    "PBF_DATABASE_URL",
    "PBF_REDIS_URL",
    "PBF_SIGNING_KEY",
    "PBF_WEBHOOK_SECRET",
)
SUFFIX = "_FILE"
# In bytes.
LARGEST = 65_536


def with_secret_files(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values with the contents of the files that they name.

    Raises ConfigurationError if a secret is also set directly, or its file cannot be used.
    """
    named = {name: values[name + SUFFIX] for name in SECRETS if name + SUFFIX in values}
    for name in named:
        if name in values:
            raise ConfigurationError(f"{name} and {name}{SUFFIX} are both set. Set one of them.")
    return {**values, **{name: _read(name + SUFFIX, path) for name, path in named.items()}}


def _read(setting: str, path: str) -> str:
    """Return the text of a file without blanks around it."""
    # Somebody may have set the secret itself, which no message may quote.
    place = f" ({path})" if Path(path).is_absolute() else ""
    try:
        if not Path(path).is_file():
            raise ConfigurationError(f"The file of {setting}{place} does not exist.")
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
        text = content.decode("utf-8").strip()
    except (OSError, ValueError) as exc:
        raise ConfigurationError(
            f"The file of {setting}{place} cannot be read as text in UTF-8."
        ) from exc
    if not text or len(content) > LARGEST:
        problem = "is too large" if text else "is empty"
        raise ConfigurationError(f"The file of {setting}{place} {problem}.")
    return text
