"""Parts of a few points, so that a few points make many."""

from __future__ import annotations

import pytest

from tora.server.metrics.duckdb import clustering, parts, writing

__all__ = ["small_parts"]


def small_parts(monkeypatch: pytest.MonkeyPatch, rows: int = 4, fan: int = 2, piece: int = 3) -> None:
    """Let a part be full with so many rows, so many of a size become one, and so many rows be sorted at once."""
    monkeypatch.setattr(parts, "PART_ROWS", rows)
    monkeypatch.setattr(writing, "PART_ROWS", rows)
    monkeypatch.setattr(parts, "FAN", fan)
    monkeypatch.setattr(clustering, "PIECE_ROWS", piece)
