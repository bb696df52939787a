"""deploy/ for several servers: its parts agree with each other, and nothing in it is a password."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.support.clickhouse import engine_program
from tests.support.source import ROOT
from tora.server.catalog.address import postgres_url
from tora.server.metrics.clickhouse.address import address

DEPLOY: Final = ROOT / "deploy"
PORT: Final = 8672
HTTP: Final = 8123
NATIVE: Final = 9000
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
MANIFESTS: Final = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
OBJECTS: Final[list[dict[str, Any]]] = [
    each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
PODS: Final = [each for each in OBJECTS if each["kind"] in {"Deployment", "StatefulSet"}]


def found(kind: str, name: str) -> dict[str, Any]:
    """Return an object of the manifests."""
    return next(each for each in OBJECTS if (each["kind"], each["metadata"]["name"]) == (kind, name))


def container(pods: Mapping[str, Any]) -> dict[str, Any]:
    """Return the only container of what makes pods."""
    (one,) = pods["spec"]["template"]["spec"]["containers"]
    return dict(one)


def shards(text: str) -> list[str]:
    """Return the hosts of the cluster `tora` in ClickHouse's settings; their passwords come from outside."""
    replicas = ET.fromstring(text).findall("remote_servers/tora/shard/replica")  # noqa: S314  # our own file
    assert {replica.findtext("port") for replica in replicas} == {str(NATIVE)}
    for replica in replicas:
        password = replica.find("password")
        assert password is not None
        assert (password.text, password.get("from_env")) == (None, "CLICKHOUSE_PASSWORD")
    return [replica.findtext("host", "") for replica in replicas]


def filled(text: str) -> str:
    """Return an address with a word for each variable in it."""
    return re.sub(r"\$\{[^}]*\}|\$\([^)]*\)", "word", text)


def test_the_compose_file_has_two_of_what_there_is_several_of() -> None:
    """Two servers that differ in nothing but their name, and two shards."""
    servers = {name: service for name, service in SERVICES.items() if name.startswith("tora-")}
    assert len(servers) == 2
    assert len({str(service["environment"]) for service in servers.values()}) == 1
    assert all(service["hostname"] == name for name, service in servers.items())
    assert len([name for name in SERVICES if name.startswith("clickhouse-")]) == 2


def test_every_service_is_looked_after() -> None:
    """Each has an image with a version, or is built, a volume that is declared and a health, and comes back."""
    used = set()
    for name, service in SERVICES.items():
        assert "build" in service or re.search(r":\d", service["image"]), name
        assert service["restart"] in {"unless-stopped", "on-failure"}
        assert "healthcheck" in service or name == "caddy"  # which everybody sees
        used |= {volume.partition(":")[0] for volume in service["volumes"] if not volume.startswith(".")}
        for volume in service["volumes"]:
            if volume.startswith("."):
                assert (DEPLOY / volume.partition(":")[0]).is_file()
        assert set(service.get("depends_on", {})) <= SERVICES.keys()
    assert used == COMPOSE["volumes"].keys()


def test_the_addresses_lead_to_services() -> None:
    """The servers' addresses can be read, and name services, the cluster and its shards by their ports."""
    settings = SERVICES["tora-1"]["environment"]
    catalog = postgres_url(filled(settings["TORA_SERVER_CATALOG"]))
    assert catalog.host in SERVICES
    assert catalog.port == 5432
    assert (catalog.database, catalog.username) == (
        SERVICES["postgres"]["environment"]["POSTGRES_DB"],
        SERVICES["postgres"]["environment"]["POSTGRES_USER"],
    )
    points = address(filled(settings["TORA_SERVER_METRICS"]))
    hosts = shards(cluster("compose"))
    assert points.hosts == tuple(f"{host}:{HTTP}" for host in hosts)
    assert points.cluster == "tora"
    assert set(hosts) == {name for name in SERVICES if name.startswith("clickhouse-")}
    for host in hosts:
        made = SERVICES[host]["environment"]
        assert (points.database, points.user) == (made["CLICKHOUSE_DB"], made["CLICKHOUSE_USER"])
    balancer = (DEPLOY / "scale.Caddyfile").read_text(encoding="utf-8")
    line = re.search(r"reverse_proxy (.*) \{", balancer)
    assert line
    assert line[1].split() == [f"{name}:{PORT}" for name in SERVICES if name.startswith("tora-")]
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert settings["TORA_SERVER_TRUST_PROXY"] == network["subnet"]


