"""Where the engine is, who asks it, and how the tables lie on it: one URL."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from tora.server.metrics.base import StoreError

__all__ = ["Address", "address"]

_FORM: Final = "clickhouse://USER:PASSWORD@HOST:8123/DATABASE"
_URL: Final = re.compile(
    r"clickhouse://(?:(?P<user>[^@]*)@)?(?P<hosts>[^/?#]*)(?:/(?P<database>[^?#]*))?(?:\?(?P<more>.*))?"
)
_HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
PACE_MS: Final = 50
"""Each group makes a few files on the engine, which merges them: at most twenty groups a second of one server."""

_PORT: Final = {False: 8123, True: 8443}
_OPTIONS: Final = ("cluster", "replicated", "quorum", "secure", "retention_days", "pace_ms")


@frozen
class Address:
    """What the URL of a store on ClickHouse says.

    Attributes:
        hosts: HOST:PORT each, of the engine's HTTP interface.
        cluster: The engine's name for the cluster that the hosts are; None for one host, or replicas of it.
        replicated: Tables are replicated, by the engine's macros {shard} and {replica}.
        quorum: On how many replicas a group is before it is acknowledged.
        secure: HTTPS.
        retention_days: Points that are older are deleted; None keeps all.
        pace_ms: Milliseconds from one group of a server to the next at the least; what arrives meanwhile is one group.
    """

    hosts: tuple[str, ...]
    user: str
    password: str = field(repr=False)
    database: str
    cluster: str | None = None
    replicated: bool = False
    quorum: int = 1
    secure: bool = False
    retention_days: int | None = None
    pace_ms: int = PACE_MS

    def __str__(self) -> str:
        """Return what may be shown of it, without the password."""
        return f"clickhouse://{','.join(self.hosts)}/{self.database}"

    def url(self, host: str) -> str:
        """Return where a host takes statements."""
        return f"{'https' if self.secure else 'http'}://{host}/"


def address(url: str) -> Address:
    """Return what a URL says.

    Raises:
        StoreError: It is none of ClickHouse's; the message says what is wrong, and never the password.
    """
    found = _URL.fullmatch(url.strip())
    if found is None:
        raise StoreError(f"--metrics takes a URL such as {_FORM}, and what it got is none; correct it")
    user, _, password = (found["user"] or "default").partition(":")
    options = dict(parse_qsl(found["more"] or "", keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            raise StoreError(f"--metrics has no option {name!r}; it takes {', '.join(_OPTIONS)}")
    secure = _flag(options, "secure")
    hosts = tuple(_host(text, _PORT[secure]) for text in found["hosts"].split(","))
    cluster = _name("cluster", options["cluster"]) if "cluster" in options else None
    replicated = _flag(options, "replicated")
    if len(hosts) > 1 and cluster is None and not replicated:
        raise StoreError(
            f"--metrics names {len(hosts)} hosts, but not what they are to each other: add cluster=NAME with the "
            "engine's name for them, or replicated=1 if they are replicas of one"
        )
    return Address(
        hosts=hosts,
        user=unquote(user),
        password=unquote(password),
        database=_name("the database", unquote(found["database"] or "tora")),
        cluster=cluster,
        replicated=replicated,
        quorum=_number(options, "quorum") or 1,
        secure=secure,
        retention_days=_number(options, "retention_days"),
        pace_ms=_number(options, "pace_ms") or PACE_MS,
    )


def _host(text: str, port: int) -> str:
    if _HOST.fullmatch(text) is None:
        raise StoreError(f"--metrics names the host {text!r}; it takes HOST or HOST:PORT, several with commas between")
    return text if re.search(r":[0-9]+$", text.rpartition("]")[2] or text) else f"{text}:{port}"


def _name(what: str, text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise StoreError(f"--metrics: {what} is {text!r}; take letters, digits and _, and no digit at the beginning")
    return text


def _flag(options: dict[str, str], name: str) -> bool:
    text = options.get(name, "0")
    if text not in {"0", "1"}:
        raise StoreError(f"--metrics: {name} is 0 or 1, got {text!r}")
    return text == "1"


def _number(options: dict[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 1_000_000:
        raise StoreError(f"--metrics: {name} is a whole number from 1 on, got {text!r}")
    return int(text)
