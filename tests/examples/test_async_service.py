"""examples/async_service.py, asked by eight clients at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server, clean_environment, free_port
from tests.support.source import ROOT

REQUESTS = 8


@pytest.fixture(scope="module")
def service(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The example service in a process of its own; the value is its address."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    folder = tmp_path_factory.mktemp("service")
    log = folder / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "examples" / "async_service.py"), "--port", str(port)],
            env=clean_environment(TORA_SERVER_URL=server.url, TORA_DIR=str(folder / "tora")),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: process.poll() is not None or _answers(url), "answer of the service", within=60)
        assert process.poll() is None, log.read_text(encoding="utf-8")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return http.request("GET", url, timeout=5).status == 200
    except OSError:
        return False


def test_concurrent_requests_keep_their_experiments_apart(service: str, server: Server) -> None:
    """Eight requests at once, each of its own length: each experiment holds exactly what its request computed."""

    def ask(number: int) -> tuple[dict[str, object], dict[str, object]]:
        wanted = {"name": f"request {number}", "hidden": 8 + number, "epochs": 1 + number % 3, "seed": number}
        answer = http.request("POST", f"{service}/train", wanted, timeout=100)
        assert answer.status == 200, answer.body
        return wanted, answer.json()

    with ThreadPoolExecutor(REQUESTS) as pool:
        answers = list(pool.map(ask, range(REQUESTS)))

    assert len({answer["experiment"] for _, answer in answers}) == REQUESTS
    for wanted, answer in answers:
        experiment = http.data(f"{server.url}/experiments/{answer['experiment']}")
        assert experiment["name"] == wanted["name"]
        assert {pair["key"]: pair["value"] for pair in experiment["hyperparams"]} == wanted
        stored = http.summaries(server.url, str(answer["experiment"]))
        accuracies = answer["accuracies"]
        assert isinstance(accuracies, list)
        assert stored.keys() == {"train/loss", "test/accuracy"}
        assert stored["test/accuracy"]["count"] == len(accuracies) == wanted["epochs"]
        assert stored["test/accuracy"]["last"] == accuracies[-1]
        assert stored["train/loss"]["count"] == 22 * len(accuracies)  # 1,347 digits in batches of 64
        assert http.request("GET", str(answer["url"])).status == 200


@pytest.mark.parametrize("body", [b"{", b"[1]", {"epochs": "ten"}, {"unknown": 1}, {"epochs": True}])
def test_wrong_requests_are_told_so(service: str, body: object) -> None:
    """What the service does not understand gets a 400 that says what, and makes no experiment."""
    answer = http.request("POST", f"{service}/train", body)
    assert answer.status == 400
    assert b"must be" in answer.body