def test_nothing_has_a_default_password() -> None:
    """Each variable of the compose file must be set, is named in the example and has no value there."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    names = set(re.findall(r"\$\{(\w+)", text))
    assert all(re.fullmatch(r"\w+:\?.+", inside) for inside in re.findall(r"\$\{([^}]*)\}", text))
    example = (DEPLOY / "scale.env.example").read_text(encoding="utf-8")
    assert dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)) == dict.fromkeys(names, "")
    secret = found("Secret", "tora")
    assert set(secret["stringData"].values()) == {""}
    for path in [*MANIFESTS, DEPLOY / "compose.yaml"]:
        for url in re.findall(r'[\w+]+://[^\s"]+@', path.read_text(encoding="utf-8")):
            assert re.search(r":\$[{(]\w+", url), (path.name, urlsplit(url).scheme)


def test_the_manifests_hang_together() -> None:
    """Selectors find the pods that they mean, and ports, secrets, settings and volumes are there by their names."""
    namespaces = {each["metadata"]["namespace"] for each in OBJECTS}
    assert namespaces == {"tora"}
    labels = {each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"] for each in PODS}
    for pods in PODS:
        name, spec = pods["metadata"]["name"], pods["spec"]
        assert spec["selector"]["matchLabels"] == labels[name]
        assert found("Service", name)["spec"]["selector"] == labels[name]
        one = container(pods)
        ports = {port["name"]: port["containerPort"] for port in one["ports"]}
        for port in found("Service", name)["spec"]["ports"]:
            assert port["targetPort"] in ports
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert one.get(probe, {}).get("httpGet", {"port": next(iter(ports))})["port"] in ports
        assert one["readinessProbe"]
        volumes = {each["name"] for each in spec["template"]["spec"].get("volumes", [])}
        volumes |= {each["metadata"]["name"] for each in spec.get("volumeClaimTemplates", [])}
        assert {mount["name"] for mount in one["volumeMounts"]} == volumes
        for reference in _references(one):
            kind, key = ("Secret", "stringData") if "secretKeyRef" in reference else ("ConfigMap", "data")
            wanted = next(iter(reference.values()))
            assert wanted.get("key", next(iter(found(kind, wanted["name"])[key]))) in found(kind, wanted["name"])[key]
    for budget in (each for each in OBJECTS if each["kind"] == "PodDisruptionBudget"):
        assert budget["spec"]["selector"]["matchLabels"] == labels[budget["metadata"]["name"]]


def _references(one: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (each["valueFrom"] for each in one["env"] if "valueFrom" in each)
    yield from one.get("envFrom", [])


def test_the_pods_find_each_other() -> None:
    """The servers' addresses name the service of PostgreSQL and each pod of ClickHouse, as its cluster does."""
    tora, clickhouse = found("Deployment", "tora"), found("StatefulSet", "clickhouse")
    settings = {each["name"]: each.get("value", "") for each in container(tora)["env"]}
    catalog = postgres_url(filled(settings["TORA_SERVER_CATALOG"]))
    assert (catalog.host, catalog.port) == ("postgres", found("Service", "postgres")["spec"]["ports"][0]["port"])
    points = address(filled(settings["TORA_SERVER_METRICS"]))
    hosts = shards(cluster("kubernetes"))
    assert points.hosts == tuple(f"{host}:{HTTP}" for host in hosts)
    service = clickhouse["spec"]["serviceName"]
    assert hosts == [f"clickhouse-{place}.{service}" for place in range(clickhouse["spec"]["replicas"])]
    assert {port["port"] for port in found("Service", service)["spec"]["ports"]} == {HTTP, NATIVE}
    one = container(tora)
    assert one["ports"] == [{"name": "http", "containerPort": PORT}]
    assert one["readinessProbe"]["httpGet"]["path"] == "/health"


@pytest.mark.parametrize("used", ["compose", "kubernetes"])
def test_the_engine_reads_its_settings(used: str, tmp_path: Path) -> None:
    """Debian's ClickHouse merges the file into its own settings, with the shards and the password in them."""
    (tmp_path / "config.d").mkdir()
    (tmp_path / "config.d" / "cluster.xml").write_text(cluster(used), encoding="utf-8")
    own = f"<path>{tmp_path / 'data'}/</path><tmp_path>{tmp_path / 'other'}/</tmp_path>"
    (tmp_path / "config.xml").write_text(f"<clickhouse>{own}</clickhouse>", encoding="utf-8")
    # It ends by itself, having no users, after it has written down what it took its settings for.
    subprocess.run(
        [engine_program(), f"--config-file={tmp_path / 'config.xml'}"],
        env={"CLICKHOUSE_PASSWORD": "from outside"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    merged = ET.parse(tmp_path / "data" / "preprocessed_configs" / "config.xml").getroot()  # noqa: S314  # its own
    replicas = merged.findall("remote_servers/tora/shard/replica")
    assert [replica.findtext("host") for replica in replicas] == shards(cluster(used))
    assert {replica.findtext("password") for replica in replicas} == {"from outside"}


def cluster(used: str) -> str:
    """Return ClickHouse's settings for a cluster."""
    if used == "compose":
        return (DEPLOY / "clickhouse" / "cluster.xml").read_text(encoding="utf-8")
    return str(found("ConfigMap", "clickhouse")["data"]["cluster.xml"])
