import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import pytest

from pbf.config import Settings, load_addresses, load_settings
from pbf.config.credentials import CREDENTIALS, FIVETRAN_API_URL
from pbf.errors import ConfigurationError
from pbf.paths import origin
from pbf.redaction import redact

pytestmark = pytest.mark.usefixtures("no_known_secrets")

ROOT = Path(__file__).parents[1]
ALL_THREE = {
    "FIVETRAN_API_KEY": "the-key",
    "FIVETRAN_API_SECRET": "the-secret",
    "FIVETRAN_GROUP_ID": "our_group",
}


KEY = "hidden-KqX3zT8vWm1rYb6nLd0sGf5hJc2p"


def load(**values: str) -> Settings:
    return load_settings(values, dotenv=None)


def test_without_credentials_the_sandbox_is_used():
    settings = load()

    assert settings.sandbox
    assert settings == Settings()


def test_with_all_three_credentials_the_account_is_used():
    settings = load(**ALL_THREE)

    assert not settings.sandbox
    assert (settings.api_key, settings.api_secret) == ("the-key", "the-secret")
    assert settings.group_id == "our_group"
    assert settings.api_url == FIVETRAN_API_URL


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        pytest.param(CREDENTIALS[:1], "FIVETRAN_API_KEY is not set.", id="key"),
        pytest.param(CREDENTIALS[1:2], "FIVETRAN_API_SECRET is not set.", id="secret"),
        pytest.param(CREDENTIALS[2:], "FIVETRAN_GROUP_ID is not set.", id="group"),
        pytest.param(
            CREDENTIALS[1:],
            "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set.",
            id="secret-and-group",
        ),
    ],
)
def test_incomplete_credentials_raise_an_error_that_names_the_missing_ones(missing, message):
    values = {name: text for name, text in ALL_THREE.items() if name not in missing}

    with pytest.raises(ConfigurationError) as caught:
        load(**values)

    assert str(caught.value).startswith(message)
    assert "the-key" not in str(caught.value)
    assert "the-secret" not in str(caught.value)


@pytest.mark.parametrize("empty", [pytest.param("", id="empty"), pytest.param(" \t", id="blank")])
def test_an_empty_value_counts_as_unset(empty):
    credentials = dict.fromkeys(ALL_THREE, empty)

    settings = load(**credentials, FIVETRAN_API_URL=empty, PBF_TIMEOUT=empty, PBF_PUBLIC_URL=empty)

    assert settings == Settings()


def test_blanks_around_a_value_are_removed():
    assert load(**{**ALL_THREE, "FIVETRAN_API_KEY": " the-key \n"}).api_key == "the-key"


def test_the_environment_takes_precedence_over_the_file(tmp_path):
    file = tmp_path / "settings"
    file.write_text(
        "FIVETRAN_API_KEY=from-file\nFIVETRAN_API_SECRET=from-file\nFIVETRAN_GROUP_ID=from-file\n"
    )

    settings = load_settings({"FIVETRAN_API_KEY": "from-environment"}, dotenv=str(file))

    assert settings.api_key == "from-environment"
    assert settings.api_secret == "from-file"
    assert settings.group_id == "from-file"


def test_the_environment_and_dotenv_of_the_working_directory_are_the_default(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("PBF_PRODUCT_NAME=From file\nPBF_TIMEOUT=7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PBF_TIMEOUT", "9")

    settings = load_settings()

    assert (settings.product_name, settings.timeout) == ("From file", 9.0)


def test_a_missing_file_is_ignored(tmp_path):
    assert load_settings({}, dotenv=str(tmp_path / "nowhere")) == Settings()


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "settings"
    lines = "".join(f"{name}={text}\r\n" for name, text in ALL_THREE.items())
    file.write_bytes(lines.encode("utf-8-sig"))

    settings = load_settings({}, dotenv=str(file))

    assert settings.api_key == "the-key"


def test_a_file_that_is_not_text_raises_an_error(tmp_path):
    file = tmp_path / "settings"
    file.write_text("FIVETRAN_API_KEY=x", encoding="utf-16")

    with pytest.raises(ConfigurationError, match=r"cannot be read\. Save it"):
        load_settings({}, dotenv=str(file))


def test_a_key_pasted_with_its_secret_is_refused_without_quoting_it():
    values = {**ALL_THREE, "FIVETRAN_API_KEY": "the-key:the-secret"}

    with pytest.raises(ConfigurationError) as caught:
        load(**values)

    assert "colon" in str(caught.value)
    assert "the-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("https://api.example.com", id="plain"),
        pytest.param("https://api.example.com/", id="slash"),
        pytest.param("https://api.example.com/v1", id="version"),
        pytest.param("https://api.example.com/v1/", id="version-and-slash"),
    ],
)
def test_the_api_url_is_stored_without_version_and_slash(written):
    assert load(FIVETRAN_API_URL=written).api_url == "https://api.example.com"


