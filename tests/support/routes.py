"""The routes of the JSON API, so that tests of all of them forget none."""

from flask import Flask
from werkzeug.routing import Rule

from pbf.proxy import create_app


def rules(method: str = "GET", app: Flask | None = None) -> list[Rule]:
    """Return the rules that take a method, in their order."""
    return [rule for rule in (app or create_app()).url_map.iter_rules() if method in rule.methods]


def path_with(rule: Rule, value: str = "x") -> str:
    """Return the path of a rule with a value for each argument."""
    _host, path = rule.build(dict.fromkeys(rule.arguments, value), append_unknown=False)
    return path
