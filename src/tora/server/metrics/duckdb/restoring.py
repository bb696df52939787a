"""Storing an experiment as another store had it: its points column by column, and what is known of its writers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb
import msgspec
import numpy as np

from tora.server.metrics.base import Writer
from tora.server.metrics.duckdb.connection import table

__all__ = ["write_messages", "write_signs"]

_INSERT_WRITERS: Final = """
INSERT INTO writers SELECT $experiment, writer, through, first_seen, last_seen, status, labels FROM incoming
"""
_INSERT_IDS: Final = "INSERT INTO messages SELECT $experiment, msg_id FROM incoming"


def write_signs(connection: duckdb.DuckDBPyConnection, experiment: str, writers: Sequence[Writer]) -> None:
    """Insert what is known of an experiment's writers."""
    if not writers:
        return
    labels = [msgspec.json.encode(one.labels).decode() if one.labels else None for one in writers]
    columns = {
        "writer": np.array([one.writer for one in writers], object),
        "through": np.array([one.through for one in writers], np.int64),
        "first_seen": np.array([one.first_seen for one in writers], np.float64),
        "last_seen": np.array([one.last_seen for one in writers], np.float64),
        "status": np.array([one.status for one in writers], object),
        "labels": np.array(labels, object),
    }
    with table(connection, "incoming", columns):
        connection.execute(_INSERT_WRITERS, {"experiment": experiment})


def write_messages(connection: duckdb.DuckDBPyConnection, experiment: str, messages: Sequence[str]) -> None:
    """Insert the ids that clients without a writer gave their points."""
    if messages:
        with table(connection, "incoming", {"msg_id": np.array(messages, object)}):
            connection.execute(_INSERT_IDS, {"experiment": experiment})
