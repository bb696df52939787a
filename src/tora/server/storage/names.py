"""What the stores' files are called in a data folder, and in a backup of it."""

from __future__ import annotations

from typing import Final

__all__ = ["CATALOG_FILE", "METRICS_FILE"]

CATALOG_FILE: Final = "catalog.sqlite"
METRICS_FILE: Final = "metrics.duckdb"
