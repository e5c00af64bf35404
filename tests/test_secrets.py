"""An invalid setting is named everywhere, and its secret nowhere."""

import logging

import pytest
from streamlit.testing.v1 import AppTest

from pbf.commands.command_line import main
from pbf.proxy import create_app
from tests.support.servers import ROOT

CANARY = "canary7Qm4"
ACCOUNT = {
    "FIVETRAN_API_KEY": "the-key",
    "FIVETRAN_API_SECRET": "the-secret",
    "FIVETRAN_GROUP_ID": "our_group",
    "FIVETRAN_API_URL": "http://127.0.0.1:1",
}
WRONG = {
    "the key with its secret": {"FIVETRAN_API_KEY": f"the-key:{CANARY}"},
    "the key alone": {"FIVETRAN_API_KEY": CANARY, "FIVETRAN_API_SECRET": ""},
    "the secret alone": {"FIVETRAN_API_KEY": "", "FIVETRAN_API_SECRET": CANARY},
    "the secret in the address": {"FIVETRAN_API_URL": f"https://the-key:{CANARY}@a.example"},
    "a password in our own address": {"PBF_PUBLIC_URL": f"https://me:{CANARY}@a.example"},
    "a database that is none": {"PBF_DATABASE_URL": CANARY},
    "an unknown kind of database": {"PBF_DATABASE_URL": f"nonesuch://me:{CANARY}@127.0.0.1/db"},
    "a password for the port": {"PBF_DATABASE_URL": f"postgresql://me@127.0.0.1:{CANARY}/db"},
    "a database that is away": {"PBF_DATABASE_URL": f"postgresql://me:{CANARY}@127.0.0.1:1/db"},
    "a password not escaped": {"PBF_DATABASE_URL": f"postgresql://me:a@{CANARY}@127.0.0.1:1/db"},
    "an option of a database": {"PBF_DATABASE_URL": f"sqlite:///?timeout={CANARY}"},
    "a Redis that is none": {"PBF_REDIS_URL": CANARY},
    "another kind of server": {"PBF_REDIS_URL": f"http://:{CANARY}@127.0.0.1"},
    "a password for Redis' port": {"PBF_REDIS_URL": f"redis://me@127.0.0.1:{CANARY}/0"},
    "a Redis with half a bracket": {"PBF_REDIS_URL": f"redis://[{CANARY}/0"},
    "a mail server that is none": {"PBF_MAIL_URL": f"smtp://me:{CANARY}@mail.example"},
    "the secret in place of its file": {
        "FIVETRAN_API_SECRET": "",
        "FIVETRAN_API_SECRET_FILE": CANARY,
    },
    "a key set twice": {"PBF_SIGNING_KEY": CANARY, "PBF_SIGNING_KEY_FILE": "/nowhere"},
    "an option of Redis": {"PBF_REDIS_URL": f"redis://127.0.0.1/0?socket_timeout={CANARY}"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_an_invalid_setting_is_reported_without_secrets(wrong, monkeypatch, caplog, capfd):
    for name, value in {**ACCOUNT, **wrong}.items():
        monkeypatch.setenv(name, value)

    with caplog.at_level(logging.DEBUG):
        answer = create_app().test_client().get("/_/connectors")
        page = AppTest.from_file(ROOT / "pages" / "services.py", default_timeout=30).run()
        status = main(["doctor"])

    printed = capfd.readouterr()
    texts = [answer.text, *(element.value for element in page.error), printed.out]
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "not_configured")
    assert (len(page.error), len(page.exception), status) == (1, 0, 1)
    assert all(any(name in text for name in wrong) for text in texts)
    assert CANARY not in "".join((*texts, printed.err, caplog.text, repr(page.main)))
