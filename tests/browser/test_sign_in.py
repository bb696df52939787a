"""Getting in: passwords, one-time links, invitations, shared experiments, and the address of a local server."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, OpenPage
from tests.browser.people import PASSWORD, Team, team
from tests.support import http
from tests.support.serving import Server, serving
from tora import rendezvous

WIDTHS: Final = {"wide": (1440, 900), "phone": (390, 844)}
REFUSED: Final = "401 (Unauthorized)"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A team's server that these tests share."""
    with team(tmp_path_factory.mktemp("office") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A person's own server, as clients start it."""
    with serving(tmp_path_factory.mktemp("local") / "data", "--local", anonymous=False) as running:
        yield running


@pytest.fixture
def word() -> str:
    """A name that only one test has."""
    return f"p{uuid.uuid4().hex[:10]}"


def _fill(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(password)


def _press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def test_whoever_is_not_signed_in_is_led_to_sign_in_and_back(
    open_page: OpenPage, office: Team, complaints: Complaints, word: str
) -> None:
    """A page that takes an account leads to the form, which tells a wrong password and then leads back to the page."""
    complaints.expect(REFUSED)
    office.person(word)
    workspace = office.workspace("Led back")
    experiment = office.experiment("for members", workspace)
    office.ask("PUT", f"/workspaces/{workspace}/members/{_id_of(office, word)}", {"role": "viewer"})
    page = open_page(f"/e/{experiment}?show=results", server_url=office.url)
    expect(page).to_have_url(re.compile(r"/login\?next="))
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("autocomplete", "username")
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("autocomplete", "current-password")
    _fill(page, word, "not the password")
    _press(page, "Sign in")
    expect(page.get_by_role("alert")).to_have_text("there is no account of that name and password")
    _fill(page, word, PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{office.url}/e/{experiment}?show=results")
    expect(page.locator("h1")).to_have_text("for members")
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


def _id_of(office: Team, name: str) -> str:
    found: str = next(each["id"] for each in office.ask("GET", "/users")["items"] if each["name"] == name)
    return found


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(open_page: OpenPage, office: Team, word: str, elsewhere: str) -> None:
    """An address that asks to be led to another server after signing in is led to the first page of this one."""
    office.person(word)
    page = office.open_as(open_page, word, f"/login?next={quote(elsewhere, safe='')}")
    expect(page).to_have_url(f"{office.url}/")


def test_too_many_tries_have_to_wait(open_page: OpenPage, tmp_path: Path, complaints: Complaints) -> None:
    """After some wrong passwords the form says for how many seconds to wait."""
    complaints.expect(REFUSED)
    complaints.expect("429 (Too Many Requests)")
    with team(tmp_path / "data") as own:
        page = open_page("/login", server_url=own.url)
        _fill(page, "nobody", "wrong")
        alert = page.get_by_role("alert")
        for _ in range(12):
            _press(page, "Sign in")
            expect(page.get_by_role("main").get_by_role("button", name="Sign in")).to_be_enabled()
            expect(alert).to_be_visible()
            if "too many" in alert.inner_text():
                break
        expect(alert).to_have_text(re.compile(r"too many failed attempts; try again in \d+ s"))


def test_signing_out_leaves_nothing(open_page: OpenPage, office: Team, word: str, complaints: Complaints) -> None:
    """The menu says who is signed in; after signing out pages ask again, and the browser has kept only the theme."""
    complaints.expect(REFUSED)
    office.person(word)
    page = office.open_as(open_page, word, "/")
    expect(page.get_by_role("heading", name="No experiments yet")).to_be_visible()
    page.evaluate("localStorage.setItem('tora.view', 'q=secret'); localStorage.setItem('tora.theme', 'dark')")
    page.get_by_role("button", name=f"Signed in as: {word}").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{office.url}/login")
    assert page.evaluate("Object.keys(localStorage)") == ["tora.theme"]
    page.goto("/")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_signing_out_does_first_what_could_be_undone(open_page: OpenPage, office: Team, word: str) -> None:
    """An experiment whose deletion still waits for an undo is deleted before its owner is signed out."""
    office.person(word)
    page = office.open_as(open_page, word, "/health")
    answer = page.context.request.post(f"{office.url}/experiments", data={"name": word})
    experiment = answer.json()["data"]["id"]
    page.goto(f"/e/{experiment}")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name=f"Signed in as: {word}").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{office.url}/login")
    assert http.request("GET", f"{office.url}/experiments/{experiment}", key=office.server.key).status == 404


def test_a_one_time_link_sets_a_password_once(
    open_page: OpenPage, office: Team, word: str, complaints: Complaints
) -> None:
    """The link of a new user lets them choose a password and in, and nobody in after that."""
    complaints.expect(REFUSED)
    complaints.expect("400 (Bad Request)")
    link = office.ask("POST", "/users", {"name": word})["link"]
    page = open_page(link.removeprefix(office.url), server_url=office.url)
    field = page.get_by_label("Password", exact=True)
    expect(field).to_have_attribute("autocomplete", "new-password")
    page.evaluate("document.querySelector('[name=password]').removeAttribute('minlength')")
    field.fill("short")
    _press(page, "Set the password and sign in")
    expect(page.get_by_role("alert")).to_contain_text("password must have 10 to 1,000 characters")
    page.get_by_label("Show the password").check()
    expect(field).to_have_attribute("type", "text")
    field.fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{office.url}/")
    expect(page.get_by_role("button", name=f"Signed in as: {word}")).to_be_visible()
    page.goto(link)
    page.get_by_label("Password", exact=True).fill("another password")
    _press(page, "Set the password and sign in")
    expect(page.get_by_role("alert")).to_contain_text("this link was used")


def test_a_link_that_lost_its_end_says_so(open_page: OpenPage, office: Team) -> None:
    """Where a mail cut the link the page says that it is not whole."""
    page = open_page("/welcome", server_url=office.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link is not complete")


def test_the_first_start_prints_the_administrators_link(open_page: OpenPage, office: Team) -> None:
    """What the server printed leads to the page on which the first administrator chooses a password."""
    page = open_page(office.welcome().removeprefix(office.url), server_url=office.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Tora")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_an_invitation_makes_an_account(open_page: OpenPage, office: Team, word: str) -> None:
    """Somebody new is told what the link is for, makes an account, and is in the workspace."""
    workspace = office.workspace(f"Lab {word}")
    link = office.ask("POST", f"/workspaces/{workspace}/invitations", {"role": "viewer"})["link"]
    page = open_page(link.removeprefix(office.url), server_url=office.url)
    expect(page.get_by_role("main")).to_contain_text(f"To join the workspace Lab {word} as a viewer.")
    _fill(page, word, PASSWORD)
    _press(page, "Make an account and join")
    expect(page).to_have_url(f"{office.url}/w/{workspace}")
    expect(page.locator("h1")).to_have_text(f"Lab {word}")
    members = office.ask("GET", f"/workspaces/{workspace}/members")["items"]
    assert {"name": word, "role": "viewer"} in [{"name": one["name"], "role": one["role"]} for one in members]


def test_an_invitation_takes_those_who_have_an_account(open_page: OpenPage, office: Team, word: str) -> None:
    """Somebody with an account signs in on the page of the invitation and joins with one more press."""
    office.person(word)
    workspace = office.workspace(f"Lab {word}")
    link = office.ask("POST", f"/workspaces/{workspace}/invitations", {"role": "editor"})["link"]
    page = open_page(link.removeprefix(office.url), server_url=office.url)
    page.get_by_role("button", name="I have an account").click()
    _fill(page, word, PASSWORD)
    _press(page, "Sign in")
    expect(page.get_by_role("main")).to_contain_text(f"You are signed in as {word}.")
    _press(page, "Join")
    expect(page.locator("h1")).to_have_text(f"Lab {word}")


def test_an_invitation_that_was_withdrawn_says_so(open_page: OpenPage, office: Team, complaints: Complaints) -> None:
    """A link that no longer holds leads to a page that says what to do."""
    complaints.expect(REFUSED)
    page = open_page("/join#token=ti_none", server_url=office.url)
    expect(page.get_by_role("alert")).to_have_text("this invitation was withdrawn or has expired; ask for another")


def test_a_shared_link_lets_read_and_no_more(
    open_page: OpenPage, office: Team, complaints: Complaints, screenshots: Path
) -> None:
    """Without an account the link shows the experiment with nothing to change, and once revoked it shows nothing."""
    complaints.expect(REFUSED)
    experiment = office.experiment("shared with the world")
    share = office.ask("POST", f"/experiments/{experiment}/shares")
    page = open_page(share["link"].removeprefix(office.url), server_url=office.url)
    expect(page).to_have_url(f"{office.url}/e/{experiment}")
    expect(page.locator(".chart canvas").first).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    main = page.get_by_role("main")
    for name in ("Rename", "Archive", "Delete", "Move", "Share", "Edit the notes", "Add a description", "Tag"):
        expect(main.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(main.get_by_role("link", name="Compare")).to_be_visible()
    page.screenshot(path=screenshots / "shared-wide.png")
    office.ask("DELETE", f"/experiments/{experiment}/shares/{share['id']}")
    page.reload()
    expect(page).to_have_url(re.compile("/login"))
    page.goto(share["link"])
    expect(page.get_by_role("alert")).to_contain_text("it may have been revoked")


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/"])
def test_a_shared_link_leads_nowhere_else(open_page: OpenPage, office: Team, to: str) -> None:
    """A link that was made up to lead to another server leads to the first page of this one."""
    experiment = office.experiment("lure")
    token = office.ask("POST", f"/experiments/{experiment}/shares")["link"].partition("#token=")[2].partition("&")[0]
    page = open_page(f"/shared#token={token}&to={to}", server_url=office.url)
    expect(page).to_have_url(f"{office.url}/")


def test_a_printed_address_opens_the_local_server(open_page: OpenPage, local: Server) -> None:
    """The fragment of a printed address lets the browser in before anything is asked, and is gone from the address."""
    asked: list[str] = []
    page = open_page("/favicon.svg", server_url=local.url)
    page.on("request", lambda request: asked.append(f"{request.method} {request.url.removeprefix(local.url)}"))
    page.goto(f"/?q=x#token={rendezvous.opener(local.key)}")
    expect(page.locator("h1")).to_have_text("Experiments")
    assert page.url == f"{local.url}/?q=x"
    assert [each for each in asked if "/static/" not in each][1] == "POST /session"
    assert not any("token" in each for each in asked)
    page.goto("/settings")
    expect(page.get_by_text("local", exact=True)).to_be_visible()
    expect(page.locator(".user-menu")).to_have_count(0)
    expect(page.get_by_role("link", name="Users")).to_have_count(0)


@pytest.mark.parametrize("fragment", ["", "#token=to_wrong"])
def test_a_local_server_says_how_to_get_in(
    open_page: OpenPage, local: Server, complaints: Complaints, fragment: str
) -> None:
    """Without the address, or with one of another folder, the page names the command that prints the right one."""
    complaints.expect(REFUSED)
    page = open_page(f"/settings?show=keys{fragment}" if fragment else "/", server_url=local.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("This server is its user's own")
    expect(page.locator(".command")).to_have_text("tora ui")
    expect(page.get_by_role("alert")).to_have_count(1 if fragment else 0)


@pytest.mark.parametrize(("theme", "width"), [("light", "wide"), ("dark", "phone")])
def test_the_pages_look_as_they_should(
    open_page: OpenPage, office: Team, screenshots: Path, theme: Literal["light", "dark"], width: str
) -> None:
    """The pages by which people get in fit the window, and their pictures are kept."""
    across, high = WIDTHS[width]
    workspace = office.workspace("Vision and language")
    link = office.ask("POST", f"/workspaces/{workspace}/invitations", {"role": "editor"})["link"]
    page = open_page("/login", server_url=office.url, width=across, height=high, color_scheme=theme)
    for name, path in {"login": "/login", "welcome": "/welcome#token=x", "join": link}.items():
        page.goto("about:blank")
        page.goto(path)
        expect(page.locator(".entry form")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.screenshot(path=screenshots / f"{name}-{theme}-{width}.png")
