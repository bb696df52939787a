"""Every page of the dashboard, in the states that people meet it in, filled with one set of experiments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen
from playwright.sync_api import Page, expect

from tests.browser import seeding
from tests.browser.people import Team
from tests.support import http
from tests.support.serving import Server
from tora import rendezvous

__all__ = ["OPENERS", "SURFACES", "Filled", "Surface", "fill", "open_surface", "opened", "people"]


OPENERS: Final = (
    "main button:is([aria-haspopup], [aria-expanded=false]):visible, main details:not([open]) > summary:visible"
)
"""What can be pressed without leaving the page and shows more of it."""

_OPEN: Final = "dialog[open], [role=dialog]:visible, [role=menu]:visible, [aria-expanded=true]"

# Fifty charts have fifty menus, of which one stands for all.
_KINDS: Final = """
(all) => {
  const kind = ({ tagName, className }) => `${tagName}.${className}`;
  return all.map((each) => `${kind(each)} in ${kind(each.parentElement)}`);
}
"""


@frozen
class Filled:
    """A server's address and the experiments on it, the newest last.

    Attributes:
        token: What signs a browser in as whoever has the data folder.
        workspace: The id of a workspace with an experiment, members and an invitation.
        invitation: The path of the invitation's page.
    """

    url: str
    ids: Sequence[str]
    token: str = ""
    workspace: str = ""
    invitation: str = ""


def fill(server: Server) -> Filled:
    """Fill a server with runs of every status, one of them with several writers, notes and a break, and with people."""
    server_url = server.url
    seeding.gallery(server_url)
    experiment = seeding.create(
        server_url,
        "rollouts",
        tags=["rl", "nightly"],
        hyperparams=dict(seeding.HYPERPARAMS),
        description="Two writers, one break.",
    )
    noted = http.request("PATCH", f"{server_url}/experiments/{experiment}", {"notes": "# Found\n\n- a [link](/e/x)"})
    if noted.status != 200:
        raise AssertionError(noted.body)
    reward = [math.nan if step == 7 else math.sqrt(step) for step in range(20)]
    for writer in ("actor-0", "actor-1"):
        body = {
            "logs": [{"name": "train/reward", "value": _sent(value), "step": at} for at, value in enumerate(reward)]
        }
        http.request("POST", f"{server_url}/experiments/{experiment}/logs/batch", body, writer=writer)
    printed = [("stdout", f"epoch {epoch}: loss \x1b[32m{1 / epoch:.4f}\x1b[0m") for epoch in range(1, 40)]
    seeding.tell(server_url, experiment, seeding.CONTEXT, [*printed, ("stderr", "UserWarning: the scheduler is late")])
    items = http.data(f"{server_url}/experiments?limit=50")["items"]
    workspace, invitation = people(server)
    token = rendezvous.opener(server.key)
    return Filled(server_url, [item["id"] for item in reversed(items)], token, workspace, invitation)


def people(server: Server, name: str = "Vision and language") -> tuple[str, str]:
    """Put a user, a key and a workspace with an experiment on a server; return its id and an invitation's path."""
    ask = Team(server).ask
    made = ask("POST", "/users", {"name": "grace.hopper"})
    ask("PATCH", f"/users/{made['id']}", {"disabled": True})
    ask("POST", "/api-keys", {"name": name, "scope": "read", "expires": "2199-01-01T00:00:00Z"})
    workspace = ask("POST", "/workspaces", {"name": name, "description": name})["id"]
    ask("PUT", f"/workspaces/{workspace}/members/{made['id']}", {"role": "viewer"})
    link: str = ask("POST", f"/workspaces/{workspace}/invitations", {})["link"]
    experiment = ask("POST", "/experiments", {"name": "a run of the team", "workspaceId": workspace})["id"]
    ask("POST", f"/experiments/{experiment}/shares")
    return workspace, link.removeprefix(server.url)


def _sent(value: float) -> float | str:
    return value if math.isfinite(value) else "NaN"


@frozen
class Surface:
    """A page in one state.

    Attributes:
        path: Its address, of the experiments that are there.
        shows: A selector of what is seen when the page is ready.
        then: What brings it into the state, once it is ready.
        complaint: What the browser rightly complains about.
        signed_in: The page is seen by whoever has the data folder; others by anybody.
    """

    path: Callable[[Filled], str]
    shows: str
    then: Callable[[Page], None] | None = None
    complaint: str = ""
    signed_in: bool = False


def open_surface(page: Page, surface: Surface, filled: Filled) -> None:
    """Lead a page to a surface and wait until it is ready."""
    if surface.signed_in:
        answer = page.context.request.post(f"{filled.url}/session", data={"token": filled.token})
        if not answer.ok:
            raise AssertionError(answer.text())
    # What follows a "#" would not be loaded anew.
    page.goto("about:blank")
    page.goto(filled.url + surface.path(filled))
    expect(page.locator(surface.shows).first).to_be_visible()
    if surface.then is not None:
        surface.then(page)


