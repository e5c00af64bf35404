"""Messages reach real servers: mail, and signed webhooks."""

import json

import pytest

from pbf import redaction
from pbf.errors import InvalidChannel, NotDelivered
from pbf.redaction import redact
from pbf.rules.notifications.addresses import SERVICES
from pbf.watch.notifications import apprise_messages
from pbf.watch.notifications.messages import Message
from pbf.watch.notifications.sending import Sender
from pbf.watch.notifications.webhooks import new_secret, signature
from tests.support.receivers import mail_server, webhook_receiver
from tests.support.slow_server import slow_server
from tests.watch.sending import NOON, channel

MESSAGE = Message("msg_1", NOON, "Sales fails", "Sales fails\nSince: today", '{"type": "test"}')
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture
def mailbox():
    with mail_server() as box:
        yield box


@pytest.fixture
def receiver():
    with webhook_receiver() as server:
        yield server


def test_a_mail_has_a_subject_and_plain_text(mailbox):
    Sender(mail_url=mailbox.url).send(channel(), MESSAGE)

    ((sender, recipients, mail),) = mailbox.mails
    assert (sender, recipients) == ("data@vendor.example", ["ada@people.example"])
    assert mail["Subject"] == "Sales fails"
    assert mail.get_body(("plain",)).get_content().splitlines()[:2] == [
        "Sales fails",
        "Since: today",
    ]


def test_a_mail_that_is_refused_says_so(mailbox):
    mailbox.refuses = True

    with pytest.raises(NotDelivered, match="did not take the message") as refused:
        Sender(mail_url=mailbox.url).send(channel(), MESSAGE)

    assert "ada@people.example" not in str(refused.value)


def test_a_webhook_is_signed_as_standard_webhooks_says(receiver):
    secret = new_secret()
    hook = channel(kind="webhook", address=receiver.url, secret=secret)

    Sender(allow_private=True, clock=lambda: 1614265330.7).send(hook, MESSAGE)

    ((path, headers, body),) = receiver.requests
    assert (path, json.loads(body)) == ("/hooks/a?b=c", {"type": "test"})
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", "1614265330")
    assert headers["webhook-signature"] == signature(secret, "msg_1", 1614265330, body)


def test_the_signature_is_that_of_the_published_test_vector():
    # https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries
    secret, message_id = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"

    text = signature(secret, message_id, 1614265330, '{"test": 2432232314}')

    assert text == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        pytest.param(500, r"refused the message \(500\)", id="failed"),
        pytest.param(302, "redirects are not followed", id="redirect"),
    ],
)
def test_a_webhook_that_is_refused_says_why(receiver, status, sentence):
    receiver.statuses.append(status)
    hook = channel(kind="webhook", address=receiver.url, secret=new_secret())

    with pytest.raises(NotDelivered, match=sentence):
        Sender(allow_private=True).send(hook, MESSAGE)


