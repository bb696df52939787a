"""Who and what: experiments, workspaces and the server's secrets."""

from __future__ import annotations

from tora.server.catalog.catalog import Catalog
from tora.server.catalog.errors import CatalogError, CatalogFullError, LastOwnerError, NotFoundError, TakenError
from tora.server.catalog.outline import Outline, OutlineNeeds, Outlines
from tora.server.catalog.page import ExperimentFilter, Page, Sight
from tora.server.catalog.records import Place

__all__ = [
    "Catalog",
    "CatalogError",
    "CatalogFullError",
    "ExperimentFilter",
    "LastOwnerError",
    "NotFoundError",
    "Outline",
    "OutlineNeeds",
    "Outlines",
    "Page",
    "Place",
    "Sight",
    "TakenError",
]
