"""Real ClickHouse servers of the version that Debian ships, each of them a shard of the cluster `tora`."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote, urlencode

from attrs import define, field, frozen

from tests.support import http
from tests.support.engine import begin, end
from tests.support.serving import free_port

__all__ = ["CLUSTER", "PASSWORD", "ClickHouse", "Node", "answers", "clickhouse", "engine_program"]

CLUSTER: Final = "tora"
USER: Final = "tora"
PASSWORD: Final = "p@ss/w:rd"  # noqa: S105  # a test's own, with all that a URL has to escape
_TRIES: Final = 3  # another process may take a port between the choice and the start

# Small caches and few threads: it shares the machine with the other tests.
_CONFIG: Final = """<yandex>
  <logger><level>warning</level><console>true</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{http}</http_port>
  <tcp_port>{tcp}</tcp_port>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <users_config>{folder}/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>33554432</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <timezone>UTC</timezone>
  <remote_servers><{cluster}>{shards}</{cluster}></remote_servers>
</yandex>
"""
_SHARD: Final = """<shard><internal_replication>true</internal_replication><replica>
  <host>127.0.0.1</host><port>{tcp}</port><user>{user}</user><password>{password}</password>
</replica></shard>"""
_USERS: Final = """<yandex>
  <profiles><default>
    <max_memory_usage>2000000000</max_memory_usage>
    <max_threads>2</max_threads>
    <background_pool_size>2</background_pool_size>
    <background_schedule_pool_size>2</background_schedule_pool_size>
  </default></profiles>
  <quotas><default></default></quotas>
  <users><{user}>
    <password>{password}</password>
    <networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
  </{user}></users>
</yandex>
"""


@frozen
class Node:
    """One server.

    Attributes:
        http: Its port for HTTP.
        tcp: Its port for the other servers of the cluster.
    """

    folder: Path
    http: int
    tcp: int
    process: subprocess.Popen[bytes] = field(repr=False)

    def sql(self, statement: str, body: bytes = b"") -> str:
        """Run a statement, with data where it takes some; return the answer, columns apart by tabs."""
        parameters = {"user": USER, "password": PASSWORD, "query": statement}
        url = f"http://127.0.0.1:{self.http}/?{urlencode(parameters)}"
        answer = http.request("POST", url, body, timeout=60)
        if answer.status != 200:
            raise AssertionError(f"{statement}: {answer.status} {answer.body.decode(errors='replace')}")
        return answer.body.decode().strip()


@define
class ClickHouse:
    """Running servers.

    Attributes:
        nodes: A shard each.
    """

    _folder: Path
    nodes: list[Node] = field(factory=list)
    _numbers: Iterator[int] = field(factory=lambda: itertools.count(1), repr=False)

    def grow(self, shards: int) -> None:
        """Have at least so many shards; the servers that run go on, and know of the new ones."""
        while len(self.nodes) < shards:
            self.nodes.append(_start(self._folder, self.nodes))
        for node in self.nodes:
            _configure(node.folder, node.http, node.tcp, [each.tcp for each in self.nodes])
            node.sql("SYSTEM RELOAD CONFIG")

    def new_database(self, shards: int = 1) -> str:
        """Create a database and return its URL, as ``tora server --metrics`` takes it.

        Args:
            shards: 1 for the first server alone, or how many there are, for the whole cluster.
        """
        name = f"tora_{next(self._numbers)}"
        chosen = self.nodes[:shards]
        for node in chosen:
            node.sql(f"CREATE DATABASE {name}")
        hosts = ",".join(f"127.0.0.1:{node.http}" for node in chosen)
        cluster = f"?cluster={CLUSTER}" if shards > 1 else ""
        return f"clickhouse://{USER}:{quote(PASSWORD, safe='')}@{hosts}/{name}{cluster}"

    def end(self) -> None:
        """End all servers at once: told to end, they would wait for connections, and their data are thrown away."""
        for node in self.nodes:
            end(node.process, signal.SIGKILL)


@contextmanager
def clickhouse(shards: Literal[1, 2] = 1) -> Iterator[ClickHouse]:
    """Run servers in a temporary folder for the length of a ``with`` block."""
    with tempfile.TemporaryDirectory(prefix="tora-clickhouse-") as folder:
        running = ClickHouse(Path(folder))
        try:
            running.grow(shards)
            yield running
        finally:
            running.end()


def engine_program() -> str:
    """Return the path of Debian's ClickHouse."""
    # Its folder of servers is not in everybody's PATH.
    program = shutil.which("clickhouse-server", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        raise AssertionError(
            "the tests of the metrics need ClickHouse: `nox -s tests` installs it on Debian, or run, as root, "
            "apt-get install --no-install-recommends clickhouse-server"
        )
    return program


def _start(parent: Path, others: list[Node]) -> Node:
    program = engine_program()
    folder = parent / f"node{len(others) + 1}"
    (folder / "data").mkdir(parents=True)
    (folder / "tmp").mkdir()
    (folder / "users.xml").write_text(_USERS.format(user=USER, password=PASSWORD), encoding="utf-8")
    for attempt in range(_TRIES):
        port, tcp = free_port(), free_port()
        _configure(folder, port, tcp, [*(node.tcp for node in others), tcp])
        command = [program, f"--config-file={folder / 'config.xml'}"]
        try:
            process = begin("ClickHouse", command, folder / "log", lambda port=port: answers(port))  # type: ignore[misc]
        except AssertionError as exc:
            if attempt + 1 == _TRIES or "Address already in use" not in str(exc):
                raise
        else:
            return Node(folder, port, tcp, process)
    raise AssertionError("unreachable")


def _configure(folder: Path, port: int, tcp: int, shards: list[int]) -> None:
    listed = "".join(_SHARD.format(tcp=shard, user=USER, password=PASSWORD) for shard in shards)
    config = _CONFIG.format(folder=folder, http=port, tcp=tcp, cluster=CLUSTER, shards=listed)
    (folder / "config.xml").write_text(config, encoding="utf-8")


def answers(port: int) -> bool:
    """Return whether a server answers on a port."""
    try:
        return http.request("GET", f"http://127.0.0.1:{port}/ping", timeout=5).status == 200
    except OSError:
        return False
