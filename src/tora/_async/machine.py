"""What the machine is doing: CPU, memory, disk, network and GPUs, as metrics under ``system/``.

Rates are per second since the reading before; MB are millions of bytes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from attrs import frozen

from tora._async.gpus import Gpus
from tora.forks import no_fork

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PREFIX", "Machine"]

PREFIX: Final = "system/"
MB: Final = 1_000_000.0


@frozen
class _Counts:
    """Counters of the whole machine at one moment.

    Attributes:
        at: When, by a clock that only goes forward.
        cpu: Seconds that all CPUs together were busy, and that went by.
        moved: Bytes by the name of their rate; absent is what this system does not count.
    """

    at: float
    cpu: tuple[float, float]
    moved: Mapping[str, int]


class Machine:
    """Reads what this process's machine is doing; made and asked in a thread, since some of it takes a while."""

    def __init__(self) -> None:
        with no_fork:
            import psutil

        self._psutil = psutil
        self._gpus = Gpus.found()
        self._process = psutil.Process()
        self._before = self._counts()

    def metrics(self) -> dict[str, float]:
        """Return the metrics since the call before; what this system does not tell is left out."""
        before, self._before = self._before, self._counts()
        now = self._before
        found: dict[str, float | None] = {
            "cpu_percent": _share(now.cpu[0] - before.cpu[0], now.cpu[1] - before.cpu[1]),
            "memory_percent": self._asked(lambda: self._psutil.virtual_memory().percent),
            "process_memory_mb": self._asked(lambda: self._process.memory_info().rss / MB),
            "disk_percent": self._asked(lambda: self._psutil.disk_usage(".").percent),
        }
        seconds = now.at - before.at
        for name, count in now.moved.items():
            if name in before.moved and seconds > 0:
                found[name] = max(count - before.moved[name], 0) / seconds / MB
        found |= {f"gpu.{name}": value for name, value in self._gpus.readings().items()}
        return {f"{PREFIX}{name}": value for name, value in found.items() if value is not None}

    def _asked(self, ask: Callable[[], float]) -> float | None:
        with contextlib.suppress(self._psutil.Error, OSError, RuntimeError):
            return ask()
        return None

    def _counts(self) -> _Counts:
        moved: dict[str, int] = {}
        with contextlib.suppress(self._psutil.Error, OSError, RuntimeError):
            moved.update(self._moved())
        return _Counts(time.monotonic(), _busy(self._psutil.cpu_times()), moved)

    def _moved(self) -> Iterator[tuple[str, int]]:
        # Interfaces are told apart: what a program sends to itself went over no network.
        cards = [each for name, each in self._psutil.net_io_counters(pernic=True).items() if not name.startswith("lo")]
        yield "network_sent_mb_per_s", sum(each.bytes_sent for each in cards)
        yield "network_received_mb_per_s", sum(each.bytes_recv for each in cards)
        if (disks := self._psutil.disk_io_counters()) is not None:
            yield "disk_read_mb_per_s", disks.read_bytes
            yield "disk_write_mb_per_s", disks.write_bytes


def _busy(times: Iterable[float]) -> tuple[float, float]:
    named: dict[str, float] = getattr(times, "_asdict", dict)()
    # Guests' time is part of the user's.
    total = sum(value for name, value in named.items() if not name.startswith("guest"))
    return total - named.get("idle", 0.0) - named.get("iowait", 0.0), total


def _share(part: float, whole: float) -> float | None:
    return None if whole <= 0 else min(max(100.0 * part / whole, 0.0), 100.0)