def opened(page: Page, surface: Surface, filled: Filled) -> Iterator[str]:
    """Open one of each kind of menu, panel and dialog of a surface, by itself; yield what kind it was."""
    open_surface(page, surface, filled)
    kinds: list[str] = page.locator(OPENERS).evaluate_all(_KINDS)
    for kind in dict.fromkeys(kinds):
        page.locator(OPENERS).nth(kinds.index(kind)).click()
        yield kind
        page.keyboard.press("Escape")
        # What the key does not close, or leaves another page, is loaded anew, which takes long.
        if page.locator(_OPEN).count() or page.locator(OPENERS).evaluate_all(_KINDS) != kinds:
            open_surface(page, surface, filled)


def _compared(filled: Filled) -> str:
    return f"/compare?ids={','.join(filled.ids[:5])}"


def _keys_shown(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def _pressed(name: str, opens: str = "dialog") -> Callable[[Page], None]:
    def press(page: Page) -> None:
        page.get_by_role("button", name=name).first.click()
        expect(page.locator(opens)).to_be_visible()

    return press


def _settings(part: str, shows: str, then: Callable[[Page], None] | None = None) -> Surface:
    return Surface(lambda _: f"/settings?show={part}", shows, then, signed_in=True)


def _team_experiment(filled: Filled) -> str:
    return f"/e/{filled.ids[-1]}"


SURFACES: Final[Mapping[str, Surface]] = {
    "list": Surface(lambda _: "/", "[data-id]"),
    "list, its keys": Surface(lambda _: "/", "[data-id]", _keys_shown),
    "list, nothing found": Surface(lambda _: "/?q=nothing-has-this", ".empty"),
    "list, a wrong filter": Surface(lambda _: "/?filter=lr+<", ".empty", complaint="400 (Bad Request)"),
    "experiment": Surface(lambda filled: f"/e/{filled.ids[-1]}", ".chart canvas"),
    "experiment, its keys": Surface(lambda filled: f"/e/{filled.ids[-1]}", ".chart canvas", _keys_shown),
    "experiment of one writer": Surface(lambda filled: f"/e/{filled.ids[0]}", ".chart canvas"),
    "experiment, its run": Surface(lambda filled: f"/e/{filled.ids[-1]}?show=run", ".run tbody tr"),
    "experiment, its console": Surface(lambda filled: f"/e/{filled.ids[-1]}?show=console", ".piece"),
    "experiment without a run": Surface(lambda filled: f"/e/{filled.ids[0]}?show=run", ".empty"),
    "experiment without a console": Surface(lambda filled: f"/e/{filled.ids[0]}?show=console", ".empty"),
    "experiment unknown": Surface(lambda _: "/e/unknown", ".empty", complaint="404 (Not Found)"),
    "compare": Surface(_compared, ".chart canvas"),
    "compare, differences": Surface(lambda filled: f"{_compared(filled)}&show=differences", "main table"),
    "compare, relations": Surface(
        lambda filled: f"{_compared(filled)}&show=relations", "main :is(canvas, svg:not([aria-hidden]))"
    ),
    "compare nothing": Surface(lambda _: "/compare", "main h1, main h2"),
    "settings": Surface(lambda _: "/settings", ".server dd"),
    "workspace unknown": Surface(lambda _: "/w/none", "main :is(.empty, .problem)", complaint="404 (Not Found)"),
    "sign in": Surface(lambda _: "/login", ".entry form"),
    "welcome": Surface(lambda _: "/welcome#token=x", ".entry form"),
    "welcome, incomplete": Surface(lambda _: "/welcome", ".entry"),
    "invitation": Surface(lambda filled: filled.invitation, ".entry form"),
    "invitation, with an account": Surface(lambda filled: filled.invitation, ".entry form", _pressed("I have", "form")),
    "invitation unknown": Surface(lambda _: "/join#token=x", ".entry .problem", complaint="401 (Unauthorized)"),
    "settings, account": _settings("account", ".account h2"),
    "settings, keys": _settings("keys", "tbody tr"),
    "settings, users": _settings("users", ".users li"),
    "settings, a user's menu": _settings("users", ".users li", _pressed("Change", ".users .menu ul")),
    "settings, audit": _settings("audit", "tbody tr"),
    "my own": Surface(lambda _: "/mine", ".list", signed_in=True),
    "menu of workspaces": Surface(lambda _: "/mine", ".list", _pressed("Workspace: ", ".switcher ul"), signed_in=True),
    "menu of the user": Surface(lambda _: "/mine", ".list", _pressed("Signed in as", ".user-menu ul"), signed_in=True),
    "workspace": Surface(lambda filled: f"/w/{filled.workspace}", "[data-id]", signed_in=True),
    "workspace, settings": Surface(lambda filled: f"/w/{filled.workspace}/settings", ".secret", signed_in=True),
    "experiment, shared": Surface(_team_experiment, ".chart canvas", _pressed("Share"), signed_in=True),
    "experiment, moved": Surface(_team_experiment, ".chart canvas", _pressed("Move"), signed_in=True),
    "no such page": Surface(lambda _: "/nowhere", ".empty", complaint="404 (Not Found)"),
}
