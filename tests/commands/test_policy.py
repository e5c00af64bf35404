"""python -m pbf policy check."""

from pbf.__main__ import main

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
