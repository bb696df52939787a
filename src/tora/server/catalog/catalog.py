"""The catalog: who and what, as opposed to the points."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tora.models import Experiment, Workspace
from tora.server.catalog import experiments, moves, secret, workspaces
from tora.server.catalog.address import shown, sqlite_url
from tora.server.catalog.changes import transaction
from tora.server.catalog.copies import copy_online
from tora.server.catalog.engine import make_engine, patient, persistent, snapshots, translated, use_wal
from tora.server.catalog.errors import CatalogError
from tora.server.catalog.file import mark_of, prepare_file
from tora.server.catalog.migrate import upgrade
from tora.server.catalog.outline import OutlineNeeds, Outlines
from tora.server.catalog.page import ExperimentFilter, Page
from tora.server.catalog.records import Place
from tora.types import Status

__all__ = ["Catalog"]

P = ParamSpec("P")
T = TypeVar("T")


class Catalog:
    """Experiments, workspaces and the server's secrets in one database.

    Each call is one transaction, durable when it returns; safe for many tasks of one event loop, and in PostgreSQL
    for many servers: a call that another server's came between, or whose connection broke, is carried out again.
    A call that is cancelled is still carried out: what a task gives up must not be left half done
    on the connection that the next task is given.

    Args:
        url: ``sqlite+aiosqlite:///FILE`` or ``postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE``.

    Raises:
        CatalogError: What PostgreSQL takes is not installed.
    """

    def __init__(self, url: str | sa.URL) -> None:
        self._url = sa.make_url(url)
        self._engine: AsyncEngine = make_engine(self._url)
        self._snapshots = snapshots(self._engine)
        self._mark = mark_of(self._url)
        self._running: set[asyncio.Task[Any]] = set()

    @classmethod
    def in_file(cls, path: Path) -> Self:
        """Return a catalog in an SQLite file, which need not exist."""
        return cls(sqlite_url(path))

    async def open(self, *, unfinished: bool = False) -> None:
        """Open or create the database and bring its tables up to date.

        Args:
            unfinished: Whether a move into it may be under way: for what goes on with that.

        Raises:
            CatalogError: It is damaged, in use by another process, written by a newer Tora, or not
                Tora's; nothing was changed.
        """
        if self._mark is not None:
            await asyncio.to_thread(prepare_file, self._url, self._mark)
        try:
            await self._kept(self._upgraded())
            if not unfinished:
                await self._do(moves.check, shown(self._url))
            with translated(self._url):
                await use_wal(self._engine)
        except BaseException:
            await self._engine.dispose()
            raise

    async def close(self) -> None:
        """Let what runs finish and close the database."""
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._engine.dispose()
        if self._mark is not None:
            # On a full disk the log cannot be folded in, and stays.
            self._mark.close() if self._mark.log.exists() else self._mark.remove()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- Experiments ------------------------------------------------------------------------------

    async def create_experiment(
        self, experiment: Experiment, owner: str | None = None, creator: str | None = None
    ) -> tuple[Experiment, bool]:
        """Store an experiment; return it as stored, and whether this call made it.

        The same id again is the same experiment: what is stored stays as it is.

        Args:
            experiment: Its `url` and `write_token` are not stored; absent times are filled in.
            owner: The writer whose end is the experiment's end.
            creator: The user whose it is where it is in no workspace; None makes it nobody's.

        Raises:
            NotFoundError: There is no such workspace.
        """
        return await self._do(experiments.create, experiment, owner, creator)

    async def experiment(self, experiment_id: str) -> Experiment:
        """Return an experiment.

        Raises:
            NotFoundError: There is none of that id.
        """
        return await self._look(experiments.get, experiment_id)

    async def place(self, experiment_id: str) -> Place:
        """Return where an experiment is.

        Raises:
            NotFoundError: There is none of that id.
        """
        return await self._look(experiments.place, experiment_id)

    async def experiments(self, wanted: ExperimentFilter) -> Page:
        """Return one page of a list of experiments.

        Raises:
            NotFoundError: There is no such workspace.
            ToraValidationError: `sort`, `limit`, `q`, `ids` or `cursor` is wrong.
        """
        return await self._look(experiments.page, wanted)

    async def some_experiments(self, experiment_ids: Sequence[str]) -> list[Experiment]:
        """Return those of these experiments that are there, in the order asked for."""
        return await self._look(experiments.some, experiment_ids)

    async def outlines(self, wanted: ExperimentFilter, needs: OutlineNeeds) -> Outlines:
        """Return the outlines of all experiments that a filter finds, whatever its `sort`, `limit` and `cursor`.

        Raises:
            NotFoundError: There is no such workspace.
            ToraValidationError: `limit`, `q` or `ids` is wrong.
        """
        return await self._look(experiments.outlines, wanted, needs)

    async def owners(self, experiment_ids: Sequence[str]) -> dict[str, str]:
        """Return the owning writer of each of these experiments that has one."""
        return await self._look(experiments.owners, experiment_ids)

    async def change_experiment(self, experiment_id: str, **changes: Any) -> Experiment:
        """Change some of an experiment's fields and return it.

        Args:
            experiment_id: Which one.
            changes: Any of `name`, `description`, `notes`, `tags`, `hyperparams`, `status`, `archived`,
                `workspace_id` and, of one that has ended, `ended_at`; what is absent stays as it is.

        Raises:
            NotFoundError: There is no such experiment, or no such workspace.
        """
        _check_names(changes, experiments.CHANGEABLE)
        return await self._do(experiments.change, experiment_id, changes)

    async def set_status(self, experiment_id: str, status: Status, writer: str | None = None) -> Experiment:
        """Change an experiment's status on behalf of a writer and return the experiment.

        A writer that says ``running`` becomes the owner: it created or loaded the experiment last.
        Any other status counts only from the owner, as long as both are known; a worker's end is
        not the experiment's end.

        Raises:
            NotFoundError: There is none of that id.
        """
        return await self._do(experiments.set_status, experiment_id, status, writer)

    async def delete_experiment(self, experiment_id: str) -> None:
        """Delete an experiment.

        Raises:
            NotFoundError: There is none of that id.
        """
        await self._do(experiments.delete, experiment_id)

    # --- Workspaces -------------------------------------------------------------------------------

    async def create_workspace(self, workspace: Workspace, owner: str | None = None) -> Workspace:
        """Store a workspace, with its owner, and return it as stored; the same id again is the same workspace."""
        return await self._do(workspaces.create, workspace, owner)

    async def workspace(self, workspace_id: str) -> Workspace:
        """Return a workspace.

        Raises:
            NotFoundError: There is none of that id.
        """
        return await self._look(workspaces.get, workspace_id)

    async def workspaces(self, ids: Collection[str] | None = None) -> list[Workspace]:
        """Return those of these workspaces that are there, or all, by name."""
        return await self._look(workspaces.every, ids)

    async def change_workspace(self, workspace_id: str, **changes: Any) -> Workspace:
        """Change a workspace's `name` or `description` and return it.

        Raises:
            NotFoundError: There is none of that id.
        """
        _check_names(changes, workspaces.CHANGEABLE)
        return await self._do(workspaces.change, workspace_id, changes)

    async def delete_workspace(self, workspace_id: str) -> None:
        """Delete a workspace; its experiments stay, without one.

        Raises:
            NotFoundError: There is none of that id.
        """
        await self._do(workspaces.delete, workspace_id)

    # --- People -----------------------------------------------------------------------------------

    async def run(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Carry out one call of `users`, `keys`, `members`, `shares` or `audit` in a transaction of its own."""
        return await self._do(work, *args, **kwargs)

    # --- Secrets ----------------------------------------------------------------------------------

    async def secret(self, name: str) -> bytes:
        """Return 32 random bytes that are made at the first call and the same ever after."""
        return await self._do(secret.get, name)

    # --- Copies -----------------------------------------------------------------------------------

    async def copy_to(self, path: Path) -> None:
        """Write all that is committed to a new file; calls that come meanwhile wait.

        Raises:
            CatalogError: It cannot be written, or the catalog is in no file of ours.
        """
        if self._mark is None:
            raise CatalogError(
                f"the catalog {shown(self._url)} is in no file; copy it with its database's own tools, as pg_dump"
            )
        await self._kept(self._copied(path))

    async def _copied(self, path: Path) -> None:
        with translated(self._url):
            async with self._engine.connect() as connection:
                await copy_online(connection, path)

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is in no file of the data folder."""
        return self._mark is None

    async def size(self) -> int:
        """Return how many bytes the database takes."""
        if self._mark is not None:
            return await asyncio.to_thread(_size, (self._mark.store, self._mark.log))
        return await self._look(_database_size)

    async def _upgraded(self) -> None:
        with translated(self._url):
            async with patient(self._engine) as engine, transaction(engine, self._mark) as connection:
                await connection.run_sync(upgrade, shown(self._url), self._mark)

    async def _look(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._kept(self._transaction(self._snapshots, work, *args, **kwargs))

    async def _do(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._kept(self._transaction(self._engine, work, *args, **kwargs))

    async def _kept(self, work: Coroutine[Any, Any, T]) -> T:
        # A task of its own, since SQLAlchemy gives up the connection of a cancelled one: the file stays
        # locked by it, and every later call would fail.
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _transaction(
        self,
        engine: AsyncEngine,
        work: Callable[Concatenate[AsyncConnection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        async def attempt() -> T:
            async with transaction(engine, self._mark) as connection:
                return await work(connection, *args, **kwargs)

        with translated(self._url):
            return await persistent(self._url, attempt)


async def _database_size(connection: AsyncConnection) -> int:
    return int(await connection.scalar(sa.select(sa.func.pg_database_size(sa.func.current_database()))) or 0)


def _size(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.exists())


def _check_names(changes: Mapping[str, Any], changeable: frozenset[str]) -> None:
    if unknown := changes.keys() - changeable:
        raise TypeError(f"{min(unknown)!r} cannot be changed; {', '.join(sorted(changeable))} can")
