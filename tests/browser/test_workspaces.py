"""Workspaces: what they are called, members and invitations, moving experiments there, and sharing one by a link."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Complaints, OpenPage
from tests.browser.people import Team, team
from tests.support import http
from tests.support.polling import until

WIDTHS: Final = {"wide": (1440, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A team's server with three people, which these tests share."""
    with team(tmp_path_factory.mktemp("office") / "data") as running:
        for name in ("ada", "bob", "eve"):
            running.person(name)
        yield running


@pytest.fixture
def ids(office: Team) -> dict[str, str]:
    """The ids of the people by their names."""
    return {each["name"]: each["id"] for each in office.ask("GET", "/users")["items"]}


@pytest.fixture
def word() -> str:
    """A name that only one test has."""
    return f"w{uuid.uuid4().hex[:10]}"


def _known(office: Team, experiment: str) -> Any:
    return office.ask("GET", f"/experiments/{experiment}")


def test_a_workspace_is_made_and_described(open_page: OpenPage, office: Team, word: str) -> None:
    """The menu makes a workspace, its maker owns it, and what is changed of it shows everywhere at once."""
    page = office.open_as(open_page, "ada", "/")
    page.get_by_role("button", name="Workspace: All experiments").click()
    page.get_by_role("button", name="New workspace…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(word)
    dialog.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(r"/w/\w+/settings$"))
    expect(page.locator("h1")).to_have_text(word)
    expect(page.get_by_label("Role of ada")).to_have_value("owner")
    form = page.get_by_role("form", name="About the workspace")
    form.get_by_label("Name").fill(f"{word} renamed")
    form.get_by_label("Description").fill("Where it all is")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text(f"{word} renamed")
    page.get_by_role("button", name=f"Workspace: {word} renamed").click()
    page.get_by_role("link", name=f"{word} renamed", exact=True).click()
    expect(page.locator("h1")).to_have_text(f"{word} renamed")
    expect(page.get_by_text("Where it all is")).to_be_visible()
    expect(page.get_by_role("link", name="Members and settings")).to_be_visible()


def test_owners_manage_members(
    open_page: OpenPage, office: Team, ids: dict[str, str], word: str, complaints: Complaints
) -> None:
    """An owner changes roles and removes members; the last owner stays one, and is told why."""
    complaints.expect("409 (Conflict)")
    workspace = office.workspace(word, **{ids["ada"]: "owner", ids["bob"]: "viewer"})
    office.ask("DELETE", f"/workspaces/{workspace}/members/owner")
    page = office.open_as(open_page, "ada", f"/w/{workspace}/settings")
    page.get_by_label("Role of bob").select_option("editor")
    until(lambda: bool(page.evaluate("1")) and _roles(office, workspace)["bob"] == "editor", "bob an editor")
    page.get_by_label("Role of ada").select_option("viewer")
    expect(page.get_by_role("alert")).to_contain_text("owner")
    expect(page.get_by_label("Role of ada")).to_have_value("owner")
    page.get_by_role("button", name="Remove bob").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_label("Role of bob")).to_have_count(0)
    assert list(_roles(office, workspace)) == ["ada"]


def _roles(office: Team, workspace: str) -> dict[str, str]:
    return {one["name"]: one["role"] for one in office.ask("GET", f"/workspaces/{workspace}/members")["items"]}


def test_invitations_are_made_copied_and_withdrawn(
    open_page: OpenPage, office: Team, ids: dict[str, str], word: str
) -> None:
    """A link is made for a role and a time, can be copied, and opens nothing once it is withdrawn."""
    workspace = office.workspace(word, **{ids["ada"]: "owner"})
    page = office.open_as(
        open_page, "ada", f"/w/{workspace}/settings", permissions=["clipboard-read", "clipboard-write"]
    )
    form = page.get_by_role("form", name="Invite people")
    form.get_by_label("Role").select_option("viewer")
    form.get_by_label("Holds for").select_option("30")
    form.get_by_role("button", name="Make a link").click()
    field = page.get_by_label("Invitation 1", exact=True)
    expect(field).to_have_value(re.compile("/join#token=ti_"))
    page.get_by_role("button", name="Copy: Invitation 1").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == field.input_value()
    token = link.partition("#token=")[2]
    assert office.ask("POST", "/invitations", {"token": token}, key="")["role"] == "viewer"
    page.get_by_role("button", name="Withdraw invitation 1").click()
    expect(field).to_have_count(0)
    assert http.request("POST", f"{office.url}/invitations", {"token": token}).status == 401


