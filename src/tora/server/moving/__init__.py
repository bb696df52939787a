"""All that a server keeps, moved from one kind of stores to another."""

from __future__ import annotations
