"""Lists that the catalog alone cannot make: filtered by an expression, or ordered by what differs from run to run."""

from __future__ import annotations

from tora.server.listing.choosing import Choice, choose
from tora.server.listing.plan import Plan, plan_of
from tora.server.listing.subject import duration

__all__ = ["Choice", "Plan", "choose", "duration", "plan_of"]