def test_the_api_url_keeps_a_path_of_its_own():
    url = load(FIVETRAN_API_URL="http://127.0.0.1:8501/sandbox/v1/").api_url

    assert url == "http://127.0.0.1:8501/sandbox"


def test_the_public_url_loses_its_slash():
    assert load(PBF_PUBLIC_URL="https://x.example/data/").public_url == "https://x.example/data"


@pytest.mark.parametrize("path", ["?a=b", "#a", "/a b", "/../data", "//data", "/connectors", "/_"])
def test_a_path_that_cannot_be_a_prefix_is_refused(path: str):
    with pytest.raises(ConfigurationError, match=r"^PBF_PUBLIC_URL "):
        load(PBF_PUBLIC_URL=f"https://x.example{path}")


@pytest.mark.parametrize("name", ["FIVETRAN_API_URL", "PBF_PUBLIC_URL"])
@pytest.mark.parametrize(
    "url",
    [
        pytest.param("api.example.com", id="no-scheme"),
        pytest.param("ftp://api.example.com", id="other-scheme"),
        pytest.param("javascript:alert(1)", id="script"),
        pytest.param("https://", id="no-host"),
        pytest.param("https:///path", id="no-host-but-path"),
        pytest.param("https://api.example.com:port", id="odd-port"),
        pytest.param("https://api.example.com:99999", id="port-too-large"),
        pytest.param("https://someone:hidden@api.example.com", id="credentials"),
        pytest.param("https://[::1", id="half-an-address"),
    ],
)
def test_an_invalid_url_raises_an_error_that_names_the_setting_and_does_not_quote_it(name, url):
    with pytest.raises(ConfigurationError) as caught:
        load(**{name: url})

    assert str(caught.value) == f"{name} is not a URL that starts with http:// or https://."


def test_origins_are_separated_by_spaces_or_commas():
    settings = load(
        PBF_ALLOWED_ORIGINS="https://a.example/, http://B.example:8080/path  https://c.x"
    )

    assert settings.allowed_origins == ("https://a.example", "http://b.example:8080", "https://c.x")


def test_an_invalid_origin_raises_an_error():
    with pytest.raises(ConfigurationError, match="PBF_ALLOWED_ORIGINS"):
        load(PBF_ALLOWED_ORIGINS="https://a.example *")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://x.example/a?b#c", "https://x.example", id="path-goes"),
        pytest.param("HTTPS://X.Example", "https://x.example", id="small-letters"),
        pytest.param("https://x.example:443", "https://x.example", id="standard-tls-port"),
        pytest.param("http://x.example:80/", "http://x.example", id="standard-port"),
        pytest.param("http://x.example:443", "http://x.example:443", id="other-port"),
        pytest.param("http://[::1]:8501/x", "http://[::1]:8501", id="ipv6"),
        pytest.param("https://x.example#@y.example", "https://x.example", id="host-in-fragment"),
    ],
)
def test_an_origin_is_what_browsers_compare(url, expected):
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("//x.example", id="no-scheme"),
        pytest.param("/path", id="path"),
        pytest.param("", id="nothing"),
        pytest.param("https://x.example@y.example", id="host-as-user"),
        pytest.param("https://@y.example", id="empty-user"),
        pytest.param("https://y.example\\@x.example", id="backslash"),
        pytest.param("data:text/html,x", id="data"),
    ],
)
def test_only_absolute_http_urls_have_an_origin(url):
    with pytest.raises(ValueError, match="not an http"):
        origin(url)


