"""Which experiments exist, so that each batch need not ask the catalog."""

from __future__ import annotations

from tora import validation
from tora.errors import ToraValidationError
from tora.server.catalog import Catalog, NotFoundError
from tora.server.refusals import unknown_experiment

__all__ = ["KnownExperiments"]


class KnownExperiments:
    """The ids of experiments that were seen to exist."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: set[str] = set()
        self._gone: set[str] = set()

    def __contains__(self, experiment: str) -> bool:
        return experiment in self._known

    async def check(self, experiment: str) -> None:
        """Refuse an experiment that does not exist."""
        if experiment in self._known:
            return
        if not _is_id(experiment):
            raise unknown_experiment(experiment)
        try:
            await self._catalog.experiment(experiment)
        except NotFoundError:
            raise unknown_experiment(experiment) from None
        if experiment in self._gone:  # deleted while we asked
            raise unknown_experiment(experiment)
        self._known.add(experiment)

    def add(self, experiment: str) -> None:
        """Know an experiment that was just created."""
        self._gone.discard(experiment)
        self._known.add(experiment)

    def remove(self, experiment: str) -> None:
        """Forget an experiment that was just deleted."""
        self._known.discard(experiment)
        self._gone.add(experiment)


def _is_id(text: str) -> bool:
    try:
        return validation.experiment_id(text) == text
    except ToraValidationError:
        return False