def test_members_who_do_not_own_may_look_and_leave(
    open_page: OpenPage, office: Team, ids: dict[str, str], word: str
) -> None:
    """A viewer sees who is there, finds nothing to change on the pages, and can leave."""
    workspace = office.workspace(word, **{ids["eve"]: "viewer"})
    experiment = office.experiment("to look at", workspace)
    page = office.open_as(open_page, "eve", f"/w/{workspace}/settings")
    members = page.get_by_role("region", name="Members")
    expect(members.get_by_text("eve")).to_be_visible()
    for name in ("Save", "Make a link", "Delete the workspace…"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("combobox")).to_have_count(0)
    page.goto(f"/e/{experiment}")
    expect(page.locator("h1")).to_have_text("to look at")
    expect(page.get_by_role("link", name=word)).to_be_visible()
    for name in ("Rename", "Delete", "Move", "Share", "Edit the notes"):
        expect(page.get_by_role("main").get_by_role("button", name=name, exact=True)).to_have_count(0)
    page.goto(f"/w/{workspace}")
    page.get_by_label("Select to look at", exact=True).check()
    bar = page.get_by_role("group", name="Selected experiments")
    expect(bar.get_by_role("button")).to_have_text(["Clear"])
    page.goto(f"/w/{workspace}/settings")
    page.get_by_role("button", name="Leave the workspace").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave", exact=True).click()
    expect(page.locator(".toast")).to_contain_text(f"You have left “{word}”.")
    assert "eve" not in _roles(office, workspace)


def test_a_workspace_is_deleted_once_its_name_is_typed(
    open_page: OpenPage, office: Team, ids: dict[str, str], word: str
) -> None:
    """The button waits for the name; the experiments outlive the workspace."""
    workspace = office.workspace(word, **{ids["ada"]: "owner"})
    experiment = office.experiment("outlives", workspace)
    page = office.open_as(open_page, "ada", f"/w/{workspace}/settings")
    page.get_by_role("button", name="Delete the workspace…").click()
    dialog = page.get_by_role("dialog")
    delete = dialog.get_by_role("button", name="Delete the workspace")
    expect(delete).to_be_disabled()
    dialog.get_by_label("Type its name to confirm").fill(word)
    delete.click()
    expect(page.locator(".toast")).to_contain_text("was deleted")
    expect(page).to_have_url(f"{office.url}/")
    assert _known(office, experiment)["workspaceId"] is None


def test_an_experiment_is_moved_and_moved_back(
    open_page: OpenPage, office: Team, ids: dict[str, str], word: str
) -> None:
    """The experiment's page moves it to a workspace that the reader may write to; undo moves it back."""
    one, other = (office.workspace(f"{word} {each}", **{ids["ada"]: "editor"}) for each in ("one", "other"))
    office.workspace(f"{word} to read", **{ids["ada"]: "viewer"})
    experiment = office.experiment("wanders", one)
    page = office.open_as(open_page, "ada", f"/e/{experiment}")
    page.get_by_role("button", name="Move", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label(f"{word} other")).to_be_visible()
    expect(dialog.get_by_label(f"{word} to read")).to_have_count(0)
    expect(dialog.get_by_label(f"{word} one")).to_have_count(0)
    dialog.get_by_label(f"{word} other").check()
    dialog.get_by_role("button", name="Move").click()
    expect(page.locator(".toast")).to_contain_text(f"Moved to “{word} other”.")
    expect(page.locator(".facts").get_by_role("link", name=f"{word} other")).to_be_visible()
    assert _known(office, experiment)["workspaceId"] == other
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".facts").get_by_role("link", name=f"{word} one")).to_be_visible()
    assert _known(office, experiment)["workspaceId"] == one


def test_many_are_moved_from_the_list(open_page: OpenPage, office: Team, ids: dict[str, str], word: str) -> None:
    """Selected experiments leave the list of a workspace for another; undo brings them back."""
    here, there = (office.workspace(f"{word} {each}", **{ids["ada"]: "editor"}) for each in ("here", "there"))
    made = [office.experiment(f"run {place}", here) for place in range(3)]
    page = office.open_as(open_page, "ada", f"/w/{here}")
    expect(page.locator("tbody tr")).to_have_count(3)
    for place in (0, 1):
        page.get_by_label(f"Select run {place}", exact=True).check()
    page.get_by_role("group", name="Selected experiments").get_by_role("button", name="Move").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(f"{word} there").check()
    dialog.get_by_role("button", name="Move").click()
    expect(page.locator(".toast")).to_contain_text(f"2 experiments moved to “{word} there”.")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert [_known(office, each)["workspaceId"] for each in made] == [there, there, here]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    assert {_known(office, each)["workspaceId"] for each in made} == {here}


