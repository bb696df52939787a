"""How the server fares, in figures that Prometheus collects; no label's values are a caller's to choose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from tora._version import __version__

__all__ = ["CONTENT_TYPE", "Measures"]

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_LAG: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
_LOOK: Final = 1.0


class Measures:
    """The figures of one server, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        Info("tora_server", "What runs.", registry=self._registry).info({"version": __version__})
        self._requests = Counter(
            "tora_requests", "Requests that were answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "tora_request_seconds",
            "How long requests took; event streams last as long as their readers stay.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._metrics = Counter("tora_ingested_metrics", "Metrics that were acknowledged.", registry=self._registry)
        self._batches = Counter("tora_ingested_batches", "Batches that were acknowledged.", registry=self._registry)
        self._ack = Histogram(
            "tora_ingest_ack_seconds",
            "From a batch's place in the queue until it is durable.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._lag = Histogram(
            "tora_event_loop_lag_seconds",
            "How late the event loop is for what is due.",
            buckets=_LAG,
            registry=self._registry,
        )
        self._sizes = Gauge("tora_store_bytes", "Size of the stores' files.", ("store",), registry=self._registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note that a request was answered."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route or "none", str(status)).inc()
        self._seconds.labels(method, route or "none").observe(seconds)

    def stored(self, metrics: int, seconds: float) -> None:
        """Note that a batch was acknowledged, and how long it took."""
        self._metrics.inc(metrics)
        self._batches.inc()
        self._ack.observe(seconds)

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Ask for a figure whenever it is collected."""
        Gauge(name, what, registry=self._registry).set_function(value)

    def watch_size(self, store: str, *files: Path) -> None:
        """Look at the size of a store's files whenever it is collected."""
        self._sizes.labels(store).set_function(lambda: sum(_size(each) for each in files))

    def note_size(self, store: str, size: float) -> None:
        """Note the size of a store that is in no file here."""
        self._sizes.labels(store).set(size)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text form."""
        return generate_latest(self._registry)

    async def look_at_loop(self) -> None:
        """Measure how late the event loop is, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + _LOOK
            await asyncio.sleep(_LOOK)
            self._lag.observe(max(clock() - due, 0.0))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
