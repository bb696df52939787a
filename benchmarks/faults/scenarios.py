"""The scenarios: each breaks something in real processes, mends it, and returns the row.

A folder given to a scenario is its own: the server's data go to ``server``, the clients' to ``client``.
"""

from __future__ import annotations

import contextlib
import random
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.faults.child import Child, Kind, logging_process, tora_sync
from benchmarks.faults.rows import Row, Watch, stored_values
from tests.support.polling import until
from tests.support.proxy import Asked, proxying
from tests.support.serving import serving, start
from tora.models import Stats

__all__ = [
    "client_killed",
    "disk_full",
    "every_answer_lost",
    "mounted",
    "server_gone",
    "server_killed",
    "server_stopped",
    "two_adopters",
]


def client_killed(
    folder: Path, *, kind: Kind, max_buffer_len: int, server_alive: bool, count: int = 10_000, rate: float = 5_000
) -> Row:
    """A client is killed straight after its last call; the server is alive, or comes back before `tora sync`."""
    server = start(folder / "server")
    try:
        with logging_process(server.url, folder / "client", kind=kind, max_buffer_len=max_buffer_len) as child:
            if not server_alive:
                server.stop(signal.SIGKILL)
            how = f"{kind}, max_buffer_len {max_buffer_len:,}, server {'alive' if server_alive else 'dead'}"
            watch = Watch(f"client SIGKILLed: {how}")
            returned = child.die(count, rate)
            if not server_alive:
                server = start(server.dir, port=server.port)
            before = len(stored_values(server.url, child.experiment))
            _sync(folder / "client")
            return watch.row(
                server.url, child.experiment, map(float, range(returned)), notes=f"{before:,} stored before the sync"
            )
    finally:
        server.stop()


def server_killed(
    folder: Path, *, kills: int = 20, writers: int = 8, count: int = 20_000, rate: float = 600, seed: int = 1
) -> Row:
    """The server is killed at random moments while processes log to one experiment."""
    moments = random.Random(seed)  # noqa: S311  # repeatable, not secret
    server = start(folder / "server")
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: server.stop())  # noqa: PLW0108  # the one that runs then
        watch = Watch(f"server SIGKILLed {kills} times: {writers} writers")
        first = stack.enter_context(logging_process(server.url, folder / "client", kind="async"))
        children = [first]
        children += [
            stack.enter_context(
                logging_process(
                    server.url,
                    folder / "client",
                    kind="sync" if index % 2 else "async",
                    first=float(index * count),
                    experiment=first.experiment,
                )
            )
            for index in range(1, writers)
        ]
        for child in children:
            child.begin("log", count, rate)
        span = count / rate / kills
        for _ in range(kills):
            time.sleep(moments.uniform(0, 2 * span * 0.9))
            server.stop(signal.SIGKILL)
            server = start(server.dir, port=server.port)
        for child in children:
            child.end()
        ends = [Stats(**child.do("shutdown", 120)) for child in children]
        return watch.row(server.url, first.experiment, map(float, range(writers * count)), ends)


def server_stopped(folder: Path, *, seconds: float = 30, rate: float = 1_000, kind: Kind = "sync") -> Row:
    """The server stands still, connections and all, while a client logs; then it goes on."""
    with serving(folder / "server") as server, logging_process(server.url, folder / "client", kind=kind) as child:
        watch = Watch(f"server SIGSTOPped for {seconds:g} s: {kind}")
        before = child.do("log", int(2 * rate), rate)
        server.process.send_signal(signal.SIGSTOP)
        try:
            during = child.do("log", int(seconds * rate), rate)
        finally:
            server.process.send_signal(signal.SIGCONT)
        after = child.do("log", int(2 * rate), rate)
        end = Stats(**child.do("shutdown", 60))
        total = before["returned"] + during["returned"] + after["returned"]
        notes = f"{_latency(during)}; before: {_latency(before)}"
        return watch.row(server.url, child.experiment, map(float, range(total)), [end], notes)


def every_answer_lost(folder: Path, *, count: int = 20_000, rate: float = 5_000) -> Row:
    """The answer to each request is lost once, after the server has done what was asked."""

    def loses(_: Asked, time_that_it_came: int) -> bool:
        return time_that_it_came == 1

    with (
        serving(folder / "server") as server,
        proxying(server.port, loses) as proxy,
        logging_process(proxy.url, folder / "client") as child,
    ):
        watch = Watch("every HTTP answer lost once after the commit")
        child.do("log", count, rate)
        end = Stats(**child.do("shutdown", 120))
        return watch.row(
            server.url, child.experiment, map(float, range(count)), [end], f"{proxy.lost} answers were lost"
        )


