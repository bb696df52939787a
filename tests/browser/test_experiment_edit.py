"""What people change on an experiment's page: name, tags, notes, archive, deletion."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser import seeding
from tests.browser.conftest import Complaints, OpenPage
from tests.support import http
from tests.support.polling import until
from tests.support.serving import Server

HOSTILE_NOTES = """# <img src=x onerror="window.ran = 1">

<script>window.ran = 2</script>

[click](javascript:window.ran=3) [safe](https://a.example/page)

![a curve](https://a.example/curve.png)

<style>body { display: none }</style><div style="position:fixed;inset:0">over all</div>
"""


def _stored(server: Server, experiment: str) -> Any:
    return http.data(f"{server.url}/experiments/{experiment}")


def _patch(server: Server, experiment: str, **changes: Any) -> None:
    assert http.request("PATCH", f"{server.url}/experiments/{experiment}", changes).status == 200


def _editor(page: Page) -> Page:
    page.get_by_role("button", name="Edit the notes").click()
    expect(page.get_by_role("dialog", name="Notes")).to_be_visible()
    return page


def test_the_name_is_changed_where_it_stands(open_page: OpenPage, server: Server) -> None:
    """Enter saves the new name, Escape leaves the old one, and a refusal is said."""
    experiment = seeding.create(server.url, "first name")
    page = open_page(f"/e/{experiment}")
    page.get_by_role("button", name="Rename").click()
    page.keyboard.type("second name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("second name")
    assert _stored(server, experiment)["name"] == "second name"
    expect(page).to_have_title("second name · Tora")
    page.get_by_role("button", name="Rename").click()
    page.keyboard.type("third")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("second name")
    expect(page.get_by_role("button", name="Rename")).to_be_focused()


def test_a_name_is_typed_while_points_arrive(open_page: OpenPage, server: Server) -> None:
    """What is in the field stays when the page of a run that goes on is drawn again."""
    experiment = seeding.create(server.url, "still running")
    seeding.log(server.url, experiment, {"loss": [(1, 0.5)]})
    page = open_page(f"/e/{experiment}")
    page.get_by_role("button", name="Rename").click()
    field = page.get_by_role("textbox", name="Name")
    expect(field).to_be_focused()
    page.keyboard.type("typed ")
    _patch(server, experiment, tags=["drawn", "again"])
    seeding.log(server.url, experiment, {"loss": [(2, 0.25)]})
    expect(page.locator(".experiment-head .tag")).to_have_text(["drawn", "again"])
    expect(field).to_have_value("typed ")
    page.keyboard.type("to the end")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("typed to the end")


def test_tags_are_added_and_removed(open_page: OpenPage, server: Server) -> None:
    """A field takes tags one by one or with commas between, and each tag has a button that removes it."""
    experiment = seeding.create(server.url, "tagged", tags=["old"])
    page = open_page(f"/e/{experiment}")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.keyboard.type("new, two words, old")
    page.keyboard.press("Enter")
    tags = page.locator(".experiment-head .tag")
    expect(tags).to_have_text(["old", "new", "two words"])
    page.get_by_role("button", name="Remove the tag old").click()
    expect(tags).to_have_text(["new", "two words"])
    assert _stored(server, experiment)["tags"] == ["new", "two words"]


def test_a_refused_tag_is_said(open_page: OpenPage, server: Server, complaints: Complaints) -> None:
    """What the server does not take stands beside the tags with its reason, and the tags stay as they were."""
    complaints.expect("400 (Bad Request)")
    experiment = seeding.create(server.url, "refused", tags=["old"])
    page = open_page(f"/e/{experiment}")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("New tag").fill("x" * 300)
    page.keyboard.press("Enter")
    expect(page.locator(".tags-editor").get_by_role("alert")).to_contain_text("tag")
    expect(page.locator(".experiment-head .tag")).to_have_text(["old"])


def test_notes_are_written_with_a_preview(open_page: OpenPage, server: Server) -> None:
    """The editor opens by key, shows the text formatted while it is typed, and saves by Ctrl and Enter."""
    experiment = seeding.create(server.url, "noted")
    page = open_page(f"/e/{experiment}")
    expect(page.get_by_role("heading", name="Notes")).to_be_visible()
    page.keyboard.press("e")
    page.keyboard.type("# Found\n\nIt is **good**.")
    dialog = page.get_by_role("dialog", name="Notes")
    expect(dialog.locator(".preview h3")).to_have_text("Found")
    expect(dialog.locator(".preview strong")).to_have_text("good")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator(".notes .markdown h3")).to_have_text("Found")
    assert _stored(server, experiment)["notes"] == "# Found\n\nIt is **good**."


def test_the_description_is_edited_too(open_page: OpenPage, server: Server) -> None:
    """A description can be added where there is none, and is formatted like notes."""
    experiment = seeding.create(server.url, "described")
    page = open_page(f"/e/{experiment}")
    page.get_by_role("button", name="Add a description").click()
    page.keyboard.type("Why *this* run.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".description em")).to_have_text("this")
    assert _stored(server, experiment)["description"] == "Why *this* run."


def test_a_text_that_changed_meanwhile_is_not_overwritten(open_page: OpenPage, server: Server) -> None:
    """Whoever edits is told that somebody else saved, and chooses whose text stays."""
    experiment = seeding.create(server.url, "both edit")
    _patch(server, experiment, notes="before")
    page = _editor(open_page(f"/e/{experiment}"))
    page.keyboard.type(", mine")
    _patch(server, experiment, notes="theirs")
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name="Notes")
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody changed this text")
    assert _stored(server, experiment)["notes"] == "theirs"
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_role("button", name="Go on with mine").click()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert _stored(server, experiment)["notes"] == "before, mine"


def test_their_text_can_be_taken(open_page: OpenPage, server: Server) -> None:
    """The other's text comes into the editor by a button, and nothing is left to save."""
    experiment = seeding.create(server.url, "theirs")
    _patch(server, experiment, notes="before")
    page = _editor(open_page(f"/e/{experiment}"))
    page.keyboard.type(", mine")
    _patch(server, experiment, notes="theirs")
    page.get_by_role("button", name="Take theirs").click()
    expect(page.get_by_label("Notes in Markdown")).to_have_value("theirs")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_count(0)


def test_an_unsaved_text_is_kept_as_a_draft(open_page: OpenPage, server: Server) -> None:
    """Leaving the editor, or the page, loses nothing that was typed; discarding does."""
    experiment = seeding.create(server.url, "draft")
    page = _editor(open_page(f"/e/{experiment}"))
    page.keyboard.type("half a thou")
    page.keyboard.press("Escape")
    expect(page.locator(".draft-note")).to_be_visible()
    page.reload()
    _editor(page)
    expect(page.get_by_label("Notes in Markdown")).to_have_value("half a thou")
    page.get_by_role("button", name="Discard").click()
    expect(page.locator(".draft-note")).to_have_count(0)
    assert not _stored(server, experiment)["notes"]


def test_hostile_notes_are_shown_and_do_nothing(open_page: OpenPage, server: Server) -> None:
    """Notes full of HTML and script are text; links lead to the web alone, images are links."""
    experiment = seeding.create(server.url, "hostile notes", description=HOSTILE_NOTES)
    _patch(server, experiment, notes=HOSTILE_NOTES)
    page = open_page(f"/e/{experiment}")
    notes = page.locator(".notes .markdown")
    expect(notes.get_by_role("link", name="safe")).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(notes).to_contain_text("<script>window.ran = 2</script>")
    expect(notes.get_by_role("link", name="a curve")).to_have_attribute("href", "https://a.example/curve.png")
    expect(notes.locator("img, script, style, [style], [onerror], [href^='javascript']")).to_have_count(0)
    expect(page.locator(".description img")).to_have_count(0)
    assert page.evaluate("window.ran === undefined")


def test_archiving_can_be_undone(open_page: OpenPage, server: Server) -> None:
    """An archived experiment says so, and a message offers the way back."""
    experiment = seeding.create(server.url, "archived by hand")
    page = open_page(f"/e/{experiment}")
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.locator(".experiment-head .badge")).to_have_text("archived")
    assert _stored(server, experiment)["archived"] is True
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".experiment-head .badge")).to_have_count(0)
    until(lambda: _stored(server, experiment)["archived"] is False, "experiment that is no longer archived")


def _delete(page: Page) -> None:
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Experiments")


def test_deletion_asks_once_and_can_be_undone(open_page: OpenPage, server: Server) -> None:
    """A deleted experiment is gone from the list at once; undone in time, the server never deleted it."""
    experiment = seeding.create(server.url, "deleted by mistake")
    page = open_page(f"/e/{experiment}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    _delete(page)
    row = page.locator(f"[data-id='{experiment}']")
    expect(page.locator("[data-id]").first).to_be_visible()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
    assert _stored(server, experiment)["name"] == "deleted by mistake"


def test_what_is_not_undone_is_deleted(open_page: OpenPage, server: Server) -> None:
    """When the message goes, the experiment goes from the server."""
    experiment = seeding.create(server.url, "deleted")
    page = open_page(f"/e/{experiment}")
    _delete(page)
    page.get_by_role("button", name="Dismiss").click()
    until(lambda: http.request("GET", f"{server.url}/experiments/{experiment}").status == 404, "deleted experiment")
