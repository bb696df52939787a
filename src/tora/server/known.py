"""Which experiments exist and where they are, so that each batch need not ask the catalog."""

from __future__ import annotations

from tora import validation
from tora.errors import ToraValidationError
from tora.server.catalog import Catalog, NotFoundError
from tora.server.catalog.records import Place
from tora.server.refusals import Refusal, unknown_experiment

__all__ = ["KnownExperiments"]


class KnownExperiments:
    """Experiments that were seen to exist, and their places as long as nothing has changed about places."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: set[str] = set()
        self._places: dict[str, Place] = {}
        self._gone: dict[str, Place] = {}
        self._version = 0

    def __contains__(self, experiment: str) -> bool:
        return experiment in self._known

    async def place(self, experiment: str) -> Place:
        """Return where an experiment is; refuse one that does not exist."""
        if (known := self._places.get(experiment)) is not None:
            return known
        if not _is_id(experiment):
            raise unknown_experiment(experiment)
        version = self._version
        try:
            found = await self._catalog.place(experiment)
        except NotFoundError:
            raise unknown_experiment(experiment) from None
        if experiment in self._gone:  # deleted while we asked
            raise unknown_experiment(experiment)
        self._known.add(experiment)
        if version == self._version:
            self._places[experiment] = found
        return found

    async def last_place(self, experiment: str) -> Place | None:
        """Return where an experiment is, or was when it was deleted; None where nobody remembers."""
        if experiment in self._gone:
            return self._gone[experiment]
        try:
            return await self.place(experiment)
        except Refusal:
            return None

    def add(self, experiment: str, place: Place) -> None:
        """Know an experiment that was just created or moved."""
        self._gone.pop(experiment, None)
        self._known.add(experiment)
        self._places[experiment] = place

    def remove(self, experiment: str, place: Place) -> None:
        """Forget an experiment that was just deleted, but for where it was: who saw it is told that it is gone."""
        self._known.discard(experiment)
        self._places.pop(experiment, None)
        self._gone[experiment] = place

    def is_gone(self, experiment: str) -> bool:
        """Return whether an experiment was deleted."""
        return experiment in self._gone

    def doubt(self, experiment: str) -> None:
        """Ask anew whether an experiment exists, and where: another server has changed it."""
        self._version += 1
        self._gone.pop(experiment, None)
        self._places.pop(experiment, None)

    def doubt_all(self) -> None:
        """Ask anew about all experiments: what others changed may not have been heard."""
        self.forget()
        self._gone.clear()

    def forget(self) -> None:
        """Ask anew where experiments are: workspaces or people have changed. That they exist stays known."""
        self._version += 1
        self._places.clear()


def _is_id(text: str) -> bool:
    try:
        return validation.experiment_id(text) == text
    except ToraValidationError:
        return False
