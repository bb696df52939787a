"""What travels when a client is pickled or copied: enough to open the same experiment as a new writer.

A handle carries the experiment's append-only write token and never the user's key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve, frozen

from tora._async.home import Revive
from tora._async.writer import Writer, new_id
from tora.config import Settings
from tora.forks import no_fork
from tora.models import Experiment

if TYPE_CHECKING:
    from tora._async.http import Endpoint

__all__ = ["Handle", "handle_of", "reopen", "reopen_inside"]

T = TypeVar("T")
C = TypeVar("C")


@frozen
class Handle:
    """A client on its way to another process, thread or variable.

    Attributes:
        server: Where the experiment is; None where no server was asked.
        home: How to get a loop, where the client has one of Tora's own.
    """

    experiment: Experiment
    settings: Settings
    threshold: int
    server: Endpoint | None
    home: Revive | None


def handle_of(writer: Writer) -> Handle:
    """Return what opens a writer's experiment elsewhere."""
    experiment, api = writer.experiment, writer.binding.api
    return Handle(
        experiment=Experiment(experiment.id, "", experiment.url, experiment.write_token),
        settings=evolve(writer.settings, api_key=None),
        threshold=writer.threshold,
        server=None if api is None else api.endpoint.for_workers(experiment.write_token),
        home=writer.binding.home,
    )


def reopen(client: Callable[[Writer], C], handle: Handle) -> C:
    """Return a client of the handle's experiment, with a writer of its own that does not own the experiment."""
    writer, api = new_id(), None
    if handle.server is not None:
        with no_fork:
            from tora._async.http import Api
            from tora._async.opening import reviver

        api = Api(handle.server, writer, reviver(handle.settings, handle.experiment.write_token))
    return client(
        Writer(
            handle.experiment, handle.settings, handle.threshold, id=writer, api=api, home=handle.home, is_owner=False
        )
    )


def reopen_inside(face: Callable[[C], T], client: Callable[[Writer], C], handle: Handle) -> T:
    """Return a client as `reopen`, inside the sync one."""
    return face(reopen(client, handle))