def test_a_lookalike_host_has_another_origin():
    assert origin("https://x.example\\.y.example") != "https://x.example"


def test_the_timeout_is_a_number_of_seconds():
    assert load(PBF_TIMEOUT="0.5").timeout == 0.5


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "inf", "601", "1 minute"])
def test_an_invalid_timeout_raises_an_error(text):
    with pytest.raises(ConfigurationError, match="PBF_TIMEOUT is not a number of seconds"):
        load(PBF_TIMEOUT=text)


@pytest.mark.parametrize(("text", "hours"), [("0", 0.0), ("0.5", 0.5), ("720", 720.0)])
def test_the_time_to_undo_a_deletion_is_a_number_of_hours(text, hours):
    assert load_settings({"PBF_DELETION_GRACE": text}, dotenv=None).deletion_grace == hours


@pytest.mark.parametrize("text", ["-1", "721", "nan", "a day"])
def test_an_invalid_time_to_undo_raises_an_error(text):
    with pytest.raises(ConfigurationError, match="PBF_DELETION_GRACE is not a number of hours"):
        load_settings({"PBF_DELETION_GRACE": text}, dotenv=None)


def test_the_connections_to_the_database_are_a_whole_number():
    assert load(PBF_DATABASE_CONNECTIONS="4").database_connections == 4


@pytest.mark.parametrize("text", ["1", "101", "4.5", "-4", "many", "²"])
def test_an_invalid_number_of_connections_raises_an_error(text):
    with pytest.raises(ConfigurationError, match="PBF_DATABASE_CONNECTIONS is not a whole number"):
        load(PBF_DATABASE_CONNECTIONS=text)


def test_the_sync_history_is_kept_for_a_number_of_days():
    settings = load_settings(
        {"PBF_HISTORY_DAYS": "30", "PBF_HISTORY_DETAIL_DAYS": "7"}, dotenv=None
    )

    assert (settings.history_days, settings.history_detail_days) == (30.0, 7.0)
    with pytest.raises(ConfigurationError, match="PBF_HISTORY_DAYS is not a number of days"):
        load_settings({"PBF_HISTORY_DAYS": "0"}, dotenv=None)


def test_the_representation_contains_no_secret():
    settings = load(
        **{**ALL_THREE, "FIVETRAN_API_KEY": "hidden-1", "FIVETRAN_API_SECRET": "hidden-2"},
        PBF_DATABASE_URL="postgresql://me:hidden-3@db/x",
        PBF_SIGNING_KEY=f"hidden-4{KEY}",
    )

    shown = repr(settings)

    assert "hidden" not in shown
    assert "our_group" in shown


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("a", id="a-letter"),
        pytest.param("a" * 40, id="one-letter-often"),
        pytest.param("abcabc" * 8, id="few-letters"),
        pytest.param(KEY[:31], id="short"),
        pytest.param(f"{KEY} {KEY[:20]}", id="one-of-two-short"),
    ],
)
def test_a_guessable_signing_key_is_refused_with_a_command_that_creates_one(key):
    with pytest.raises(ConfigurationError) as caught:
        load(PBF_SIGNING_KEY=key)

    assert "secrets.token_urlsafe(48)" in str(caught.value)
    assert len(key) < 2 or key not in str(caught.value)


def test_signing_keys_are_separated_by_spaces_or_commas():
    older = KEY[::-1]

    assert load(PBF_SIGNING_KEY=KEY).signing_keys == (KEY,)
    assert load(PBF_SIGNING_KEY=f"{KEY}, {older}").signing_keys == (KEY, older)
    assert load().signing_keys == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.fivetran.com",
        "http://10.0.0.1:8502",
        "HTTP://a.example/v1",
        "http://a.localhost",
    ],
)
def test_no_secret_is_sent_unencrypted(url):
    with pytest.raises(ConfigurationError, match="FIVETRAN_API_URL starts with http://"):
        load(FIVETRAN_API_URL=url)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "[::1]:8502", "127.8.8.8"])
