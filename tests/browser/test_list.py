"""The page of all experiments."""

from __future__ import annotations

import re
import uuid

from playwright.sync_api import expect

from tests.browser import seeding
from tests.browser.conftest import Complaints, OpenPage
from tests.support.serving import Server


def _word() -> str:
    return f"w{uuid.uuid4().hex[:10]}"


def test_a_row_says_what_an_experiment_is(open_page: OpenPage, server: Server) -> None:
    """A row shows status, name, tags, the latest value and when it was created, the exact time on hover."""
    word = _word()
    experiment = seeding.create(server.url, word, tags=["one", "two"])
    seeding.log(server.url, experiment, {"loss": seeding.steps([2.0, 1.0, 0.123456])})
    seeding.finish(server.url, experiment, "failed")
    address = f"/?q={word}&column=status&column=name&column=tags&column=metric:loss:last&column=created"
    row = open_page(address).locator(f"tr[data-id='{experiment}']")
    expect(row.get_by_role("link", name=word)).to_have_attribute("href", f"/e/{experiment}")
    expect(row.locator(".status")).to_have_text("failed")
    expect(row.locator(".tag")).to_have_text(["one", "two"])
    expect(row.locator("td.of-metric")).to_have_text("0.1235")
    expect(row.locator("time")).to_have_attribute("title", re.compile(r"\d{4}"))


def test_search_narrows_the_list_and_stays_in_the_address(open_page: OpenPage, server: Server) -> None:
    """What is typed is looked for by the server, and the address keeps it for a reload."""
    word = _word()
    mine = seeding.create(server.url, f"{word} alpha")
    seeding.create(server.url, f"{word} beta")
    page = open_page("/")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    search.press_sequentially(f"{word} al")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_have_attribute("data-id", mine)
    expect(page).to_have_url(re.compile(rf"\?q={word}"))
    page.reload()
    expect(search).to_have_value(f"{word} al")
    expect(rows).to_have_count(1)


def test_typing_is_not_disturbed_by_the_list(open_page: OpenPage, server: Server) -> None:
    """Spaces and slow letters stay in the field while the list is searched and kept current."""
    word = _word()
    mine = seeding.create(server.url, f"{word} one two")
    page = open_page("/")
    search = page.get_by_role("searchbox")
    search.fill(f"{word} one ")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_have_attribute("data-id", mine)
    with page.expect_response(lambda response: "/experiments?" in response.url):
        search.press_sequentially("t")
    expect(search).to_have_value(f"{word} one t")


def test_a_search_without_a_find_can_be_cleared(open_page: OpenPage, server: Server) -> None:
    """Nothing found is said, and one button leads back to the list."""
    seeding.create(server.url, "there is one")
    page = open_page("/?q=nobody-has-this-name")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_role("button", name="Clear the search").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_new_experiments_appear_by_themselves(open_page: OpenPage, server: Server) -> None:
    """An experiment that starts while the list is open comes into it, and its status changes there."""
    word = _word()
    page = open_page(f"/?q={word}")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    experiment = seeding.create(server.url, word)
    expect(page.locator(f"tr[data-id='{experiment}'] .status")).to_have_text("running", timeout=15_000)
    seeding.finish(server.url, experiment, "stopped")
    expect(page.locator(f"tr[data-id='{experiment}'] .status")).to_have_text("stopped", timeout=15_000)


def test_names_and_tags_are_text(open_page: OpenPage, server: Server) -> None:
    """HTML and script in names, tags, metrics and hyperparameters are shown as they were written."""
    word = _word()
    name = f"{word} <b>x</b><script>document.title='owned'</script>"
    tag = "<img src=x onerror=alert(1)>"
    hyperparams = {"<i>key</i>": "<svg onload=alert(2)>"}
    experiment = seeding.create(
        server.url, name, tags=[tag], hyperparams=hyperparams, description="<h6>not a heading</h6>"
    )
    seeding.log(server.url, experiment, {"<u>loss</u>": seeding.steps([1.0, 2.0])})
    page = open_page(f"/?q={word}")
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator(".tag")).to_have_text(tag)
    expect(page.locator(".hyperparams th")).to_have_text("<i>key</i>")
    expect(page.locator(".hyperparams td")).to_have_text("<svg onload=alert(2)>")
    expect(page.locator(".description")).to_have_text("<h6>not a heading</h6>")
    expect(page.locator(".card h3")).to_have_text("<u>loss</u>")
    expect(page).to_have_title(f"{name} · Tora")
    assert page.locator("main :is(b, i, u, h6, script, img)").count() == page.locator(".readout b").count()


def test_an_empty_server_says_how_to_begin(own_server: Server, open_page: OpenPage) -> None:
    """Without one experiment the page shows code to copy."""
    page = open_page("/", server_url=own_server.url)
    expect(page.get_by_role("heading", name="No experiments yet")).to_be_visible()
    expect(page.locator(".snippet code")).to_contain_text("tora.setup(")


def test_an_unknown_workspace_says_what_to_do(open_page: OpenPage, server: Server, complaints: Complaints) -> None:
    """A workspace that is not there has its own page, with code to copy and a way on."""
    complaints.expect("404 (Not Found)")
    seeding.create(server.url, "there is one")
    page = open_page("/w/nobody")
    expect(page.get_by_role("heading", name="No such workspace")).to_be_visible()
    expect(page.locator(".snippet code")).to_contain_text("create_workspace(")
    page.get_by_role("link", name="See all experiments").click()
    expect(page.locator("tbody tr").first).to_be_visible()


def test_a_server_that_ends_is_said(open_page: OpenPage, own_server: Server, complaints: Complaints) -> None:
    """When the server ends, what was loaded stays and the page says what happened and what to do."""
    complaints.expect("Failed to load resource")
    seeding.create(own_server.url, "still here")
    page = open_page("/", server_url=own_server.url)
    expect(page.get_by_role("link", name="still here")).to_be_visible()
    own_server.stop()
    expect(page.get_by_role("alert")).to_contain_text("does not answer", timeout=15_000)
    expect(page.get_by_role("link", name="still here")).to_be_visible()
