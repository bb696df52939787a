"""What one server process was asked to do."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from attrs import field, frozen

from tora.config import DEFAULT_PORT
from tora.server.proxy import Proxy

__all__ = ["Options"]


@frozen
class Options:
    """The command line of ``tora server``.

    Attributes:
        dir: The data folder; one server owns it at a time.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        anonymous: Requests without a key may read and write what is nobody's.
        local: One user's own server, started by a client: takes a free port when the wished one is
            taken, runs at low priority and ends by itself.
        idle: Seconds without a connection or request after which a local server ends.
        allow_hosts: Names beyond its own addresses under which the server may be asked.
        proxy: What stands in front and may speak for its callers.
        rate_limit: Calls a second that one caller may make of a team's server, five times as many at once; 0 for
            any number.
        tls: The certificate chain and the private key, as PEM files; None for plain HTTP.
        catalog: The address of a catalog in PostgreSQL; None for the file in the data folder.
        metrics: The address of points in ClickHouse; None for the file in the data folder.
        log_format: How a line of the log looks: for people, or one JSON object.
    """

    dir: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    anonymous: bool = False
    local: bool = False
    idle: float = 3600.0
    allow_hosts: tuple[str, ...] = ()
    proxy: Proxy = field(factory=Proxy)
    rate_limit: float = 200.0
    tls: tuple[Path, Path] | None = None
    catalog: str | None = field(default=None, repr=False)  # a password stands in it
    metrics: str | None = field(default=None, repr=False)  # as in that
    log_format: Literal["text", "json"] = "text"

    @property
    def mode(self) -> Literal["local", "team"]:
        """Return what `GET /health` calls this kind of server."""
        return "local" if self.local else "team"
