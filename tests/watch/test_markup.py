"""Each service shows what others wrote letter by letter, as Apprise sends it."""

import json
import re
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
import responses

from pbf.rules.notifications.addresses import SERVICES
from pbf.watch.notifications import apprise_messages
from pbf.watch.notifications.messages import Message, summary_of
from tests.watch.sending import NOON

HOSTILE = (
    "@all @here <!channel> <@123> <users/all> <at>ada</at> #sales ~town [sign in](https://e.ex) "
    "<https://e.ex|x> *b* _i_ `c` ~~s~~ ||p|| <b>t</b> &lt; :tada: :) {{DATE(1)}} www.e.ex"
)
URL = "https://connect.example/connector?id=quiet_lamp_b"
LABEL, DOT = r"https://connect\.example/connector?id=quiet\_lamp\_b", r"\."
MESSAGE = Message("msg_1", NOON, f"1. {HOSTILE}", f"{HOSTILE}\n# H\n===\n- x\n{URL}", "{}", (URL,))
ADDRESSES = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "teams": "workflow://prod-1.westus.logic.azure.com:443/643e69f83c8944438d6811/KODuebbbDGYFr",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "google_chat": "gchat://SPACE/KEYKEYKEY/TOKENTOKEN",
    "webex": f"wxteams://{'a1' * 40}",
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "pushover": f"pover://{'u' * 30}@{'a' * 30}",
    "pagerduty": f"pagerduty://{'a' * 32}@src",
    "opsgenie": "opsgenie://0d6b9d1a-9d6e-4a86-8e0a-0123456789ab",
    "mattermost": "mmosts://mattermost.example/3ccdd113474722377935511fc85d3dd4",
    "ntfy": "ntfys://topic",
}
# The services that show a text as it is, if it comes in these fields.
PLAIN = {
    "webex": ["text"],
    "pushover": ["title", "message"],
    "pagerduty": ["summary"],
    "ntfy": ["title", "message"],
}
ESCAPED_HTML = {"slack": ["title", "text"], "telegram": ["text"]}
BROKEN = {
    "teams": ["text"],
    "discord": ["content"],
    "google_chat": ["text"],
    "opsgenie": ["message", "description"],
    "mattermost": ["text"],
}


@pytest.fixture(autouse=True)
def hosts(monkeypatch):
    """Host names are not looked up."""
    monkeypatch.setattr(apprise_messages, "resolve", lambda *_, **__: "192.0.2.1")


def sent(address: str, message: Message = MESSAGE) -> dict:
    """The body that reaches a service, as JSON."""
    answer = "ok" if address.startswith("slack:") else '{"requestId": "1"}'
    with responses.RequestsMock() as service:
        service.add(responses.POST, re.compile(".*"), body=answer)
        apprise_messages.send(address, message, product="Portal", allow_private=False)
        (call,) = service.calls
    body = call.request.body
    body = body.decode() if isinstance(body, bytes) else body
    if body.startswith("{"):
        return json.loads(body)
    return {name: value for name, (value,) in parse_qs(body).items()}


def texts(value, names: list[str]) -> list[str]:
    """The texts of fields with these names, at any depth."""
    if isinstance(value, list):
        return [text for item in value for text in texts(item, names)]
    if not isinstance(value, dict):
        return []
    here = [item for name, item in value.items() if name in names and isinstance(item, str)]
    return here + [text for item in value.values() for text in texts(item, names)]


def with_format(address: str, name: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}format={name}"


@pytest.mark.parametrize("name", ["slack", "teams", "discord", "telegram"])
def test_an_address_makes_no_message_of_a_file(tmp_path, name):
    template = tmp_path / "template.json"
    template.write_text('{"type": "message", "content": "secret", "blocks": [], "html": "secret"}')

    payload = sent(f"{ADDRESSES[name]}?template={template.as_uri()}")

    assert "secret" not in json.dumps(payload)
    assert "sign in" in json.dumps(payload)


def test_on_pagerduty_a_message_is_a_warning():
    assert sent(ADDRESSES["pagerduty"])["payload"]["severity"] == "warning"


def test_every_service_is_tried():
    assert ADDRESSES.keys() == SERVICES.keys() == PLAIN.keys() | ESCAPED_HTML.keys() | BROKEN.keys()


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
@pytest.mark.parametrize("name", PLAIN)
def test_a_service_of_plain_text_gets_the_text_as_it_is_and_no_sign_of_markup(name, format_):
    payload = sent(with_format(ADDRESSES[name], format_))

    written = "\n".join(texts(payload, PLAIN[name])).replace("\r\n", "\n")
    assert written == f"{MESSAGE.title}\n{MESSAGE.text}"
    assert not {"markdown", "html"} & payload.keys()


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
@pytest.mark.parametrize("name", ESCAPED_HTML)
def test_a_service_of_tags_gets_them_escaped(name, format_):
    payload = sent(with_format(ADDRESSES[name], format_))

    written = "\n".join(texts(payload, ESCAPED_HTML[name]))
    assert HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in written
    assert URL in written
    assert payload.get("mrkdwn", False) is False
    assert payload.get("parse_mode", "HTML") == "HTML"


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_service_of_markdown_or_html_gets_no_markup_of_others(name, format_):
    payload = sent(with_format(ADDRESSES[name], format_))

    written = "\n".join(texts(payload, BROKEN[name])).replace("\r\n", "\n")
    others = "\n".join(line for line in written.split("\n") if URL not in line)
    assert not re.search(r"@\w|<[\w@!/]|&(?!gt;|amp;)\w+;|https?://|:\w+:|:\)|\]\(", others)
    assert "entities" not in json.dumps(payload)
    assert "embeds" not in payload
    seen = others if name == "opsgenie" else re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", others)
    seen = seen.replace("\u200b", "").replace("&gt;", ">").replace("&amp;", "&")
    # Apprise cuts the title for Opsgenie.
    assert seen.count(HOSTILE) == (1 if name == "opsgenie" else 2)


@pytest.mark.parametrize("name", ["teams", "discord", "mattermost"])
def test_no_punctuation_of_markdown_is_bare(name):
    written = "\n".join(texts(sent(ADDRESSES[name]), BROKEN[name]))

    others = "\n".join(line for line in written.split("\n") if URL not in line)
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_`{}\[\]()#+\-.!>~|]", others)
    assert not re.search(r"^(?:=+$|[-+*#>] |\d+[.)])", others, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "link"),
    [
        pytest.param("discord", URL, id="discord"),
        pytest.param("mattermost", URL, id="mattermost"),
        pytest.param("opsgenie", URL, id="opsgenie"),
        pytest.param("google_chat", f"<{URL}|{LABEL.replace(DOT, '.')}>", id="google-chat"),
        pytest.param("teams", f"[{LABEL}]({URL})", id="teams"),
    ],
)
def test_the_link_to_the_dashboard_works_also_in_a_summary(name, link):
    single = sent(ADDRESSES[name])
    summary = sent(ADDRESSES[name], summary_of([MESSAGE, replace(MESSAGE, id="msg_2")]))

    lines = [line for text in texts(single, BROKEN[name]) for line in text.splitlines()]
    assert lines.count(link) == 1
    lines = [line for text in texts(summary, BROKEN[name]) for line in text.splitlines()]
    assert lines.count(link) == 2
