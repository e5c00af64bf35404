"""The manifests of deploy/kubernetes/: valid, and in agreement with each other and the image."""

from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from pbf.config import Settings
from tests.support.image import DEPLOY, read_image, read_services

VERSION = "1.37"
MANIFESTS = [
    document
    for path in sorted((DEPLOY / "kubernetes").iterdir())
    for document in YAML(typ="safe").load_all(path)
]
CONFIG, SECRET = (
    next(document for document in MANIFESTS if document["kind"] == kind)
    for kind in ("ConfigMap", "Secret")
)
PODS: dict[str, dict[str, Any]] = {
    document["metadata"]["name"].removeprefix("pbf-"): document["spec"]["template"]
    for document in MANIFESTS
    if document["kind"] in ("Deployment", "Job")
}


def name_of(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


@pytest.mark.parametrize("manifest", MANIFESTS, ids=name_of)
def test_a_manifest_keeps_to_its_schema(manifest):
    kubernetes_validate.validate(manifest, VERSION, strict=True)


@pytest.mark.parametrize("name", PODS)
def test_a_pod_runs_the_command_and_the_user_of_the_image(name):
    image, spec = read_image(), PODS[name]["spec"]
    (container,) = spec["containers"]

    command = [*image.entrypoint, *container["args"]]

    assert command == read_services(image)[name].command
    assert (
        f"{spec['securityContext']['runAsUser']}:{spec['securityContext']['runAsGroup']}"
        == image.user
    )
    assert container["securityContext"]["readOnlyRootFilesystem"]


@pytest.mark.parametrize("name", ["app", "proxy"])
def test_a_server_has_time_to_drain(name):
    spec = PODS[name]["spec"]
    wait = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])

    assert spec["terminationGracePeriodSeconds"] > wait + Settings.drain


def test_the_settings_exist_and_their_files_are_keys_of_the_secret():
    documented = (DEPLOY.parent / ".env.example").read_text(encoding="utf-8")

    settings = {name.removesuffix("_FILE") for name in CONFIG["data"]}
    files = {
        text.rpartition("/")[2] for name, text in CONFIG["data"].items() if name.endswith("_FILE")
    }

    assert all(f"{name}=" in documented for name in settings)
    assert files == set(SECRET["stringData"])
    assert not any(SECRET["stringData"].values())


def test_services_and_disruption_budgets_select_the_pods_of_their_name():
    for manifest in MANIFESTS:
        name = manifest["metadata"]["name"].removeprefix("pbf-")
        selector = manifest.get("spec", {}).get("selector", {})
        if manifest["kind"] in ("Service", "PodDisruptionBudget") and name in PODS:
            labels = PODS[name]["metadata"]["labels"]
            assert selector.get("matchLabels", selector) == labels
