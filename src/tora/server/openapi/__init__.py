"""The protocol in machine-readable form, made from the table of routes."""

from __future__ import annotations

from tora.server.openapi.document import document

__all__ = ["document"]
