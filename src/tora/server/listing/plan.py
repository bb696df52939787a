"""What has to be read before a list can be made."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from tora.server.catalog import OutlineNeeds
from tora.server.listing.order import Order, order_of
from tora.server.listing.parsing import parse
from tora.server.listing.tree import All, Field, Node, Param, Stat, sources

__all__ = ["Plan", "plan_of"]


@frozen
class Plan:
    """An expression and an order, and what they look at.

    Attributes:
        tree: What each experiment of the list fulfils.
        status: The status of now that each has; None for any.
        metrics: The metrics whose summaries are needed.
    """

    tree: Node
    status: str | None
    order: Order
    needs: OutlineNeeds
    metrics: Sequence[str]

    @property
    def in_catalog(self) -> bool:
        """Whether the catalog makes the list by itself: it knows no silence, and what ended is all it can tell."""
        return self.tree == All(()) and self.status not in {"running", "lost"} and self.order.in_catalog


def plan_of(expression: str | None, status: str | None, sort: str) -> Plan:
    """Return the plan for a list.

    Raises:
        ToraValidationError: The expression or the order is none.
    """
    tree = parse(expression or "")
    order = order_of(sort)
    looked_at = {*sources(tree), order.by}
    needs = OutlineNeeds(params=any(isinstance(each, Param) for each in looked_at), tags=Field("tag") in looked_at)
    return Plan(tree, status, order, needs, sorted({each.metric for each in looked_at if isinstance(each, Stat)}))
