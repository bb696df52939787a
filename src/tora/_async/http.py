"""The protocol's calls over aiohttp, and what becomes of an answer that was not hoped for."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit
from weakref import WeakKeyDictionary

import aiohttp
from attrs import define, evolve, frozen

from tora import wire
from tora._async import names
from tora._version import __version__
from tora.errors import (
    ToraAPIError,
    ToraAuthenticationError,
    ToraConfigurationError,
    ToraError,
    ToraExperimentError,
    ToraNetworkError,
    ToraTimeoutError,
    ToraValidationError,
    ToraWorkspaceError,
)
from tora.models import Experiment
from tora.types import Status

__all__ = ["Answer", "Api", "Endpoint", "read", "refusal"]

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 30.0


@frozen
class Endpoint:
    """Where a server is and how it knows us.

    Attributes:
        url: The server's address without a slash at its end.
        key: The key for it; None means anonymous.
        local: Whether it is the server of a folder of this machine's, which says where it is.
        opener: What signs a browser in there, for this user's own eyes; None for servers elsewhere.
    """

    url: str
    key: str | None
    local: bool = False
    opener: str | None = None

    def for_workers(self, token: str | None) -> Endpoint:
        """Return the same server with a token that may only log, which workers elsewhere are given."""
        return evolve(self, key=token, opener=None)


@frozen
class Answer:
    """What a server said.

    Attributes:
        call: Method and URL, for messages.
        retry_after: Seconds that the server asks us to wait, or None.
    """

    call: str
    status: int
    body: bytes
    retry_after: float | None = None

    @property
    def ok(self) -> bool:
        """Whether it is any 2xx."""
        return 200 <= self.status < 300

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered otherwise later."""
        return self.status in {408, 425, 429} or self.status >= 500


@define
class _Shared:
    session: aiohttp.ClientSession
    users: int = 0


# One session a loop and server: clients of one loop share its connections.
_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Shared]] = WeakKeyDictionary()
_of_the_parent: list[object] = []


def _leave_to_the_parent() -> None:
    # A finalizer in the child would say goodbye on the parent's connections.
    global _sessions  # noqa: PLW0603  # a child begins with none
    _of_the_parent.append(dict(_sessions))
    _sessions = WeakKeyDictionary()


os.register_at_fork(after_in_child=_leave_to_the_parent)


