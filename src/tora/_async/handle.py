"""What travels when a client is pickled or copied: enough to open the same experiment as a new writer.

A handle carries the experiment's append-only write token and never the user's key.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve, frozen

from tora import config
from tora._async import loading
from tora._async.home import Revive
from tora._async.writer import Writer, new_id
from tora.config import Settings
from tora.errors import ToraConfigurationError
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
        labels: Those that were given to the client; those that its process has are not the other's.
    """

    experiment: Experiment
    settings: Settings
    threshold: int
    server: Endpoint | None
    home: Revive | None
    labels: Mapping[str, str]


def handle_of(writer: Writer) -> Handle:
    """Return what opens a writer's experiment elsewhere."""
    experiment, api = writer.experiment, writer.binding.api
    return Handle(
        experiment=Experiment(experiment.id, "", experiment.url, experiment.write_token),
        settings=evolve(writer.settings, api_key=None),
        threshold=writer.threshold,
        server=None if api is None else api.endpoint.for_workers(experiment.write_token),
        home=writer.binding.home,
        labels=writer.given,
    )


def reopen(client: Callable[[Writer], C], handle: Handle) -> C:
    """Return a client of the handle's experiment, with a writer of its own that does not own the experiment."""
    writer, api = new_id(), None
    settings = _settings_here(handle.settings)
    if handle.server is not None:
        with no_fork:
            loading.load_delivery()
            from tora._async.http import Api
            from tora._async.opening import reviver

        api = Api(handle.server, writer, reviver(settings, handle.experiment.write_token))
    return client(
        Writer(
            handle.experiment,
            settings,
            handle.threshold,
            id=writer,
            api=api,
            home=handle.home,
            is_owner=False,
            given=handle.labels,
        )
    )


def _settings_here(settings: Settings) -> Settings:
    """Return the settings with the data folder of this process, which may be another machine's or another user's."""
    if settings.server_url is None:
        return settings  # the local server is the one of that folder
    with contextlib.suppress(ToraConfigurationError):  # whoever opens an experiment here is told
        return evolve(settings, dir=config.data_dir())
    return settings


def reopen_inside(face: Callable[[C], T], client: Callable[[Writer], C], handle: Handle) -> T:
    """Return a client as `reopen`, inside the sync one."""
    return face(reopen(client, handle))
