"""HTTP by hand, for requests that no library would send."""

from __future__ import annotations

import socket

from tests.support.http import Answer

__all__ = ["exchange"]


def exchange(port: int, request: bytes) -> Answer:
    """Send bytes as they are and return the one answer; the connection ends after it."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        stream = connection.makefile("rb")
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return Answer(status, headers, stream.read(int(headers.get("content-length", "0"))))
