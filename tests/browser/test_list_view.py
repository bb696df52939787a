"""How the list of experiments is narrowed, ordered and arranged, and where that is kept."""

from __future__ import annotations

import re
import uuid
from urllib.parse import quote

from playwright.sync_api import Page, Route, expect

from tests.browser import seeding
from tests.browser.conftest import EMPTY, Complaints, OpenPage
from tests.support.serving import Server

RATES = {"slow": 0.001, "middle": 0.01, "fast": 0.1}


def _seeded(server: Server) -> tuple[str, dict[str, str]]:
    """Make three experiments under a common word; return the word and their ids by name."""
    word = f"w{uuid.uuid4().hex[:10]}"
    made = {}
    for place, (name, rate) in enumerate(RATES.items()):
        fields = {"tags": [word, name], "hyperparams": {"lr": rate, word: name}}
        made[name] = seeding.create(server.url, f"{word} {name}", **fields)
        seeding.log(server.url, made[name], {word: seeding.steps([place, 10 - place, 5])})
    seeding.finish(server.url, made["fast"], "failed")
    return word, made


def _order(page: Page, made: dict[str, str], *expected: str) -> None:
    names = {experiment: name for name, experiment in made.items()}
    page.wait_for_function(
        "(wanted) => [...document.querySelectorAll('tbody tr')].map((row) => row.dataset.id).join() === wanted",
        arg=",".join(made[name] for name in expected),
    )
    assert [names[row.get_attribute("data-id") or ""] for row in page.locator("tbody tr").all()] == list(expected)


def test_an_expression_narrows_the_list(open_page: OpenPage, server: Server) -> None:
    """An expression on hyperparameters and metrics leaves what meets it, and stays in the address."""
    word, made = _seeded(server)
    page = open_page(f"/?q={word}")
    field = page.get_by_label("Filter by an expression")
    field.fill(f"lr < 0.05 and `{word}`.min >= 1")
    field.press("Enter")
    _order(page, made, "middle")
    expect(page).to_have_url(re.compile("filter=lr"))
    page.reload()
    _order(page, made, "middle")
    expect(field).to_have_value(f"lr < 0.05 and `{word}`.min >= 1")


def test_a_wrong_expression_says_why_and_keeps_the_rows(
    open_page: OpenPage, server: Server, complaints: Complaints
) -> None:
    """The server's reason stands under the field, what was found before stays, and mending it is enough."""
    complaints.expect("400 (Bad Request)")
    word, made = _seeded(server)
    page = open_page(f"/?q={word}")
    _order(page, made, "fast", "middle", "slow")
    field = page.get_by_label("Filter by an expression")
    field.fill("lr <")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#expression-problem")).to_contain_text("character")
    _order(page, made, "fast", "middle", "slow")
    field.fill("lr < 0.005")
    _order(page, made, "slow")
    expect(page.locator("#expression-problem")).to_be_empty()


def test_an_address_with_a_wrong_expression_leads_on(
    open_page: OpenPage, server: Server, complaints: Complaints
) -> None:
    """A link whose expression cannot be read says why, and one button takes it away but keeps the rest."""
    complaints.expect("400 (Bad Request)")
    word, made = _seeded(server)
    page = open_page(f"/?q={word}&filter=lr+%3C&sort=name")
    expect(page.get_by_role("heading", name="The filter cannot be read")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("character")
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator("#expression-problem")).to_be_empty()
    expect(page.get_by_label("Filter by an expression")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Clear the filter").click()
    _order(page, made, "fast", "middle", "slow")
    expect(page.get_by_label("Filter by an expression")).to_have_value("")
    expect(page).to_have_url(re.compile(rf"\?q={word}&sort=name$"))


def test_an_address_that_is_no_list_leads_on(open_page: OpenPage, server: Server, complaints: Complaints) -> None:
    """What else the server refuses is told too, and one button shows the list as it is by itself."""
    complaints.expect("400 (Bad Request)")
    seeding.create(server.url, "there is one")
    page = open_page("/?sort=nonsense")
    expect(page.get_by_role("alert")).to_contain_text("nonsense")
    page.get_by_role("button", name="Show all experiments").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page).to_have_url(re.compile("/$"))


def test_the_first_rows_do_not_wait_for_the_columns(open_page: OpenPage, server: Server) -> None:
    """On a first visit the experiments are asked for while it is still unknown which columns there are."""
    word, made = _seeded(server)
    page = open_page(EMPTY)
    held: list[Route] = []
    # Playwright puts a mark on its handlers, which a builtin method does not take.
    page.route(re.compile(r"/columns\?"), lambda route: held.append(route))  # noqa: PLW0108
    with page.expect_response(lambda response: "/experiments?" in response.url):
        page.goto(f"/?q={word}")
    expect(page.locator(".heading p")).to_have_text("3 experiments")
    expect(page.locator("tbody tr")).to_have_count(0)
    for route in held:
        route.continue_()
    _order(page, made, "fast", "middle", "slow")


