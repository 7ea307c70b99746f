"""The screens as a person meets them, in a real browser, in both themes, on a desk and on a phone."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from control_plane.api.client import ApiClient
from tests.monitor_ui.running_screen import running_screen
from tests.monitor_ui.stand import Filled, Serving, fill, serving
from tests.stands.databases import SqliteStand

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "screens"
CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK = ViewportSize(width=1440, height=1000)
PHONE = ViewportSize(width=390, height=844)
SIZES = (PHONE, DESK)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
VIEWS = {
    "money": "Where is every cent?",
    "sla": "Which targets hold?",
    "transaction": "What happened to this document?",
    "exceptions": "What do I do next?",
    "connections": "Is everything flowing?",
}
APP = "[data-testid=stApp]"
RUN_STATE = "data-test-script-state"
PATIENCE = 20_000
"""Milliseconds."""
HAS_FADED_IN = """() => [...document.querySelectorAll(".sankey-link, .sankey-node")].every(
    band => getComputedStyle(band).opacity === "1"
)"""
ROW = 33
"""Pixels of a table's row."""


@dataclass(slots=True)
class Visit:
    """One person's tab."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: str, title: str) -> None:
        self.page.goto(f"{self.address}/{path}")
        self.see(title)

    def see(self, title: str) -> None:
        """Wait until the view with this title is there and at rest."""
        expect(self.page.get_by_role("heading", name=title, level=1)).to_be_visible()
        self.rest()

    def rest(self) -> None:
        expect(self.page.locator(APP)).to_have_attribute(RUN_STATE, "notRunning")
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)

    def go(self, view: str, title: str) -> None:
        """Go to a view by the menu; it is drawn anew, in the theme of now."""
        self.page.locator(f"[data-testid=stSidebarNavLink][href*='/{view}']").click()
        self.see(title)

    def choose_row(self, number: int, table: int = 0) -> None:
        """Choose a row of a table, which is drawn on a canvas."""
        drawn = self.page.get_by_test_id("stDataFrame").nth(table)
        drawn.scroll_into_view_if_needed()
        box = drawn.bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + ROW / 2, box["y"] + ROW * (number + 0.5))
        self.rest()

    def shoot(self, name: str) -> None:
        """Keep a picture."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        (ARTIFACTS / ".gitignore").write_text("*\n")
        self.page.wait_for_function(HAS_FADED_IN)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png", animations="disabled")

    def outside(self) -> list[str]:
        """Return what was asked of anybody else."""
        inside = (self.address, "data:", "blob:")
        return [url for url in self.requests if not url.startswith(inside)]


@pytest.fixture(scope="module")
def filled(sqlite_stand: SqliteStand, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    with sqlite_stand.fresh() as url:
        return fill(url, tmp_path_factory.mktemp("screens") / "filled.db")


@pytest.fixture(scope="module")
def running(filled: Filled) -> Iterator[Serving]:
    with serving(filled.path) as one:
        yield one


@pytest.fixture(scope="module")
def address(running: Serving) -> Iterator[str]:
    with running_screen(running.url) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """One browser's memory for all tests: what a screen is made of is loaded once."""
    with browser.new_context(viewport=DESK, color_scheme="light", timezone_id="Europe/Berlin") as context:
        context.set_default_timeout(PATIENCE)
        yield context


@pytest.fixture
def visit(desk: BrowserContext, address: str) -> Iterator[Visit]:
    with desk.new_page() as page:
        yield Visit(page, address)


def test_somebody_signs_in_finds_an_exception_claims_and_retries_it(
    visit: Visit, filled: Filled, running: Serving
) -> None:
    with ApiClient(running.url, filled.anna) as api:
        rows = api.exceptions().items
        wanted = next(one for one in rows if one.code == "rejected_by_target")
    page = visit.page
    visit.open("exceptions", "Tieout")
    page.get_by_role("textbox", name="API key").fill(filled.anna)
    page.get_by_role("button", name="Sign in").click()
    visit.see(VIEWS["exceptions"])
    visit.choose_row(1 + rows.index(wanted))
    expect(page).to_have_url(re.compile(f"exception={wanted.id}"))
    expect(page.get_by_role("heading", name=wanted.sentence)).to_be_visible()

    page.get_by_role("button", name="Claim", exact=True).click()
    expect(page.get_by_text("It is yours now.")).to_be_visible()
    page.get_by_role("textbox", name="Reason").fill("The document type is there now")
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.get_by_text("The document goes on. Its posting closes the exception.")).to_be_visible()
    visit.shoot("exception-retried")

    page.get_by_role("link", name="Open the document").click()
    visit.see(VIEWS["transaction"])
    expect(page.get_by_text("Ready, for")).to_be_visible()
    expect(page).to_have_url(re.compile(f"transaction={wanted.transaction_id}"))
    visit.shoot("transaction-retried")
    assert visit.errors == []


def test_every_view_is_drawn_from_this_machine_alone_and_fits(visit: Visit, running: Serving) -> None:
    visit.open(f"connections?code={running.code('anna')}", VIEWS["connections"])
    assert "code=" not in visit.page.url
    for scheme in SCHEMES:
        visit.page.emulate_media(color_scheme=scheme)
        for view, title in VIEWS.items():
            visit.go(view, title)
            for size in SIZES:
                visit.page.set_viewport_size(size)
                visit.shoot(f"{view}-{scheme}-{size['width']}")
                assert visit.page.evaluate("document.body.scrollWidth") <= size["width"]
            visit.page.set_viewport_size(DESK)

    assert visit.page.evaluate("document.fonts.check('16px Inter')")
    assert visit.outside() == []
    assert visit.errors == []