def test_a_webhook_that_answers_byte_by_byte_is_given_up(monkeypatch):
    monkeypatch.setattr("pbf.watch.notifications.webhooks.LONGEST_ANSWER", 0.2)
    with slow_server(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a") as server:
        hook = channel(kind="webhook", address=f"{server.url}/", secret=new_secret())

        with pytest.raises(NotDelivered, match="did not answer in time"):
            Sender(allow_private=True).send(hook, MESSAGE)

        assert server.is_abandoned()


def test_a_mail_server_that_answers_byte_by_byte_is_given_up(monkeypatch):
    monkeypatch.setattr(apprise_messages, "LONGEST_ANSWER", 0.2)
    with slow_server(b"220-", b"a", greets=True) as server:
        mail_url = f"mailto://127.0.0.1:{server.port}?from=data@vendor.example"

        with pytest.raises(NotDelivered, match="did not take the message"):
            Sender(mail_url=mail_url).send(channel(), MESSAGE)

        assert server.is_abandoned()


@pytest.fixture
def post_to_mattermost(monkeypatch):
    """Returns what posts to a server of this machine, which has no certificate."""
    monkeypatch.setattr(apprise_messages, "service_of", lambda address: SERVICES["mattermost"])

    def post(port):
        address = f"mmost://127.0.0.1:{port}/3ccdd113474722377935511fc85d3dd4"
        apprise_messages.send(address, MESSAGE, product="P", allow_private=True)

    return post


def test_a_chat_that_answers_byte_by_byte_is_given_up(monkeypatch, post_to_mattermost):
    monkeypatch.setattr(apprise_messages, "LONGEST_ANSWER", 0.2)
    with slow_server() as server:
        with pytest.raises(NotDelivered, match="did not take the message"):
            post_to_mattermost(server.port)

        assert server.is_abandoned()


def test_a_chat_that_answers_at_great_length_is_given_up(post_to_mattermost):
    with slow_server(piece=b"a" * 60_000) as server:
        with pytest.raises(NotDelivered, match="did not take the message"):
            post_to_mattermost(server.port)

        assert server.is_abandoned()


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[64:ff9b::7f00:1]/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://0x7f000001/",
        "https://2130706433/",
    ],
)
def test_a_webhook_to_a_private_address_is_refused(url):
    hook = channel(kind="webhook", address=url, secret=new_secret())

    with pytest.raises(NotDelivered, match="private or local network"):
        Sender().send(hook, MESSAGE)


@pytest.mark.parametrize(
    ("kind", "address", "sentence"),
    [
        ("message", "file:///etc/passwd", "not the address of a service"),
        ("message", "dbus://", "not the address of a service"),
        ("message", "syslog://", "not the address of a service"),
        ("message", "json://10.0.0.1/", "not the address of a service"),
        ("message", "jsons://example.com/", "not the address of a service"),
        ("message", "mailto://me:pw@example.com", "not the address of a service"),
        ("message", "ntfy://example.com/topic", "not the address of a service"),
        ("message", "https://example.com/hook", "not the address of a service"),
        ("webhook", "http://example.com/hook", "https://"),
        ("webhook", "ftp://example.com/hook", "https://"),
        ("webhook", "https://me:pw@example.com/hook", "https://"),
        ("mail", "ada@people.example", "PBF_MAIL_URL"),
        ("mail", "ada@people.example?to=x@y.example", "one e-mail address"),
        ("mail", "", "Enter an address"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(kind, address, sentence):
    with pytest.raises(InvalidChannel, match=sentence):
        Sender().check(kind, address)


def test_the_settings_restrict_the_services():
    sender = Sender(allowed=("webhook",))

    sender.check("webhook", "https://example.com/hook")
    with pytest.raises(InvalidChannel, match="by slack are switched off"):
        sender.check("message", SLACK)


def test_a_server_named_in_an_address_must_be_public_too():
    mattermost = channel(kind="message", address="mmosts://127.0.0.1/a1b2c3d4e5f6g7h8?verify=no")

    with pytest.raises(NotDelivered, match="private or local network"):
        Sender().send(mattermost, MESSAGE)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("https://h/" + "a1b2c3d4/" * 20_000, id="too-long"),
        pytest.param("https://h/a1b2c3d4\n", id="two-lines"),
    ],
)
def test_what_is_too_long_for_an_address_makes_no_later_log_line_slower(no_known_secrets, address):
    for kind in ("webhook", "message", "mail"):
        with pytest.raises(InvalidChannel):
            Sender().check(kind, address)

    assert redaction._values == ()


def test_many_addresses_with_many_pieces_make_no_later_log_line_slower(no_known_secrets):
    for number in range(100):
        pieces = (f"{number}a{piece}b2c3" for piece in range(150))
        Sender().check("webhook", "https://h/" + "/".join(pieces))

    assert len(redaction._values) < 2_000


def test_an_address_that_was_entered_is_redacted_everywhere(no_known_secrets):
    Sender().check("message", SLACK)

    assert redact(f"posting to {SLACK} failed") == "posting to *** failed"
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in redact("/services/x/TIiajkdnlazkcOXrIdevi7FQ")
