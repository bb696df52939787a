"""``tora status``: which server, who one is there, and what waits on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from tora import config, rendezvous
from tora.cli.words import AsJson, note, reported, say, say_json
from tora.errors import ToraError

if TYPE_CHECKING:
    from tora.config import Settings

__all__ = ["status"]


def status(as_json: AsJson = False) -> None:
    """Tell which server Tora uses, who you are there, and how many metrics wait in journals.

    Starts nothing: where the local server does not run, it says so. Exit code 1 says that the server does not answer.
    """
    with reported("status"):
        settings = config.load()
        found: dict[str, Any] = {
            "server": settings.server_url,
            "mode": settings.mode,
            "dir": str(settings.dir),
            "isLocal": settings.server_url is None,
            **asyncio.run(_asked(settings)),
            "journals": _journals(settings),
        }
    if as_json:
        say_json(found)
    else:
        _say(found)
    if found["error"] is not None:
        note(f"tora status: {found['error']}")
        raise typer.Exit(1)


async def _asked(settings: Settings) -> dict[str, Any]:
    """Return what the server says, where it runs."""
    from tora.cli.remote import connected

    answer: dict[str, Any] = {"running": False, "version": None, "user": None, "scope": None, "error": None}
    if settings.server_url is None and not rendezvous.is_held(settings.dir):
        return answer
    try:
        async with connected(settings) as server:
            answer["server"] = server.url
            health = await server.get("/health")
            answer |= {"running": True, "version": health.get("version")}
            who = await server.get("/session")
    except ToraError as exc:
        return answer | {"error": str(exc)}
    return answer | {"user": who.get("user"), "scope": who.get("scope")}


def _journals(settings: Settings) -> dict[str, Any]:
    from tora._async.adoption import look_around

    found = look_around(settings.dir)
    return {
        "left": len(found.orphans),
        "metrics": sum(orphan.waiting() for orphan in found.orphans),
        "inUse": found.busy,
        "unreadable": found.strange,
    }


def _say(found: dict[str, Any]) -> None:
    kind = "the local server" if found["isLocal"] else "server"
    if found["running"]:
        say(f"{kind}: {found['server']} (Tora {found['version']})")
    elif found["server"] is None:
        say("the local server: not running; it is started when it is needed")
    else:
        say(f"{kind}: {found['server']}")
    if found["user"] is not None:
        role = ", administrator" if found["user"].get("isAdmin") else ""
        say(f"you: {found['user']['name']}{role} (the key's scope is {found['scope']})")
    elif found["running"] and found["error"] is None:
        say("you: nobody; run `tora login`, or set TORA_API_KEY")
    if found["mode"] != "online":
        say(f"mode: {found['mode']} (TORA_MODE)")
    say(f"data folder: {found['dir']}", f"journals: {_waiting(found['journals'])}")
    for reason in found["journals"]["unreadable"]:
        note(f"skipped: {reason}")


def _waiting(journals: dict[str, Any]) -> str:
    theirs = f"{journals['inUse']} of running processes" if journals["inUse"] else ""
    if not journals["left"]:
        return f"nothing waits{f' ({theirs})' if theirs else ''}"
    left = f"{journals['metrics']:,} metrics wait in {journals['left']}, `tora sync` sends them"
    return f"{left} ({theirs} besides)" if theirs else left
