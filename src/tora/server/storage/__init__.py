"""What the stores have in common: files that appear whole, and a mark of what was acknowledged."""

from __future__ import annotations
