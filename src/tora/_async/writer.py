"""A writer: one client's stream of metrics into an experiment, from its first to the end.

It is what a fork renews, what the process's exit ends, and what a pickled client makes anew
elsewhere. The client around it checks arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import anyio
from attrs import evolve

from tora._async import exits, labels
from tora._async.binding import Binding
from tora._async.buffer import MetricBuffer
from tora._async.care import JournalCare
from tora._async.companions import Companions
from tora._async.home import Revive
from tora._async.journal import Header, Journal, journal_dir
from tora._async.notices import Progress, left_behind, lost_at_the_end, untold_end
from tora.config import Settings
from tora.errors import ToraConfigurationError
from tora.forks import no_fork
from tora.models import Experiment, Stats
from tora.types import Status

if TYPE_CHECKING:
    # What speaks HTTP is loaded when a server is asked: TORA_MODE=offline and disabled need none of it.
    from tora._async.delivery import Delivery
    from tora._async.http import Api

__all__ = ["Writer", "new_id", "offline"]

TELL_SECONDS: Final = 5.0  # for the end alone, which the journal can tell later too
CLOSE_SECONDS: Final = 1.0


class Writer:
    """One writer of an experiment.

    Args:
        experiment: The experiment.
        settings: What holds for it.
        threshold: The number of waiting metrics at which they are sent at once.
        id: The writer's id; a new one by default.
        api: The calls to the server, in this writer's name; None where there is no server.
        create: How to create the experiment, where no server was asked.
        home: How to get a loop to deliver in, where the client has one of Tora's own.
        is_owner: Whether the experiment ends with this writer; the end of others, workers, shows among the writers.
        given: Labels that come before those that its process has.

    Attributes:
        append: Accepts one encoded metric; see `MetricBuffer.append`.
        binding: What delivers, and in which loop.
        given: As above; a handle carries them.
        companions: What goes on beside it, in the loop that delivers.
    """

    def __init__(
        self,
        experiment: Experiment,
        settings: Settings,
        threshold: int,
        *,
        id: str = "",  # noqa: A002  # the protocol's word
        api: Api | None = None,
        create: dict[str, Any] | None = None,
        home: Revive | None = None,
        is_owner: bool = True,
        given: Mapping[str, str] | None = None,
    ) -> None:
        self.experiment = experiment
        self.settings = settings
        self._threshold = threshold
        self._create = create
        self._is_owner = is_owner
        self.given = given or {}
        self._become(id or new_id(), api, home)
        exits.renew_after_fork(self)
        if is_owner:  # a worker counts from its first metric on
            exits.register(self)

    def _become(self, writer: str, api: Api | None, home: Revive | None) -> None:
        self.id = writer
        self.is_closed = False
        self._labels: Mapping[str, str] | None = None
        self._is_told = False
        self._is_let_go = False
        self.companions = Companions()
        self.binding = Binding(api, self._start_delivery, home)
        self._buffer = MetricBuffer(self._open_journal, self._wake)
        self._care = JournalCare(self._buffer)
        self._buffer.arm(1)  # the first metric looks for a loop, unless one is bound before
        self.append = self._buffer.append

    def _open_journal(self, first_seq: int) -> Journal:
        exits.register(self)
        api = self.binding.api
        server = "" if api is None or api.endpoint.local else api.endpoint.url
        header = Header(
            server=self.settings.server_url or server,
            experiment=self.experiment.id,
            writer=self.id,
            first_seq=first_seq,
            token=self.experiment.write_token,
            create=self._create,
            labels=dict(self.labels) or None,
        )
        return Journal.create(journal_dir(self.settings.dir), header)

    @property
    def url(self) -> str:
        """The address of the experiment's page, with what lets a browser of this user in."""
        api, url = self.binding.api, self.experiment.url
        opener = None if api is None else api.endpoint.opener
        return f"{url}#token={opener}" if url and opener else url

    # --- Delivery ---------------------------------------------------------------------------------

    def bind(self) -> None:
        """Deliver in the running loop from now on."""
        self.binding.bind(asyncio.get_running_loop())

    def _start_delivery(self, api: Api) -> Delivery:
        with no_fork:
            from tora._async.delivery import Delivery
            from tora._async.introduction import Introduction

            # What anyio loads with its first call: now, and not while the program goes on, or ends. No call does it
            # here, since outside of a task anyio knows no loop where sniffio is installed.
            import_module("anyio._backends._asyncio")
        if not self.is_closed:
            self.companions.start()
        introduction = Introduction(api, self.experiment.id, self.id, lambda: self.labels)
        return Delivery(self._buffer, api, self.experiment.id, self.id, self._threshold, self._care, introduction)

    def _wake(self) -> None:
        if self.binding.api is None:  # there is no delivery task that looks after the journal
            self._care.look()
            if self._buffer.trouble is not None:
                self._buffer.arm(self._buffer.waiting + 1)
        elif not self.binding.wake():
            self._buffer.arm(self._buffer.waiting + 1)  # the journal keeps what comes, and each metric looks again

    async def flush(self, seconds: float) -> Stats:
        """Send all that was logged by now and wait, so long at most, until the server has it."""
        await self.binding.run(seconds, self._flush, seconds)
        return self.stats

    async def _flush(self, seconds: float) -> None:
        if self.binding.delivery is not None:
            with anyio.move_on_after(seconds):
                await self.binding.delivery.flush(self._progress())

    def _progress(self) -> Progress:
        return Progress(silent=self.settings.silent)

    # --- The end, and new beginnings --------------------------------------------------------------

    async def end(self, status: Status, seconds: float) -> Stats:
        """Deliver what waits, say how it ended, and close; a second call does nothing.

        Args:
            status: How the run ended.
            seconds: How long it may take.
        """
        if not self.is_closed:
            self.is_closed = True
            self._buffer.refuse()
            try:
                if self._is_owner or self._buffer.numbered:  # a worker that logged nothing has nothing to say
                    await self.binding.run(seconds, self._end, status, seconds)
            finally:
                self.let_go(status)
        return self.stats

    async def _end(self, status: Status, seconds: float) -> None:
        delivery = self.binding.delivery
        if delivery is None:
            return
        # Shielded: a cancelled task ends its experiment like any other, within the same bound.
        companions = self.companions.finish()
        try:
            with anyio.move_on_after(seconds, shield=True):
                await delivery.flush(self._progress())
                await asyncio.wait([companions])
                with anyio.move_on_after(TELL_SECONDS):
                    await delivery.say_the_end(status, owner=self._is_owner)
                    self._is_told = True
        finally:
            companions.cancel()
        with anyio.move_on_after(CLOSE_SECONDS, shield=True):
            await delivery.stop()

    def let_go(self, status: Status) -> None:
        """Close where it was not closed yet; what waits stays in the journal, and people are told where."""
        if self._is_let_go:
            return
        self._is_let_go = self.is_closed = True
        self._buffer.refuse()
        self.companions.drop()
        untold = not self._is_told and (self._is_owner or self._buffer.numbered > 0)
        if untold:
            with contextlib.suppress(OSError):
                self._buffer.open()  # for the end alone, where nothing was logged
        exits.unregister(self)
        stats, journal = self.stats, self._buffer.journal_path
        lost = self._buffer.close(status, keep=untold)
        self._say_what_is_left(evolve(stats, waiting=stats.waiting - lost), lost, status, journal)

    def _say_what_is_left(self, stats: Stats, lost: int, status: Status, journal: str | None) -> None:
        if lost:
            lost_at_the_end(stats, self.experiment.id, lost)
        if stats.waiting:
            left_behind(stats, self.experiment.id, journal)
        elif journal and self.binding.api is not None and not self._is_told:
            untold_end(stats, self.experiment.id, status)

    def begin_anew(self) -> None:
        """Become another writer in a forked child; the parent keeps its metrics and its connections."""
        self._buffer.abandon()
        if not self.is_closed:
            self.reopen()

    def reopen(self) -> None:
        """Become another writer, one that the experiment does not end with."""
        self._is_owner = False
        self._create = None
        writer = new_id()
        api = self.binding.api
        self._become(writer, None if api is None else api.anew(writer), self.binding.home)

    # --- What it is -------------------------------------------------------------------------------

    @property
    def labels(self) -> Mapping[str, str]:
        """What it is among the others: found out with its first metric, in the process that it is in then."""
        if self._labels is None:
            self._labels = labels.of_this_process(self.given)
        return self._labels

    @property
    def threshold(self) -> int:
        """The number of waiting metrics at which they are sent at once; can be set."""
        return self._threshold

    @threshold.setter
    def threshold(self, value: int) -> None:
        self._threshold = value
        self.binding.set_threshold(value)

    @property
    def waiting(self) -> int:
        """How many metrics are not acknowledged."""
        return self._buffer.waiting

    @property
    def stats(self) -> Stats:
        """What became of the metrics so far."""
        error = self.binding.delivery.error if self.binding.delivery is not None else None
        return self._buffer.stats(error or (str(self._buffer.trouble) if self._buffer.trouble else None))

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that it belongs to; None until there is one."""
        return self.binding.loop

    @property
    def limit(self) -> float:
        """How many seconds its end may take by default."""
        return self.settings.timeout

    @property
    def is_entered(self) -> bool:
        """Whether this very thread is inside `append`."""
        return self._buffer.is_entered


def offline(experiment: Experiment, settings: Settings, threshold: int, create: dict[str, Any] | None) -> Writer:
    """Return a writer that leaves all to ``tora sync``, the experiment itself included.

    Raises:
        ToraConfigurationError: There can be no journal.
    """
    writer = Writer(experiment, settings, threshold, create=create)
    try:
        writer._buffer.open()  # noqa: SLF001  # the experiment must be there even if nothing is ever logged
    except OSError as exc:
        exits.unregister(writer)
        raise ToraConfigurationError(
            f"TORA_MODE=offline needs a journal, and {journal_dir(settings.dir)} cannot be written: {exc}. "
            "Set TORA_DIR to a folder that can be written"
        ) from exc
    return writer


def new_id() -> str:
    """Return an id that no other writer has."""
    return uuid.uuid4().hex