def server_gone(folder: Path, *, count: int = 2_000_000, paced: int = 50_000, rate: float = 5_000) -> Row:
    """Metrics are logged for hours, as it were, while the server is gone; then it comes back."""
    server = start(folder / "server")
    try:
        with logging_process(server.url, folder / "client") as child:
            server.stop(signal.SIGKILL)
            watch = Watch(f"server gone while {count + paced:,} metrics are logged")
            fast = child.do("log", count, 0)
            slow = child.do("log", paced, rate)
            server = start(server.dir, port=server.port)
            back = time.monotonic()
            new = child.do("log", paced, rate)
            end = Stats(**child.do("shutdown", 300))
            drained = time.monotonic() - back
            notes = "; ".join(
                f"{name}: {_latency(of)}, memory +{of['growth_mib']:.1f} MiB"
                for name, of in {"full speed": fast, "paced": slow, "while it is delivered": new}.items()
            )
            return watch.row(
                server.url,
                child.experiment,
                map(float, range(count + 2 * paced)),
                [end],
                f"{notes}; delivered in {drained:.1f} s",
            )
    finally:
        server.stop()


def disk_full(folder: Path, *, count: int = 5_000, rate: float = 5_000, tmpfs: bool = False) -> Row:
    """The disk with the journal is full while the server is gone; the client is killed once there is space again.

    The limit on the size of a file, which needs no rights, stands for the full disk; with `tmpfs` it is one.
    """
    server = start(folder / "server")
    try:
        with (
            mounted(folder / "client", "4m") if tmpfs else contextlib.nullcontext(),
            logging_process(server.url, folder / "client") as child,
        ):
            child.do("log", 100, rate)
            server.stop(signal.SIGKILL)
            watch = Watch(f"disk full ({'tmpfs' if tmpfs else 'file size limit'})")
            with _full(folder / "client", child, tmpfs=tmpfs):
                child.do("log", count, rate)
                until(lambda: "cannot be written" in child.said(), "warning of the full disk", within=90)
                stats = Stats(**child.do("stats"))
            until(lambda: "can be written again" in child.said(), "word of the recovery", within=90)
            total = 100 + count + child.die(100, rate)
            server = start(server.dir, port=server.port)
            _sync(folder / "client")
            holds = stats.logged == stats.stored + stats.waiting + stats.dropped
            notes = (
                f"while full: {stats.logged:,} = {stats.stored:,} + {stats.waiting:,} + {stats.dropped:,} "
                f"{'holds' if holds else 'DOES NOT HOLD'}; {child.said().count('cannot be written')} warning"
            )
            return watch.row(server.url, child.experiment, map(float, range(total)), notes=notes)
    finally:
        server.stop()


def two_adopters(folder: Path, *, journals: int = 6, count: int = 2_000, rate: float = 5_000) -> Row:
    """Killed writers' journals are sent by two new clients and two `tora sync` at once, while others log."""
    with contextlib.ExitStack() as stack:
        server = start(folder / "server")
        stack.callback(lambda: server.stop())  # noqa: PLW0108  # the one that runs then
        watch = Watch(f"{journals} journals: two adopters and two syncs at once, while one still logs")
        first = stack.enter_context(logging_process(server.url, folder / "client"))
        dead = [
            stack.enter_context(
                logging_process(
                    server.url, folder / "client", first=float((index + 1) * count), experiment=first.experiment
                )
            )
            for index in range(journals)
        ]
        server.stop(signal.SIGKILL)
        assert [child.die(count, rate) for child in dead] == [count] * journals  # noqa: S101  # or nothing was shown
        server = start(server.dir, port=server.port)
        first.begin("log", count, rate)
        syncs = [threading.Thread(target=_sync, args=(folder / "client",)) for _ in range(2)]
        for sync in syncs:
            sync.start()
        adopters = [stack.enter_context(logging_process(server.url, folder / "client", kind="async")) for _ in range(2)]
        for sync in syncs:
            sync.join()
        first.end()
        ends = [Stats(**child.do("shutdown", 60)) for child in (first, *adopters)]
        # An adopter that held a journal when the syncs came by has sent it by now, or left it to this one.
        _sync(folder / "client")
        left = len(list((folder / "client" / "journal").iterdir()))
        return watch.row(
            server.url,
            first.experiment,
            map(float, range((journals + 1) * count)),
            ends,
            f"{left} files left in the journals' folder",
        )


def _latency(of: dict[str, float]) -> str:
    return (
        f"log() median {of['median_us']:.1f} µs, p99.9 {of['p999_us']:.0f} µs, worst {of['worst_us'] / 1e3:.2f} ms "
        f"({of['worst_undisturbed_us'] / 1e3:.2f} ms where no other process took the core)"
    )


def _sync(folder: Path) -> None:
    done = tora_sync(folder)
    if done.returncode:
        raise AssertionError(f"tora sync ended with {done.returncode}:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """Mount a small disk of memory on a folder; this needs the rights of root."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)  # noqa: S607
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


@contextlib.contextmanager
def _full(folder: Path, child: Child, *, tmpfs: bool) -> Iterator[None]:
    if tmpfs:
        filler = folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 1024):
                pass
        yield
        filler.unlink()
        return
    [journal] = (folder / "journal").glob("*.jsonl")
    # Room for a few metrics and a half: the first that does not fit is torn.
    before = resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (journal.stat().st_size + 1000, before[1]))
    yield
    resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, before)