def test_a_sandbox_on_this_machine_needs_no_tls(host):
    assert load(FIVETRAN_API_URL=f"http://{host}").api_url == f"http://{host}"


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("pair", ["kEy1234567890abc:sEcret~~~???>>>", "kE:sE", "key4567:secret9"])
@pytest.mark.parametrize("form", ["{}", "Basic {}", "basic {}"])
def test_the_combined_form_of_fivetrans_command_line_is_explained(encode, pair, form):
    combined = encode(pair.encode()).decode()
    for pasted in (combined, combined.rstrip("=")):
        for others in ({}, ALL_THREE):
            with pytest.raises(ConfigurationError) as caught:
                load(**{**others, "FIVETRAN_API_KEY": form.format(pasted)})

            assert "set the part before the colon as FIVETRAN_API_KEY" in str(caught.value)
            assert not {combined, *pair.split(":")} & set(str(caught.value).split())
            assert "***" in redact(combined)


def test_the_combined_form_in_place_of_the_secret_is_explained():
    combined = b64encode(b"the-key:the-secret").decode()

    with pytest.raises(ConfigurationError, match="FIVETRAN_API_SECRET looks like the combined"):
        load(**{**ALL_THREE, "FIVETRAN_API_SECRET": combined})


@pytest.mark.parametrize(
    "key", ["aGVsbG8gd29ybGQh", "T3JkZXJz", "k", "Zm9vOmJhcjpiYXo=", "the-key"]
)
def test_a_key_that_could_be_base64_is_accepted(key):
    assert load(**{**ALL_THREE, "FIVETRAN_API_KEY": key}).api_key == key


def test_nothing_is_read_when_the_module_is_imported(tmp_path):
    (tmp_path / ".env").write_text("PBF_TIMEOUT=not a number\n")
    program = "import pbf.config, pbf.runtime, pbf.proxy"

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "FIVETRAN_API_KEY": "alone"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert [file.name for file in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        pytest.param("a.example b_c", ("a.example", "b_c"), id="spaces"),
        pytest.param("A.Example, [::2],10.0.0.7.", ("a.example", "::2", "10.0.0.7"), id="commas"),
    ],
)
def test_further_hosts_are_a_list_of_names(text: str, hosts: tuple[str, ...]):
    assert load(PBF_ALLOWED_HOSTS=text).allowed_hosts == hosts


@pytest.mark.parametrize(
    ("url", "host"),
    [
        pytest.param("https://m\u00fcnchen.example", "xn--mnchen-3ya.example", id="umlaut"),
        pytest.param("https://connect.example.com.", "connect.example.com", id="dot"),
        pytest.param("https://[2001:db8:0:0::1]", "2001:db8::1", id="long-ipv6"),
    ],
)
def test_our_own_host_is_stored_as_browsers_send_it(url: str, host: str):
    assert load(PBF_PUBLIC_URL=url).hosts == {host}


@pytest.mark.parametrize("text", ["https://a.example", "a.example:80", "a/b", "*", "a\u00e4"])
def test_an_invalid_host_name_raises_an_error_that_names_the_setting(text: str):
    with pytest.raises(ConfigurationError, match="PBF_ALLOWED_HOSTS"):
        load(PBF_ALLOWED_HOSTS=text)


def test_our_addresses_are_read_although_other_settings_are_invalid():
    addresses = load_addresses(
        {
            "FIVETRAN_API_KEY": "the-key",
            "PBF_PUBLIC_URL": "https://connect.example:8443/",
            "PBF_ALLOWED_HOSTS": "inner",
        },
        dotenv=None,
    )

    assert addresses.hosts == {"connect.example", "inner"}


@pytest.mark.parametrize("wrong", ["PBF_PUBLIC_URL", "PBF_ALLOWED_HOSTS"])
def test_an_invalid_address_does_not_affect_the_others(wrong: str):
    values = {"PBF_PUBLIC_URL": "https://connect.example", "PBF_ALLOWED_HOSTS": "inner"}

    addresses = load_addresses({**values, wrong: "no/thing"}, dotenv=None)

    assert len(addresses.hosts) == 1
