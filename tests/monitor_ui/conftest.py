"""The screens over the real API and a database that the real engine filled."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import monitor_ui
from control_plane.api.client import ApiClient
from tests.monitor_ui.stand import Filled, Serving, fill, serving
from tests.stands.databases import SqliteStand

SCRIPT = Path(monitor_ui.__file__).parent / "app.py"

NO_COMPONENTS = BidiComponentManager()
"""Looking for installed components takes longer than a view does."""

OpenView = Callable[..., AppTest]


@pytest.fixture(scope="session")
def filled(sqlite_stand: SqliteStand, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    with sqlite_stand.fresh() as url:
        return fill(url, tmp_path_factory.mktemp("filled") / "filled.db")


@pytest.fixture(scope="session")
def readable(filled: Filled) -> Iterator[Serving]:
    """An API that tests only read from."""
    with serving(filled.path) as running:
        yield running


@pytest.fixture
def own(filled: Filled, tmp_path: Path) -> Iterator[Serving]:
    """An API over a database of the test's own."""
    with serving(Path(shutil.copy(filled.path, tmp_path / "own.db"))) as running:
        yield running


@pytest.fixture
def client(readable: Serving, filled: Filled) -> Iterator[ApiClient]:
    with ApiClient(readable.url, filled.anna) as speaking:
        yield speaking


@pytest.fixture
def open_view() -> Iterator[OpenView]:
    """Open a view as somebody who has signed in before, with the rest of the address given."""
    clients: list[ApiClient] = []

    def opened(running: Serving, key: str, view: str, **query: str) -> AppTest:
        speaking = ApiClient(running.url, key)
        clients.append(speaking)
        app = AppTest.from_file(SCRIPT, default_timeout=30)
        app.secrets["api_url"] = running.url
        app.session_state["signed in"] = speaking
        app.session_state["me"] = speaking.me()
        app.query_params.update(query)
        app._page_hash = calc_hash(view)
        app._bidi_component_manager = NO_COMPONENTS
        return app.run()

    yield opened
    for speaking in clients:
        speaking.close()
