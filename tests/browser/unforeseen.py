"""Streamlit, where asking Fivetran for one service fails in a way that nobody foresaw."""

import os

from streamlit.web.cli import main

from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Service

SERVICE = "aha"
TEXT = "UNFORESEEN_TEXT"


def spoil() -> None:
    """Let asking for that service raise what quotes a text."""
    ask = ApiClient.get_service

    def get_service(client: ApiClient, service_id: str) -> Service:
        if service_id != SERVICE:
            return ask(client, service_id)
        try:
            raise ValueError(os.environ[TEXT])
        except ValueError as error:
            raise RuntimeError(os.environ[TEXT]) from error

    ApiClient.get_service = get_service


if __name__ == "__main__":
    spoil()
    main(prog_name="streamlit")
