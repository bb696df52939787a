"""The embedded store of points: one DuckDB file, written by one thread."""

from __future__ import annotations

from tora.server.metrics.duckdb.store import DuckDBMetrics

__all__ = ["DuckDBMetrics"]
