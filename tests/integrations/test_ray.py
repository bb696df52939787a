"""Real Ray: actors, tasks and nodes that log to one experiment by themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from benchmarks.rollouts.rolling import Sizes, compare, roll_out
from tests.integrations.ending import forget_processes
from tests.support.http import data
from tests.support.programs import status, stored, sync, writers
from tests.support.serving import Server
from tora import Tora

pytestmark = [
    # Ray leaves its own log files and sockets to the end of the process.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Two Ray nodes, each with a data folder of its own, as two machines have."""
    folder = tmp_path_factory.mktemp("nodes")
    folders = {name: folder / name for name in ("first", "second")}
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 2, "resources": {"first": 9}, "include_dashboard": False}
    )
    try:
        cluster.add_node(num_cpus=2, resources={"second": 9})
        ray.init(address=cluster.address, log_to_driver=False)
        yield folders
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]
        del cluster
        forget_processes()


@ray.remote
def _log(client: Tora, name: str, count: int) -> tuple[int, str]:
    with client:
        for step in range(count):
            client.log(name, step * 0.5, step)
    return client.stats.stored, str(ray.get_runtime_context().get_node_id())


def _on(node: str, folder: Path) -> dict[str, Any]:
    environment = {"TORA_DIR": str(folder), "TORA_SILENT": "1"}
    return {"resources": {node: 1}, "runtime_env": {"env_vars": environment}}


def test_two_nodes_log_to_one_server_over_its_address(nodes: dict[str, Path], server: Server) -> None:
    """A client that is passed to tasks on two nodes is a writer on each, and the driver's end ends the experiment."""
    with Tora.create_experiment("nodes", server_url=server.url) as client:
        client.log("driver", 1.0)
        asked = [_log.options(**_on(node, folder)).remote(client, node, 500) for node, folder in nodes.items()]
        counts, places = zip(*ray.get(asked, timeout=60), strict=True)
        assert counts == (500, 500)
        assert len(set(places)) == 2
        assert status(server.url, client.experiment_id) == "running"
    assert stored(server.url, client.experiment_id) == {"driver": 1, "first": 500, "second": 500}
    assert sorted(writers(server.url, client.experiment_id).values()) == ["finished"] * 3
    assert status(server.url, client.experiment_id) == "finished"


@ray.remote
class _Worker:
    def __init__(self, client: Tora) -> None:
        self._client = client

    def log(self, step: int) -> None:
        self._client.log("worker", float(step), step)

    def close(self) -> int:
        return self._client.shutdown().stored


def test_workers_go_on_when_the_driver_has_ended(nodes: dict[str, Path], server: Server) -> None:
    """The driver's shutdown ends no worker: what an actor logs afterwards is stored, and says which actor it was."""
    client = Tora.create_experiment("driver first", server_url=server.url)
    worker: Any = _Worker.options(  # type: ignore[attr-defined]
        name="sampler", **_on("first", nodes["first"])
    ).remote(client)
    ray.get(worker.log.remote(1), timeout=60)
    client.shutdown()
    assert status(server.url, client.experiment_id) == "finished"
    ray.get(worker.log.remote(2), timeout=60)
    assert ray.get(worker.close.remote(), timeout=60) == 2
    assert stored(server.url, client.experiment_id) == {"worker": 2}
    assert status(server.url, client.experiment_id) == "finished"
    found = data(f"{server.url}/experiments/{client.experiment_id}/writers")
    [labels] = [each["labels"] for each in found if each["labels"]]
    assert labels.keys() == {"actor", "node"}
    assert labels["actor"] == "sampler"


async def test_every_log_that_returned_in_killed_actors_is_stored_once(
    nodes: dict[str, Path], server: Server, tmp_path: Path
) -> None:
    """Actors killed at random: what their calls had accepted is there once, and so is all of the others'."""
    sizes = Sizes(actors=5, metrics=150, kills=2, pause=0.001)
    notes, folder = tmp_path / "notes", nodes["first"]
    notes.mkdir()
    environment = {"TORA_DIR": str(folder), "TORA_SILENT": "1"}
    experiment, _, living = await roll_out(server.url, sizes, notes, environment)
    assert len(living) == 3
    done = sync(folder)
    assert done.code == 0, done.out + done.err
    counts = compare(server.url, experiment, sizes, notes)
    assert 3 * 150 <= counts["returned"] <= counts["stored"] <= 5 * 150
    assert (counts["missing"], counts["duplicates"]) == (0, 0)
