"""The parts of a running server, as a handler finds them in its request's application."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tora.server.accounts import Accounts
from tora.server.auth import Access
from tora.server.backup.making import Backups
from tora.server.catalog import Catalog
from tora.server.feed import Feed
from tora.server.ingest import Ingest
from tora.server.known import KnownExperiments
from tora.server.limits import Limits
from tora.server.live import Hub
from tora.server.measures import Measures
from tora.server.metrics.base import MetricsStore
from tora.server.options import Options
from tora.server.presence import Presence
from tora.server.proxy import Proxy
from tora.server.rights import Caller
from tora.server.throttle import Throttle

__all__ = [
    "ACCESS",
    "ACCOUNTS",
    "BACKUPS",
    "CALLER",
    "CATALOG",
    "FEED",
    "HUB",
    "INGEST",
    "KNOWN",
    "LIMITS",
    "MEASURES",
    "METRICS",
    "OPENAPI",
    "OPTIONS",
    "PRESENCE",
    "PROXY",
    "THROTTLE",
]

OPTIONS: Final = web.AppKey("options", Options)
CATALOG: Final = web.AppKey("catalog", Catalog)
METRICS: Final = web.AppKey("metrics", MetricsStore)
ACCESS: Final = web.AppKey("access", Access)
ACCOUNTS: Final = web.AppKey("accounts", Accounts)
LIMITS: Final = web.AppKey[Limits | None]("limits")
PROXY: Final = web.AppKey("proxy", Proxy)
THROTTLE: Final = web.AppKey("throttle", Throttle)
KNOWN: Final = web.AppKey("known", KnownExperiments)
PRESENCE: Final = web.AppKey("presence", Presence)
HUB: Final = web.AppKey("hub", Hub)
FEED: Final = web.AppKey("feed", Feed)
INGEST: Final = web.AppKey("ingest", Ingest)
BACKUPS: Final = web.AppKey("backups", Backups)
MEASURES: Final = web.AppKey("measures", Measures)
OPENAPI: Final = web.AppKey("openapi", bytes)

CALLER: Final = web.RequestKey("caller", Caller)
"""Who asks; set before the handler runs."""