def test_tag_and_status_narrow_the_list(open_page: OpenPage, server: Server) -> None:
    """Each choice narrows the list further, and "back" takes it away again."""
    word, made = _seeded(server)
    page = open_page(f"/?q={word}&tag={word}")
    expect(page.get_by_label("Tag", exact=True)).to_have_value(word)
    page.get_by_label("Status", exact=True).select_option("running")
    _order(page, made, "middle", "slow")
    page.get_by_label("Status", exact=True).select_option("failed")
    _order(page, made, "fast")
    page.go_back()
    _order(page, made, "middle", "slow")
    expect(page.get_by_label("Status", exact=True)).to_have_value("running")
    page.go_back()
    _order(page, made, "fast", "middle", "slow")
    page.go_forward()
    _order(page, made, "middle", "slow")


def test_what_does_not_match_says_which_conditions_there_are(open_page: OpenPage, server: Server) -> None:
    """Nothing found names every condition, and one button takes them away but keeps the order."""
    word, made = _seeded(server)
    page = open_page(f"/?q={word}&status=stopped&filter={quote('lr > 1')}&sort=name")
    expect(page.locator(".conditions li")).to_have_text([f"“{word}” in the name or a tag", "lr > 1", "status stopped"])
    page.get_by_role("button", name="Clear the search").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?sort=name$"))
    assert made


def test_a_click_on_a_header_sorts(open_page: OpenPage, server: Server) -> None:
    """A column's header sorts by it, a second click turns the order, and a screen reader is told."""
    word, made = _seeded(server)
    columns = f"column=name&column=param:lr&column=metric:{word}:last&column=metric:{word}:min&column=tags"
    page = open_page(f"/?q={word}&{columns}")
    _order(page, made, "fast", "middle", "slow")
    header = page.get_by_role("columnheader", name="lr", exact=True)
    header.get_by_role("button").click()
    _order(page, made, "slow", "middle", "fast")
    expect(header).to_have_attribute("aria-sort", "ascending")
    header.get_by_role("button").click()
    _order(page, made, "fast", "middle", "slow")
    expect(header).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name=f"{word} min").click()
    _order(page, made, "slow", "middle", "fast")
    expect(page.locator("th[aria-sort]")).to_have_count(1)


def test_columns_are_chosen_ordered_and_kept(open_page: OpenPage, server: Server) -> None:
    """Columns are added, moved and taken out in a dialog; the address has them, and a reload shows them."""
    word, made = _seeded(server)
    page = open_page(f"/?q={word}&column=status&column=name")
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Find a column").fill(word)
    page.get_by_role("button", name=f"{word}: max").click()
    page.get_by_role("button", name=f"{word}: show").click()
    page.get_by_role("button", name=f"Move {word}, max to the front").click()
    page.get_by_role("button", name="Take Status out").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("th .title")).to_have_text([word, "Name", word])
    row = page.locator(f"tr[data-id='{made['slow']}']")
    expect(row.locator("td.of-metric")).to_have_text("10")
    expect(row.locator("td.of-param")).to_have_text("slow")
    page.reload()
    expect(page.locator("th .title")).to_have_text([word, "Name", word])
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Reset the columns").click()
    expect(page).to_have_url(re.compile(rf"\?q={word}$"))


def test_the_last_view_is_remembered(open_page: OpenPage, server: Server) -> None:
    """An address without a query shows the view that this browser had last; a click on Tora resets it."""
    word, made = _seeded(server)
    page = open_page(f"/?q={word}&sort=name&column=name")
    _order(page, made, "fast", "middle", "slow")
    page.goto("/settings")
    page.goto("/")
    expect(page).to_have_url(re.compile(rf"\?q={word}&sort=name&column=name$"))
    expect(page.locator("th .title")).to_have_text(["Name"])
    page.get_by_role("link", name="Tora").click()
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.goto("/")
    expect(page).to_have_url(re.compile("/$"))


def test_a_metric_is_drawn_as_a_line_that_goes_on(open_page: OpenPage, server: Server) -> None:
    """The lines of all rows come with one request, and are drawn again when their metric goes on."""
    word, made = _seeded(server)
    page = open_page(EMPTY)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/series?" in request.url else None)
    page.goto(f"/?q={word}&column=name&column=spark:{word}")
    expect(page.locator(".sparkline path")).to_have_count(3)
    assert len(asked) == 1
    line = page.locator(f"tr[data-id='{made['slow']}'] .sparkline path")
    before = line.get_attribute("d") or ""
    seeding.log(server.url, made["slow"], {word: seeding.steps([50.0, 60.0], 3)})
    expect(line).not_to_have_attribute("d", before, timeout=15_000)


def test_archived_experiments_are_shown_when_asked_for(open_page: OpenPage, server: Server) -> None:
    """The list leaves archived experiments out until they are chosen, alone or with the others."""
    word, made = _seeded(server)
    page = open_page(f"/?q={word}")
    page.get_by_label(f"Select {word} middle").check()
    page.get_by_role("button", name="Archive", exact=True).click()
    _order(page, made, "fast", "slow")
    page.get_by_label("Archived").select_option("yes")
    _order(page, made, "middle")
    page.get_by_label("Archived").select_option("all")
    _order(page, made, "fast", "middle", "slow")
    expect(page.locator(f"tr[data-id='{made['middle']}'] .badge")).to_have_text("archived")
