"""The comparison with other trackers: what its table says of today's Tora is what was stored. No network is used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from benchmarks.peers import verdicts
from benchmarks.peers.catalogue import PEERS, TORA
from benchmarks.peers.figures import Figures
from benchmarks.peers.rounds import Plan, Rounds
from benchmarks.peers.work import Bench, WorkError, local_server

PLAN = Plan((50, 100, 200), calls=100, slow_calls=50, kill_after=99, rounds=1, import_rounds=1)
PEER = next(peer for peer in PEERS if peer.name == TORA)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Today's Tora in this interpreter, with a local server of the test's own."""
    with local_server(PEER, Path(sys.executable), tmp_path) as server:
        settings = {name: value for name, value in server.items() if name != "TORA_BASE_URL"}
        yield Bench(PEER, Path(sys.executable), tmp_path, settings)


def test_what_is_logged_is_what_is_stored(bench: Bench) -> None:
    """Each round stores what it logged, a killed process's metrics are read back, and the figures follow from them."""
    row = Figures(TORA, PEER.settings)
    said: list[str] = []
    rounds = Rounds(PLAN, [(bench, row)], said.append)

    rounds.totals()
    rounds.calls()
    rounds.kills()

    assert row.notes == []
    assert {size: [answer["stored"] for answer in answers] for size, answers in row.totals.items()} == {
        50: [50],
        100: [100],
        200: [200],
    }
    answer = row.totals[200][0]
    assert row.rate(200) == 200 / (answer["seconds"] - answer["init_seconds"])
    assert answer["seconds"] > answer["log_seconds"] + answer["finish_seconds"]
    assert row.calls_size == 100
    assert row.p50 is not None
    assert row.mean is not None
    assert 0 < row.p50 <= row.calls[0]["max_us"]
    assert 0 < row.mean <= row.calls[0]["max_us"]
    assert row.recovered == [99]
    assert row.survives
    assert len(said) == 5


def test_a_peer_that_breaks_says_why_and_is_left_out(tmp_path: Path) -> None:
    """A process that fails is a note in its peer's row, and nothing more is asked of that peer."""
    broken = attrs.evolve(PEER, adapter="of_nobody")
    row = Figures(broken.name, broken.settings)
    bench = Bench(broken, Path(sys.executable), tmp_path, {})

    with pytest.raises(WorkError, match="FileNotFoundError"):
        bench.version()
    rounds = Rounds(PLAN, [(bench, row)], lambda _: None)
    rounds.totals()
    rounds.kills()

    [note] = row.notes
    assert "FileNotFoundError" in note
    assert row.recovered == []


def test_the_goals_compare_with_the_right_peers() -> None:
    """Calls are compared with peers that lose nothing, rates with all, and a peer that is ahead is named."""
    tora = _row(TORA, p50=2, mean=3, seconds=0.1, left=99)
    survivor = _row("goodseed", p50=20, mean=12, seconds=0.15, left=99)
    forgetful = _row("trackio", p50=1, mean=1, seconds=0.05, left=90)

    found = list(verdicts.goals([tora, survivor, forgetful], [100]))
    ahead = list(verdicts.wins([tora, survivor, forgetful], [100]))

    assert [verdict.holds for verdict in found] == [True, True, False, False]
    assert "trackio" in found[-1].measured
    assert [line.partition(" is ahead")[0] for line in ahead] == [
        "log() p50 µs: trackio",
        "log() mean µs: trackio",
        "metrics/s at 100: trackio",
    ]


def _row(name: str, *, p50: float, mean: float, seconds: float, left: int) -> Figures:
    return Figures(
        name,
        "",
        calls=[{"p50_us": p50, "mean_us": mean}],
        totals={100: [{"seconds": seconds + 0.2, "init_seconds": 0.2}]},
        killed_after=99,
        recovered=[left],
    )
