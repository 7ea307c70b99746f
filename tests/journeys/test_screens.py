"""The screens as a person meets them, in a real browser, in both themes, on a desk and on a phone."""

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, ViewportSize, expect, sync_playwright

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
FADES_IN = 600
"""Milliseconds that the bands of a sankey take to appear; the other times are milliseconds, too."""
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

    def turn(self, scheme: Scheme) -> None:
        """Change the theme and let the view be drawn anew, where it has figures."""
        self.page.emulate_media(color_scheme=scheme)
        refresh = self.page.get_by_role("button", name="Refresh")
        if refresh.is_visible():
            refresh.click()
            self.page.mouse.move(0, 0)
            with suppress(Error):  # it may have come and gone
                self.page.wait_for_selector(f'{APP}[{RUN_STATE}="running"]', timeout=1000)
        self.rest()

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
        if self.page.locator(".sankey-link").count():
            self.page.wait_for_timeout(FADES_IN)
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


@pytest.fixture
def desk(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport=DESK, color_scheme="light", timezone_id="Europe/Berlin") as context:
        context.set_default_timeout(PATIENCE)
        yield context


def test_somebody_signs_in_finds_an_exception_claims_and_retries_it(
    desk: BrowserContext, address: str, filled: Filled, running: Serving
) -> None:
    with ApiClient(running.url, filled.anna) as api:
        rows = api.exceptions().items
        wanted = next(one for one in rows if one.code == "rejected_by_target")
    visit = Visit(desk.new_page(), address)
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


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_view_is_drawn_from_this_machine_alone_and_fits(
    desk: BrowserContext, address: str, running: Serving, size: ViewportSize
) -> None:
    visit = Visit(desk.new_page(), address)
    visit.page.set_viewport_size(size)
    for view, title in VIEWS.items():
        visit.open(f"{view}?code={running.code('anna')}", title)
        for scheme in SCHEMES:
            visit.turn(scheme)
            visit.shoot(f"{view}-{scheme}-{size['width']}")
        assert visit.page.evaluate("document.body.scrollWidth") <= size["width"]
        assert "code=" not in visit.page.url

    assert visit.page.evaluate("document.fonts.check('16px Inter')")
    assert visit.outside() == []
    assert visit.errors == []
