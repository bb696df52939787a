"""Aliases for the types that Tora's public calls take and give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, SupportsFloat, SupportsIndex, TypeAlias

__all__ = ["ExportFormat", "Hyperparams", "Labels", "Metadata", "Status", "Step", "Tags", "Value"]

Value: TypeAlias = SupportsFloat
"""A metric's value: int, float, bool, or whatever has ``__float__`` (numpy and torch scalars, Decimal)."""

Step: TypeAlias = SupportsIndex
"""A step: int, or whatever has ``__index__`` (numpy and torch integers)."""

Metadata: TypeAlias = Mapping[str, Any]
"""What travels with one metric: an object of at most 10,000 bytes of JSON."""

Hyperparams: TypeAlias = Mapping[str, Any]
"""Hyperparameters by name; nested mappings are flattened with dots."""

Tags: TypeAlias = Sequence[str]
"""At most 50 labels of an experiment."""

Labels: TypeAlias = Mapping[str, str | int]
"""What a writer is among the others, such as ``{"rank": 3}``: at most 16 names with a value each."""

Status: TypeAlias = Literal["running", "finished", "failed", "stopped", "lost"]
"""Where an experiment, or a writer, is in its life."""

ExportFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]
"""What kind of file an export is."""