class Api:
    """The calls of one client to one server. Belongs to the loop that first calls it.

    Args:
        endpoint: The server.
        writer: The client's id, sent with each call so that the server knows the experiment's owner.
        revive: Gives the endpoint of the local server, starting it where it is gone; None for others.
    """

    def __init__(
        self, endpoint: Endpoint, writer: str | None = None, revive: Callable[[], Awaitable[Endpoint]] | None = None
    ) -> None:
        self.endpoint = endpoint
        self.writer = writer
        self._revive = revive
        self._held: tuple[dict[str, _Shared], str] | None = None

    # --- Calls that raise what went wrong ---------------------------------------------------------

    async def create_experiment(self, body: dict[str, Any]) -> Experiment:
        """Create an experiment; the same id again gives the same experiment."""
        answer = await self.call("POST", "/experiments", wire.encode(body))
        missing = ToraWorkspaceError if body.get("workspaceId") else None
        return self._experiment(_checked(answer, missing))

    async def load_experiment(self, experiment: str) -> Experiment:
        """Return an experiment."""
        return self._experiment(_checked(await self.call("GET", _path(experiment)), ToraExperimentError))

    async def take_over(self, experiment: str) -> None:
        """Say that the experiment is running again and that this writer owns it; old servers may not care."""
        with contextlib.suppress(ToraNetworkError):
            await self.set_status(experiment, "running")

    async def create_workspace(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create a workspace and return what the server says of it."""
        answer = _checked(await self.call("POST", "/workspaces", wire.encode(body)), ToraWorkspaceError)
        try:
            return wire.data_from_wire(answer.body)
        except ValueError as exc:
            raise _unreadable(answer, exc) from exc

    def _experiment(self, answer: Answer) -> Experiment:
        try:
            return wire.experiment_from_wire(answer.body, self.endpoint.url)
        except ValueError as exc:
            raise _unreadable(answer, exc) from exc

    # --- Calls whose answer the caller judges -----------------------------------------------------

    async def send_batch(self, experiment: str, body: bytes) -> Answer:
        """Send a batch of metrics."""
        return await self.call("POST", f"{_path(experiment)}/logs/batch", body)

    async def heartbeat(
        self, experiment: str, writer: str, status: Status, labels: Mapping[str, str] | None = None
    ) -> Answer:
        """Give a sign of life of a writer, and say what it is where it has labels; old servers refuse these."""
        body: dict[str, Any] = {"writer": writer}
        if status != "running":
            body["status"] = status
        if labels:
            body["labels"] = labels
        return await self.call("POST", f"{_path(experiment)}/heartbeat", wire.encode(body))

    async def set_status(self, experiment: str, status: Status) -> Answer:
        """Say how the experiment stands."""
        return await self.call("PATCH", _path(experiment), wire.encode({"status": status}))

    async def call(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Make one request and read the answer, whatever its status.

        Raises:
            ToraTimeoutError: There was no answer in time.
            ToraNetworkError: There was no connection, or it broke.
            ToraConfigurationError: The address cannot be used.
        """
        with self._asking(method, path, ANSWER_SECONDS) as url:
            async with self._session().request(
                method, url, data=body, headers=self._headers(body), allow_redirects=False, ssl=self._verified
            ) as response:
                return await read(f"{method} {url}", response)

    @contextlib.asynccontextmanager
    async def stream(
        self, method: str, path: str, headers: Mapping[str, str], silence: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Make one request and yield the answer, to be read piece by piece, whatever its status.

        An OSError of the block counts as the connection's: what is not must be turned into another error in there.

        Args:
            method: The method.
            path: The path with its query.
            headers: Further ones.
            silence: Seconds in which something must arrive; the whole may take any time.

        Raises:
            ToraTimeoutError: Nothing came for so long.
            ToraNetworkError: There was no connection, or it broke, also while the answer was read.
            ToraConfigurationError: The address cannot be used.
        """
        with self._asking(method, path, silence) as url:
            async with self._session().request(
                method,
                url,
                headers=self._headers(None) | dict(headers),
                allow_redirects=False,
                ssl=self._verified,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence),
            ) as response:
                yield response

    async def revive(self) -> None:
        """Start the local server again where it is gone; does nothing for other servers.

        Raises:
            ToraError: It does not start.
        """
        if self._revive is not None:
            self.endpoint = await self._revive()

    @contextlib.contextmanager
    def _asking(self, method: str, path: str, seconds: float) -> Iterator[str]:
        """Yield the URL to ask, and turn what the connection meets into Tora's errors."""
        url = self.endpoint.url + path
        call = f"{method} {url}"
        try:
            yield url
        except TimeoutError as exc:
            raise ToraTimeoutError(
                f"{call}: no answer within {seconds:.0f} s. Is the server overloaded or behind a firewall?"
            ) from exc
        except aiohttp.InvalidURL as exc:
            raise ToraConfigurationError(f"{call}: the server_url cannot be used: {exc}") from exc
        except (aiohttp.ClientError, OSError) as exc:
            if isinstance(exc, ToraError):
                raise
            names.forget(urlsplit(url).hostname or "")
            raise ToraNetworkError(
                f"{call}: {_reason(exc)}. Is the server running, and is TORA_SERVER_URL right?"
            ) from exc

    # --- The session ------------------------------------------------------------------------------

    def _session(self) -> aiohttp.ClientSession:
        if self._held is None:
            loop = asyncio.get_running_loop()
            of_loop = _sessions.setdefault(loop, {})
            shared = of_loop.get(self.endpoint.url)
            if shared is None:
                shared = of_loop[self.endpoint.url] = _Shared(_open_session(self.endpoint.url))
            shared.users += 1
            self._held = (of_loop, self.endpoint.url)
        of_loop, url = self._held
        return of_loop[url].session

    @property
    def _verified(self) -> bool:
        # Where a server of our own folder is, the folder says; its certificate is for the name that others use.
        return not self.endpoint.local

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {}
        if self.endpoint.key:
            headers["x-api-key"] = self.endpoint.key
        if self.writer:
            headers["x-tora-writer"] = self.writer
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    async def close(self) -> None:
        """Close the session when no other client of this loop uses it."""
        if (session := self._unused()) is not None:
            await session.close()

    def leave(self) -> None:
        """Close the session of a loop that was closed with it in use."""
        if (session := self._unused()) is not None:
            with contextlib.suppress(StopIteration):
                session.close().send(None)  # where the loop is closed there is nothing to wait for

    def _unused(self) -> aiohttp.ClientSession | None:
        """Give up the session; return it where nobody else uses it."""
        if self._held is None:
            return None
        (of_loop, url), self._held = self._held, None
        shared = of_loop.get(url)
        if shared is None:
            return None
        shared.users -= 1
        return None if shared.users else of_loop.pop(url).session

    def anew(self, writer: str | None = None) -> Api:
        """Return the same calls for another loop, or another writer."""
        return Api(self.endpoint, writer or self.writer, self._revive)


async def read(call: str, response: aiohttp.ClientResponse) -> Answer:
    """Return an answer with all of its body.

    Args:
        call: Method and URL, for messages.
        response: The answer's beginning.
    """
    return Answer(call, response.status, await response.read(), _retry_after(response))


def _open_session(url: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60, resolver=names.Names(), use_dns_cache=False),
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS),
        headers={"User-Agent": f"tora/{__version__}"},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=not _is_loopback(url),  # proxies are for other machines
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _path(experiment: str) -> str:
    return f"/experiments/{quote(experiment, safe='')}"


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:  # absent, or a date, which few servers send
        return None
    return min(seconds, 3600.0) if seconds >= 0 else None


def _reason(exc: BaseException) -> str:
    if isinstance(exc, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        return f"no such host ({exc.os_error.strerror or exc})"
    if isinstance(exc, aiohttp.ClientConnectorError):
        return f"no connection ({os.strerror(exc.os_error.errno) if exc.os_error.errno else exc})"
    return f"the connection failed ({str(exc) or type(exc).__name__})"


def _checked(answer: Answer, missing: type[ToraError] | None) -> Answer:
    if answer.ok:
        return answer
    raise refusal(answer, missing)


def refusal(answer: Answer, missing: type[ToraError] | None = None) -> ToraError:
    """Return the error that an answer other than 2xx means.

    Args:
        answer: The answer.
        missing: What a 404 means here; None when it means that the address is no Tora server's.
    """
    code, message = wire.error_from_wire(answer.body)
    message = message.rstrip(".")
    said = f"{answer.call} answered {answer.status}{f': {message}' if message else ''}"
    if answer.status in {400, 422}:
        return ToraValidationError(f"{said}.")
    if answer.status in {401, 403}:
        return ToraAuthenticationError(f"{said}. Set TORA_API_KEY, or pass api_key, with a key of that server.")
    if answer.status == 404 and missing is not None:
        return missing(f"{said}. Check the id and the server_url.")
    strange = code is None and answer.status in {301, 302, 303, 307, 308, 404, 405}
    hint = " Is that the address of a Tora server?" if strange else ""
    return ToraAPIError(f"{said}.{hint}", status=answer.status, code=code)


def _unreadable(answer: Answer, exc: ValueError) -> ToraAPIError:
    return ToraAPIError(
        f"{answer.call} answered {answer.status} with a body that the protocol does not promise: {exc}. "
        "Is that the address of a Tora server?",
        status=answer.status,
    )
