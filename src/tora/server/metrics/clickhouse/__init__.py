"""The points on ClickHouse: any number of servers write, any number of shards keep."""

from __future__ import annotations

from tora.server.metrics.clickhouse.store import ClickHouseMetrics

__all__ = ["ClickHouseMetrics"]
