"""The settings of an account: its password and keys, and for administrators the users and the audit log."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, OpenPage
from tests.browser.people import PASSWORD, Team, team
from tests.support import http

WIDTHS: Final = {"wide": (1440, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A team's server with an administrator, which these tests share."""
    with team(tmp_path_factory.mktemp("office") / "data") as running:
        running.person("chief", is_admin=True)
        yield running


@pytest.fixture
def word() -> str:
    """A name that only one test has."""
    return f"p{uuid.uuid4().hex[:10]}"


def _status(office: Team, path: str, key: str) -> int:
    return http.request("GET", office.url + path, key=key).status


def _change_menu(page: Page, name: str, item: str) -> None:
    page.get_by_role("button", name=f"Change: {name}").click()
    page.get_by_role("button", name=item).click()


def test_a_key_is_made_shown_once_and_revoked(open_page: OpenPage, office: Team, word: str) -> None:
    """A key has the name, scope, workspace and end that were chosen; it works, is shown once, and ends when revoked."""
    user = office.person(word)
    workspace = office.workspace("Keyed", **{user: "editor"})
    page = office.open_as(open_page, word, "/settings?show=keys")
    expect(page.get_by_text("You have no key yet.")).to_be_visible()
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("laptop <b>")
    dialog.get_by_label("Scope").select_option("read")
    dialog.get_by_label("Workspace").select_option(label="Keyed")
    dialog.get_by_label("Expires").select_option("30")
    dialog.get_by_role("button", name="Make the key").click()
    key = dialog.get_by_label("The key laptop <b>", exact=True).input_value()
    assert key.startswith("tora_")
    assert _status(office, f"/experiments?workspace={workspace}", key) == 200
    (made,) = _keys(page)
    assert (made["scope"], made["workspaceId"]) == ("read", workspace)
    dialog.get_by_role("button", name="Done").click()
    row = page.locator("tbody tr")
    expect(row).to_contain_text("laptop <b>")
    expect(row).to_contain_text("Keyed")
    assert key not in page.content()
    page.reload()
    expect(row.get_by_role("cell").nth(5)).not_to_have_text("never")
    expect(row.get_by_role("cell").nth(6).locator("xpath=preceding-sibling::td[1]")).not_to_have_text("never")
    page.get_by_role("button", name="Revoke laptop <b>").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("You have no key yet.")).to_be_visible()
    assert _status(office, "/experiments", key) == 401


def _keys(page: Page) -> list[dict[str, str]]:
    found: list[dict[str, str]] = page.evaluate("fetch('/api-keys').then((a) => a.json()).then((a) => a.data.items)")
    return found


def test_a_password_is_changed(open_page: OpenPage, office: Team, word: str, complaints: Complaints) -> None:
    """It takes the password of now; after it this browser stays signed in, and the new one is the one."""
    complaints.expect("403 (Forbidden)")
    office.person(word)
    page = office.open_as(open_page, word, "/settings?show=account")
    form = page.get_by_role("form", name="Change the password")
    for current, said in (("wrong password", "current is not your password"), (PASSWORD, "")):
        form.get_by_label("Current password").fill(current)
        form.get_by_label("New password").fill("a fresh password")
        form.get_by_role("button").click()
        if said:
            expect(page.get_by_role("alert")).to_have_text(said)
    expect(page.locator(".toast")).to_contain_text("The password is changed.")
    page.reload()
    expect(page.get_by_role("button", name=f"Signed in as: {word}")).to_be_visible()
    office.ask("POST", "/session", {"name": word, "password": "a fresh password"}, key="")


def test_administrators_make_users(open_page: OpenPage, office: Team, word: str, complaints: Complaints) -> None:
    """A new user's link is shown once; the same name again is refused where it was typed."""
    complaints.expect("409 (Conflict)")
    page = office.open_as(open_page, "chief", "/settings?show=users")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(word)
    dialog.get_by_role("button", name="Make the user").click()
    link = dialog.get_by_label(f"Link for {word}", exact=True).input_value()
    assert re.fullmatch(re.escape(office.url) + r"/welcome#token=\S{20,}", link)
    dialog.get_by_role("button", name="Done").click()
    line = page.locator(".users li", has_text=word)
    expect(line).to_contain_text("no password yet")
    page.get_by_role("button", name="New user").click()
    dialog.get_by_label("Name").fill(word.upper())
    dialog.get_by_role("button", name="Make the user").click()
    expect(dialog.get_by_role("alert")).to_contain_text(word.upper())


