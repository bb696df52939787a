"""Tora in a real notebook: cells that are run again, interrupted, and a kernel that is restarted."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.polling import aio_until
from tests.support.programs import silent, status, stored
from tests.support.serving import Server, clean_environment
from tora._async.adoption import adopt_all
from tora._async.http import Endpoint


@pytest.fixture(autouse=True)
def home(own_world: Path, tmp_path: Path) -> None:
    """Jupyter wants a home to write to."""
    (tmp_path / "home").mkdir()


class Notebook:
    """A notebook whose cells are executed one by one by a kernel."""

    def __init__(self, client: NotebookClient) -> None:
        self.client = client

    @property
    def kernel(self) -> Any:
        """Return what starts, interrupts and ends the kernel."""
        return self.client.km

    async def run(self, source: str) -> str:
        """Execute a cell and return what it prints; an error in it is raised."""
        cell = new_code_cell(textwrap.dedent(source))  # type: ignore[no-untyped-call]
        self.client.nb.cells.append(cell)
        await self.client.async_execute_cell(cell, len(self.client.nb.cells) - 1)
        return "".join(output.get("text", "") for output in cell.outputs)


@asynccontextmanager
async def notebook(server: Server, folder: Path) -> AsyncIterator[Notebook]:
    """Open a notebook with a kernel of its own."""
    book = new_notebook()  # type: ignore[no-untyped-call]
    client = NotebookClient(book, timeout=60, kernel_name="python3")
    environment = clean_environment(TORA_DIR=str(folder), TORA_SERVER_URL=server.url, TORA_TIMEOUT="5")
    async with client.async_setup_kernel(env=environment):
        yield Notebook(client)


async def test_a_setup_cell_can_be_run_again(server: Server, tmp_path: Path) -> None:
    """The earlier experiment is finished, with all that it logged, and the address is printed below its cell."""
    setup = "import tora\nexperiment = tora.setup('notebook')"
    async with notebook(server, tmp_path) as book:
        experiments = []
        for count in (1, 2):
            printed = await book.run(setup)
            experiments.append((await book.run("print(experiment)")).strip())
            assert printed == f"Tora experiment: {server.url}/e/{experiments[-1]}\n"
            await book.run(f"for step in range({count}): tora.tlog('loss', 1.0, step)")
        assert status(server.url, experiments[0]) == "finished"
        assert stored(server.url, experiments[0]) == {"loss": 1}
        assert (await book.run("print(tora.flush().stored)")).strip() == "2"
        assert status(server.url, experiments[1]) == "running"
        await book.run("with tora.Tora.load_experiment(experiment) as client: client.log('class', 1.0)")
    assert stored(server.url, experiments[1]) == {"loss": 2, "class": 1}


async def test_a_cell_that_fails_ends_nothing(server: Server, tmp_path: Path) -> None:
    """An error in a cell is part of working in a notebook: the experiment goes on, and is finished in the end."""
    async with notebook(server, tmp_path) as book:
        experiment = (await book.run("import tora\nprint(tora.setup('notebook'))")).splitlines()[-1]
        with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
            await book.run("1 / 0")
        await book.run("tora.tlog('loss', 1.0)")
    await aio_until(lambda: status(server.url, experiment) != "running", "end of the experiment")
    assert status(server.url, experiment) == "finished"
    assert stored(server.url, experiment) == {"loss": 1}


async def test_coroutines_in_cells(server: Server, tmp_path: Path) -> None:
    """tora.aio goes on from cell to cell, a setup cell may be run again, and tasks have experiments of their own."""
    async with notebook(server, tmp_path) as book:
        experiments = []
        for count in (1, 2):
            printed = await book.run("import asyncio, tora\nprint(await tora.aio.setup('notebook'))")
            experiments.append(printed.splitlines()[-1])
            await book.run(f"for step in range({count}): await tora.aio.tlog('aio', 1.0, step)")
        assert status(server.url, experiments[0]) == "finished"
        assert stored(server.url, experiments[0]) == {"aio": 1}
        await book.run("client = await tora.AsyncTora.load_experiment(tora.aio.get_experiment_id())")
        await book.run("await client.log('class', 1.0)")
        await book.run("await client.shutdown()")
        printed = await book.run("""
            async def work(number):
                experiment = await tora.aio.setup(f"task {number}")
                await tora.aio.tlog(f"task {number}", 1.0)
                await tora.aio.shutdown()
                return experiment

            print(*await asyncio.gather(*(asyncio.create_task(work(number)) for number in range(3))))
        """)
        for number, experiment in enumerate(printed.split()[-3:]):
            assert stored(server.url, experiment) == {f"task {number}": 1}
    assert stored(server.url, experiments[1]) == {"aio": 2, "class": 1}


async def test_an_interrupted_flush(server: Server, tmp_path: Path) -> None:
    """Interrupting a cell that waits in flush is a KeyboardInterrupt there; the kernel and the experiment live on."""
    async with notebook(server, tmp_path) as book:
        experiment = (await book.run("import tora\nprint(tora.setup('notebook'))")).splitlines()[-1]
        with silent(server):
            await book.run("tora.tlog('loss', 1.0)")
            mark = tmp_path / "waiting"
            waiting = asyncio.create_task(book.run(f"open({str(mark)!r}, 'w').close()\ntora.flush(50)"))
            await aio_until(mark.exists, "flush")
            await book.kernel.interrupt_kernel()
            with pytest.raises(CellExecutionError, match="KeyboardInterrupt"):
                await waiting
            await book.run("tora.tlog('loss', 2.0)")
        assert (await book.run("print(tora.flush(30).stored)")).splitlines()[-1] == "2"
    assert stored(server.url, experiment) == {"loss": 2}


@pytest.mark.parametrize("now", [False, True], ids=["restarted", "killed"])
async def test_a_restarted_kernel(now: bool, server: Server, tmp_path: Path) -> None:  # noqa: FBT001
    """What the kernel had logged arrives, by its own end or by the next client on the machine."""
    async with notebook(server, tmp_path) as book:
        experiment = (await book.run("import tora\nprint(tora.setup('notebook', max_buffer_len=1000))")).splitlines()[
            -1
        ]
        with silent(server) if now else nullcontext():
            await book.run("for step in range(100): tora.tlog('loss', 1.0, step)")
            await book.kernel.restart_kernel(now=now)
    await adopt_all(tmp_path, Endpoint(server.url, None))
    assert stored(server.url, experiment) == {"loss": 100}
    assert status(server.url, experiment) == ("lost" if now else "finished")
