"""Tora beside other trackers: `python -m benchmarks.peers [--quick] [--json FILE] [--only NAME ...]`."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import asdict
from platformdirs import user_cache_path

from benchmarks.peers import environments, table, verdicts
from benchmarks.peers.catalogue import COMMON, PEERS, TORA, Peer
from benchmarks.peers.environments import Environment, InstallationError
from benchmarks.peers.figures import Figures
from benchmarks.peers.rounds import FULL, QUICK, Plan, Rounds
from benchmarks.peers.work import Bench, WorkError, local_server


def main() -> int:
    """Install, measure, print; 1 if a goal does not hold."""
    options = _options()
    # Ended from outside, it still stops the server that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    plan = QUICK if options.quick else FULL
    chosen = [peer for peer in PEERS if not options.only or peer.name in {TORA, *options.only}]
    load_before = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="tora-peers-", ignore_cleanup_errors=True) as folder:
        try:
            rows = _measured(chosen, plan, options.envs, Path(folder))
        except WorkError as exc:
            raise SystemExit(f"the Tora of this checkout does not run: {exc}") from exc
    sizes = plan.sizes[1:]
    judged = list(verdicts.goals(rows, sizes))
    table.show(f"Peers, {_machine()}", rows, sizes, judged)
    if options.json:
        found = {
            "machine": _machine(),
            "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "load_before": load_before,
            "load_after": os.getloadavg(),
            "plan": asdict(plan),
            "settings": {**COMMON, **{row.name: row.settings for row in rows}},
            "goals": [asdict(verdict) for verdict in judged],
            "ahead_of_tora": list(verdicts.wins(rows, sizes)),
            "peers": [_with_summary(row, plan) for row in rows],
        }
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(any(verdict.holds is False for verdict in judged))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    names = [peer.name for peer in PEERS]
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: shows that the programs run")
    parser.add_argument("--json", type=Path, help="write all figures to this file too")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, help=f"beside tora: {', '.join(names)}")
    parser.add_argument("--envs", type=Path, default=user_cache_path("tora-benchmarks"), help="keeps the environments")
    return parser.parse_args()


def _measured(chosen: Sequence[Peer], plan: Plan, envs: Path, scratch: Path) -> list[Figures]:
    envs = envs.absolute()
    bare = environments.empty(envs)
    rows = []
    installed: list[tuple[Peer, Environment, Figures]] = []
    for peer in chosen:
        row = Figures(peer.name, peer.settings)
        rows.append(row)
        if environment := _installed(peer, row, envs, bare):
            installed.append((peer, environment, row))
    tora = next(((peer, environment.python) for peer, environment, _ in installed if peer.name == TORA), None)
    if tora is None:
        raise SystemExit(f"there is nothing to compare with: {rows[0].notes[0]}")
    with local_server(*tora, scratch) as server:
        benches = [
            (Bench(peer, environment.python, scratch, _settings(peer, server)), row)
            for peer, environment, row in installed
        ]
        benches = [(bench, row) for bench, row in benches if _imports(bench, row)]
        rounds = Rounds(plan, benches, _say)
        rounds.imports(bare.python, scratch)
        rounds.totals()
        rounds.calls()
        rounds.kills()
    return rows


def _installed(peer: Peer, row: Figures, envs: Path, bare: Environment) -> Environment | None:
    try:
        environment = environments.made(envs, peer.environment, peer.requirement)
    except InstallationError as exc:
        row.notes.append(f"cannot be installed: {exc}")
        return None
    row.install_bytes = environment.size() - bare.size()
    row.distributions = environment.distributions() - bare.distributions()
    _say(f"{peer.name}: installed")
    return environment


def _imports(bench: Bench, row: Figures) -> bool:
    try:
        row.version = bench.version()
    except WorkError as exc:
        row.notes.append(f"cannot be imported: {exc}")
        return False
    return True


def _settings(peer: Peer, server: dict[str, str]) -> dict[str, str]:
    if not peer.with_server:
        return {}
    # Today's Tora finds its local server by its folder; the published one must be told the address.
    return {name: value for name, value in server.items() if (name == "TORA_BASE_URL") == (peer.name != TORA)}


def _with_summary(row: Figures, plan: Plan) -> dict[str, Any]:
    return asdict(row) | {"summary": row.summary(plan.sizes)}


def _machine() -> str:
    today = dt.datetime.now(dt.UTC).date()
    return f"{today}, {os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}"


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