def test_administrators_change_users(open_page: OpenPage, office: Team, word: str) -> None:
    """Users become administrators, are disabled and enabled, get a new link, and are deleted by their typed name."""
    office.person(word)
    page = office.open_as(open_page, "chief", "/settings?show=users")
    line = page.locator(".users li", has_text=word)
    _change_menu(page, word, "Make an administrator")
    expect(line).to_contain_text("administrator")
    _change_menu(page, word, "Make an ordinary user")
    expect(line).not_to_contain_text("administrator")
    _change_menu(page, word, "Disable")
    expect(line).to_contain_text("disabled")
    _change_menu(page, word, "Enable")
    expect(line).not_to_contain_text("disabled")
    _change_menu(page, word, "New link")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label(f"Link for {word}", exact=True)).to_have_value(re.compile("/welcome#token="))
    page.keyboard.press("Escape")
    _change_menu(page, word, "Delete")
    expect(dialog.get_by_role("button", name="Delete the user")).to_be_disabled()
    dialog.get_by_label("Type its name to confirm").fill(word)
    dialog.get_by_role("button", name="Delete the user").click()
    expect(line).to_have_count(0)
    expect(page.get_by_role("button", name="Change: chief")).to_have_count(0)
    expect(page.get_by_role("button", name="Change: owner")).to_have_count(0)


def test_the_audit_log_is_read_page_by_page(open_page: OpenPage, office: Team, word: str) -> None:
    """The log has who did what, the newest first, and older entries on demand."""
    for place in range(60):
        made = office.ask("POST", "/api-keys", {"name": f"{word} {place}"})
        office.ask("DELETE", f"/api-keys/{made['id']}")
    page = office.open_as(open_page, "chief", "/settings?show=audit")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(100)
    expect(rows.first).to_contain_text("session.start")
    page.get_by_role("button", name="Show older").click()
    expect(page.locator("tbody")).to_contain_text(f"name: {word} 0,")


def test_others_see_their_own_settings_alone(open_page: OpenPage, office: Team, word: str) -> None:
    """Whoever is no administrator has no users and no audit log, whatever the address says."""
    office.person(word)
    page = office.open_as(open_page, word, "/settings?show=users")
    links = page.get_by_role("navigation", name="Parts of the settings").get_by_role("link")
    expect(links).to_have_text(["General", "Account", "API keys"])
    expect(page.get_by_role("group", name="Theme")).to_be_visible()


def test_a_server_without_accounts_has_the_plain_settings(open_page: OpenPage) -> None:
    """On a server that lets everybody in there is the theme, the server, and the way to sign in."""
    page = open_page("/settings")
    expect(page.get_by_role("group", name="Theme")).to_be_visible()
    expect(page.get_by_role("navigation", name="Parts of the settings")).to_have_count(0)
    expect(page.get_by_role("link", name="Sign in")).to_have_attribute("href", "/login?next=%2Fsettings")


@pytest.mark.parametrize(("theme", "width"), [("light", "wide"), ("dark", "phone")])
def test_the_pages_look_as_they_should(
    open_page: OpenPage, office: Team, screenshots: Path, theme: Literal["light", "dark"], width: str
) -> None:
    """Each part of the settings and its dialogs fit the window, and their pictures are kept."""
    across, high = WIDTHS[width]
    if theme == "light" and width == "wide":
        office.ask("POST", "/users", {"name": "grace.hopper"})
    page = office.open_as(open_page, "chief", "/settings", width=across, height=high, color_scheme=theme)
    page.evaluate(
        "(name) => fetch('/api-keys', { method: 'POST', headers: { 'content-type': 'application/json' },"
        " body: JSON.stringify({ name, expires: '2199-01-01T00:00:00Z' }) })",
        f"gpu-box-{theme}-{width}",
    )
    for part, shows in {"account": "form", "keys": "tbody tr", "users": ".users li", "audit": "tbody tr"}.items():
        page.goto(f"/settings?show={part}")
        expect(page.locator(f"main {shows}").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.screenshot(path=screenshots / f"settings-{part}-{theme}-{width}.png")
    page.goto("/settings?show=keys")
    page.get_by_role("button", name="New key").click()
    page.screenshot(path=screenshots / f"settings-new-key-{theme}-{width}.png")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Signed in as: chief").click()
    page.screenshot(path=screenshots / f"menu-{theme}-{width}.png")