def test_ones_own_are_listed_apart(open_page: OpenPage, office: Team, word: str) -> None:
    """The list of all has what one may see, the list of one's own what one made outside of workspaces."""
    workspace = office.workspace(word, **{office.person(word): "editor"})
    office.experiment(f"{word} the team's", workspace)
    office.experiment(f"{word} somebody else's")
    page = office.open_as(open_page, word, "/health")
    made = page.context.request.post(f"{office.url}/experiments", data={"name": f"{word} one's own"})
    assert made.ok
    page.goto("/")
    names = page.locator("tbody .of-name")
    expect(names).to_have_text([f"{word} one's own", f"{word} the team's"])
    page.get_by_role("button", name="Workspace: All experiments").click()
    page.get_by_role("link", name="My own experiments").click()
    expect(page.locator("h1")).to_have_text("My own experiments")
    expect(names).to_have_text([f"{word} one's own"])


def test_an_experiment_is_shared_and_no_longer(
    open_page: OpenPage, office: Team, ids: dict[str, str], word: str
) -> None:
    """A link is made and revoked on the experiment's page; while it stands anybody reads that experiment."""
    workspace = office.workspace(word, **{ids["bob"]: "editor"})
    experiment = office.experiment("to show", workspace)
    page = office.open_as(open_page, "bob", f"/e/{experiment}")
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It is shared with nobody yet.")).to_be_visible()
    dialog.get_by_role("button", name="Make a link").click()
    field = dialog.get_by_label("Link 1", exact=True)
    expect(field).to_have_value(re.compile(rf"/shared#token=ts_\S+&to=/e/{experiment}$"))
    token = field.input_value().partition("#token=")[2].partition("&")[0]
    assert office.ask("POST", "/session", {"token": token}, key="")["shared"] == [experiment]
    dialog.get_by_role("button", name="Revoke link 1").click()
    expect(dialog.get_by_text("It is shared with nobody yet.")).to_be_visible()
    assert http.request("POST", f"{office.url}/session", {"token": token}).status == 401


def test_a_workspace_of_others_is_as_if_it_were_not(
    open_page: OpenPage, office: Team, word: str, complaints: Complaints
) -> None:
    """Somebody who is no member learns neither the name nor that there is such a workspace."""
    complaints.expect("404 (Not Found)")
    workspace = office.workspace(word)
    page = office.open_as(open_page, "eve", f"/w/{workspace}/settings")
    expect(page.get_by_role("heading", name="No such workspace")).to_be_visible()
    page.goto(f"/w/{workspace}")
    expect(page.get_by_role("heading", name="No such workspace")).to_be_visible()
    assert word not in page.content()


@pytest.mark.parametrize(("theme", "width"), [("light", "wide"), ("dark", "phone")])
def test_the_pages_look_as_they_should(
    open_page: OpenPage,
    office: Team,
    ids: dict[str, str],
    screenshots: Path,
    theme: Literal["light", "dark"],
    width: str,
) -> None:
    """A workspace's list, settings, an experiment and their dialogs fit the window, and their pictures are kept."""
    across, high = WIDTHS[width]
    roles = {ids["ada"]: "owner", ids["bob"]: "editor", ids["eve"]: "viewer"}
    workspace = office.workspace("Vision and language", **roles)
    office.ask("PATCH", f"/workspaces/{workspace}", {"description": "What the reading group tries on weekends"})
    office.ask("POST", f"/workspaces/{workspace}/invitations", {"role": "viewer"})
    experiment = office.experiment("resnet-50 baseline", workspace)
    office.ask("POST", f"/experiments/{experiment}/shares")
    page = office.open_as(open_page, "ada", f"/w/{workspace}", width=across, height=high, color_scheme=theme)

    def keep(name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.screenshot(path=screenshots / f"{name}-{theme}-{width}.png")

    expect(page.locator("tbody tr")).to_have_count(1)
    keep("workspace")
    page.get_by_label("Select resnet-50 baseline").check()
    page.get_by_role("button", name="Workspace: Vision and language").click()
    keep("workspace-menu")
    page.goto(f"/w/{workspace}/settings")
    expect(page.get_by_label("Invitation 1", exact=True)).to_be_visible()
    page.screenshot(path=screenshots / f"workspace-settings-{theme}-{width}.png", full_page=True)
    keep("workspace-settings-top")
    page.goto(f"/e/{experiment}")
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_label("Link 1", exact=True)).to_be_visible()
    keep("share")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Move", exact=True).click()
    keep("move")
