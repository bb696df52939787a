"""What `tora doctor` looks at, one module a subject; nothing is changed."""

from __future__ import annotations
