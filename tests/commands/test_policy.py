"""python -m pbf policy check."""

import pytest

from pbf.commands import policy
from pbf.commands.command_line import main

TENANT = (
    "version: 1\ntenants:\n  acme:\n    services:\n      categories: [Files]\n      include: [{}]\n"
)


def test_a_valid_file_says_how_much_each_tenant_sees(policy_path, capsys):
    policy_path.write_text(TENANT.format("stripe"))

    assert main(["policy", "check", str(policy_path)]) == 0
    assert capsys.readouterr().out == "policy.yaml: acme: sees 15 of 773 services.\n"


def test_an_unknown_service_is_named_with_its_line(policy_path, capsys):
    policy_path.write_text(TENANT.format("strpe"))

    assert main(["policy", "check", str(policy_path)]) == 1
    assert "policy.yaml, line 6: There is no service 'strpe'." in capsys.readouterr().out


def test_the_file_of_the_setting_is_checked(policy_path, capsys, monkeypatch):
    policy_path.write_text("version: 2\n")
    monkeypatch.setenv("PBF_POLICY", str(policy_path))

    assert main(["policy", "check"]) == 1
    assert capsys.readouterr().out == "policy.yaml, line 1: version must be 1.\n"


def test_each_service_is_explained_by_the_rule_that_decides_it(policy_path, capsys):
    policy_path.write_text(TENANT.format("stripe"))

    assert main(["policy", "explain", str(policy_path)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 773
    assert "acme: shown  stripe (include names it)" in lines
    assert "acme: hidden zendesk (categories does not list Support)" in lines


def test_without_a_file_the_command_says_what_to_do(capsys):
    assert main(["policy", "check"]) == 1
    assert capsys.readouterr().err == "Name a file, or set PBF_POLICY.\n"


def test_an_account_that_cannot_be_reached_is_said(policy_path, capsys, monkeypatch):
    policy_path.write_text(TENANT.format("stripe"))
    for name in ("KEY", "SECRET"):
        monkeypatch.setenv(f"FIVETRAN_API_{name}", "x")
    monkeypatch.setenv("FIVETRAN_GROUP_ID", "x")
    monkeypatch.setenv("FIVETRAN_API_URL", "http://127.0.0.1:9")

    assert main(["policy", "check", str(policy_path)]) == 1
    assert "It is valid, but could not be compared." in capsys.readouterr().out


TWO = (
    "version: 1\npolicies: {unused: {services: {include: [strpe]}}}\ntenants:\n"
    "  acme: {group: one, services: {categories: [Files]}}\n"
    "  globex: {group: two, services: {categories: [Slaes]}}\n"
)


def test_all_tenants_and_policies_are_compared_with_one_catalogue(policy_path, capsys, monkeypatch):
    policy_path.write_text(TWO)
    asked = []
    start = policy.start
    monkeypatch.setattr(policy, "start", lambda settings: asked.append(1) or start(settings))

    assert main(["policy", "check", str(policy_path)]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" Use one of")[0].partition(" It may")[0] for line in lines] == [
        "policy.yaml, line 5: There is no category 'Slaes'.",
        "policy.yaml, line 2: There is no service 'strpe'.",
        "policy.yaml: acme: sees 14 of 773 services.",
        "policy.yaml: globex: sees 0 of 773 services.",
    ]
    assert len(asked) == 1


def test_what_sign_in_needs_is_named_but_no_mistake(policy_path, capsys, monkeypatch):
    text = (
        "version: 1\nproviders:\n"
        "  - {id: google, issuer: 'https://a.example', client_id: x, secret_env: GOOGLE_SECRET}\n"
        "  - {id: other, issuer: 'https://b.example', client_id: x, secret_env: OTHER_SECRET}\n"
        "tenants:\n  acme: {}\n  globex: {group: two}\n"
    )
    policy_path.write_text(text)
    monkeypatch.setenv("OTHER_SECRET", "x")

    assert main(["policy", "check", str(policy_path)]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "policy.yaml: GOOGLE_SECRET is not set in this environment. Set it where the dashboard "
        "runs: it holds the client secret of google.",
        "policy.yaml, line 6: acme has no group, so the dashboard cannot start with sign-in.",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param([], "Choose a tenant with --tenant: acme, globex.", id="none"),
        pytest.param(
            ["--tenant", "acne"], "There is no tenant 'acne'. Tenants: acme, globex.", id="unknown"
        ),
    ],
)
def test_explain_lists_the_tenants_if_none_of_them_is_chosen(policy_path, capsys, options, message):
    policy_path.write_text(TWO)

    assert main(["policy", "explain", str(policy_path), *options]) == 1
    assert capsys.readouterr().out == f"policy.yaml: {message}\n"


def test_explain_explains_the_chosen_tenant_alone(policy_path, capsys):
    policy_path.write_text(TWO)

    assert main(["policy", "explain", str(policy_path), "--tenant", "globex"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 773
    assert "globex: hidden s3 (categories does not list Files)" in lines
