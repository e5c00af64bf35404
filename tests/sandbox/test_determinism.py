"""The same seed, requests and clock give the same world, byte for byte."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from pbf.sandbox.app import create_app
from pbf.sandbox.control.samples import STATES
from pbf.sandbox.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STEPS = 80
SERVICES = ("hubspot", "google_sheets", "postgres", "salesforce", "s3", "stripe", "aws_lambda")
NAMES = {"schema": "{}", "table": "rows", "schema_prefix": "{}", "table_group_name": "rows"}


class Scenario:
    """Random requests, clock and control calls, decided by a number, run in a new world."""

    def __init__(self, number: int, *, seed: int = 1) -> None:
        self.chance = Random(number)
        self.world = Sandbox(seed=seed, clock=lambda: START)
        self.client = create_app(self.world).test_client()

    def run(self) -> bytes:
        acts = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("act_")]
        for _ in range(STEPS):
            self.chance.choice(acts)()
        return self.world.snapshot()

    def send(self, method, path, body=None):
        auth = (self.world.api_key, self.world.api_secret)
        self.client.open(f"/v1{path}", method=method, json=body, auth=auth).close()

    def random_connection(self):
        return self.chance.choice(list(self.world.connections))

    def act_advance(self):
        self.world.advance(self.chance.uniform(1, 40_000))

    def act_create(self):
        name = f"created_{self.chance.randrange(40)}"
        config = {field: text.format(name) for field, text in NAMES.items()}
        body = {
            "group_id": self.chance.choice(list(self.world.groups)),
            "service": self.chance.choice(SERVICES),
            "config": config,
            "run_setup_tests": self.chance.random() < 0.5,
            "auth": {"refresh_token": "x"},
        }
        self.send("POST", "/connections", body)

    def act_change(self):
        change = self.chance.choice(
            (
                {"paused": True},
                {"paused": False},
                {"sync_frequency": 15},
                {"schedule_type": "manual"},
                {"is_historical_sync": True},
                {"config": {"host": "other.example"}},
            )
        )
        self.send("PATCH", f"/connections/{self.random_connection()}", change)

    def act_grant(self):
        self.send("POST", "/teams", {"name": "data", "role": "Account Reviewer"})
        team, user = (self.chance.choice(list(of)) for of in (self.world.teams, self.world.users))
        self.send("POST", f"/teams/{team}/users", {"user_id": user})
        role = {"id": self.random_connection(), "role": "Edit Connection"}
        self.send("POST", f"/teams/{team}/connections", role)
        self.send("POST", f"/users/{user}/connections", role)
        permission = {"resource_type": "CONNECTOR", "access_level": "READ"}
        self.send("POST", "/system-keys", {"name": "vendor", "permissions": [permission]})

    def act_delete(self):
        if len(self.world.connections) > 5:
            self.send("DELETE", f"/connections/{self.random_connection()}")

    def act_sync(self):
        action = self.chance.choice(("sync", "resync", "test", "schemas/reload", "force"))
        family = self.chance.choice(("connections", "connectors"))
        self.send("POST", f"/{family}/{self.random_connection()}/{action}", {})

    def act_choose_schema(self):
        handling = self.chance.choice(("ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL"))
        body = {"schema_change_handling": handling}
        self.send("PATCH", f"/connections/{self.random_connection()}/schemas", body)

    def act_read(self):
        path = self.chance.choice(("", "/schemas", "/state", "/sync-history", "/errors"))
        self.send("GET", f"/connections/{self.random_connection()}{path}")

    def act_card(self):
        card = {"connect_card_config": {"redirect_uri": "https://vendor.example/"}}
        self.send("POST", f"/connections/{self.random_connection()}/connect-card", card)

    def act_group(self):
        self.send("POST", "/groups", {"name": f"Group_{self.chance.randrange(20)}"})

    def act_webhook(self):
        body = {"url": "https://vendor.example/hook", "events": ["sync_end"], "active": False}
        self.send("POST", "/webhooks/account", body)

    def act_collection(self):
        agent = {
            "display_name": f"agent_{self.chance.randrange(9)}",
            "group_region": "GCP_US_EAST4",
        }
        self.send("POST", "/proxy", agent)
        config = {"package_name": "fivetran/jira"}
        body = {"type": "QUICKSTART", "transformation_config": config}
        self.send("POST", "/transformations", body)
        transformations = list(self.world.collections["transformations"])
        action = self.chance.choice(("run", "cancel"))
        self.send("POST", f"/transformations/{self.chance.choice(transformations)}/{action}")

    def act_approve(self):
        body = {"hash": f"h{self.chance.randrange(9)}", "public_key": "ssh-rsa AAAA"}
        self.send("POST", f"/connections/{self.random_connection()}/fingerprints", body)

    def act_control(self):
        control = self.world.control
        action = self.chance.choice((control.break_connection, control.mend))
        action(self.random_connection())

    def act_fault(self):
        self.world.control.add_fault("500", path="/v1/connections/*", share=0.2, times=2)

    def act_seed(self):
        states = {self.chance.choice(list(STATES)): 2}
        self.world.control.seed(groups=1, connectors=4, states=states)


@pytest.mark.parametrize("number", range(6))
def test_the_same_scenario_gives_the_same_world(number):
    first, second = Scenario(number), Scenario(number)

    assert first.run() == second.run()


def test_another_seed_gives_another_world():
    assert Scenario(1).run() != Scenario(1, seed=2).run()


def test_another_scenario_gives_another_world():
    assert Scenario(1).run() != Scenario(2).run()


def test_a_reset_world_equals_a_new_one():
    used, new = Scenario(3), Scenario(4)
    used.run()

    used.world.control.reset(now=START.timestamp())

    assert used.world.snapshot() == new.world.snapshot()
    used.chance, new.chance = Random(9), Random(9)
    assert used.run() == new.run()


def test_the_world_does_not_depend_on_how_python_orders_sets():
    def digest(hash_seed):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, __file__]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, check=True
        ).stdout

    assert digest("1") == digest("2") == f"{sha256(Scenario(5).run()).hexdigest()}\n"


if __name__ == "__main__":
    print(sha256(Scenario(5).run()).hexdigest())
