"""What a server does with what the others tell it."""

from __future__ import annotations

import asyncio

from attrs import define, field

from tora.server.auth import Access
from tora.server.catalog import CatalogError, NotFoundError
from tora.server.catalog.records import Place
from tora.server.feed import Feed
from tora.server.limits import Limits
from tora.server.live import Hub
from tora.server.presence import Presence
from tora.server.sharing.feed import SharedFeed
from tora.server.sharing.messages import Called, Changed, Failed, Forget, Gone, Heard, Lost, Message, Points
from tora.server.throttle import Throttle

__all__ = ["Hearing"]


@define(eq=False)
class Hearing:
    """The parts of a server that others have something to tell.

    What the database says of itself comes to whoever made the change too, and changes nothing there.
    """

    access: Access
    hub: Hub
    presence: Presence
    limits: Limits | None
    throttle: Throttle
    feed: Feed
    _asking: set[asyncio.Task[None]] = field(factory=set)

    def hear(self, message: Message) -> None:
        """Take what another server, or the database, said."""
        match message:
            case Forget():
                self.access.forget()
            case Called(allowance, who, times):
                if self.limits is not None:
                    self.limits.named(allowance).charge(who, times)
            case Failed(kind, digest):
                self.throttle.charge(kind, digest)
            case _:
                self._hear_of_experiment(message)

    def _hear_of_experiment(self, message: Points | Changed | Gone | Heard | Lost) -> None:
        match message:
            case Points(experiment, tick):
                if isinstance(self.feed, SharedFeed):
                    self.feed.stored_elsewhere(experiment, tick)
            case Changed(experiment):
                self.access.known.doubt(experiment)
                self.hub.changed(experiment)
            case Gone(experiment, workspace, creator):
                if not self.access.known.is_gone(experiment):  # as where it was deleted
                    self._ask(experiment, Place(workspace, creator))
            case Heard(experiment, writers):
                for writer in writers:
                    self.presence.hear(experiment, writer)
            case Lost(experiment, writer):
                self.presence.hear_loss(experiment, writer)
                self.hub.changed(experiment)

    def _ask(self, experiment: str, place: Place) -> None:
        """Find out whether an experiment is gone: the word may be late, and somebody have made it anew."""
        self.access.known.doubt(experiment)
        task = asyncio.create_task(self._look_whether_gone(experiment, place))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    def miss(self) -> None:
        """Ask anew for everything: something may have been said that was not heard."""
        self.access.forget()
        self.access.known.doubt_all()
        self.hub.changed_all()
        if isinstance(self.feed, SharedFeed):
            self.feed.look()

    async def _look_whether_gone(self, experiment: str, place: Place) -> None:
        known = self.access.known
        try:
            await self.access.catalog.place(experiment)
        except NotFoundError:
            known.remove(experiment, place)
            self.hub.gone(experiment)
        except CatalogError:
            self.hub.changed(experiment)  # whoever watches asks the catalog again
