"""The screen as an app: mounted by its file's path, so that nobody else ever loads what it needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import streamlit
from starlette.applications import Starlette
from starlette.types import ASGIApp

_PACKAGE = "monitor_ui"


class ScreenMissingError(Exception):
    """The screen's files are not installed."""


@asynccontextmanager
async def screen(api_url: str) -> AsyncIterator[ASGIApp]:
    """Give the running screen; it finds the API by `st.secrets["api_url"]`.

    Raises:
        ScreenMissingError: its files are not installed.
    """
    app = streamlit.App(_script(), secrets={"api_url": api_url})
    async with app.lifespan()(Starlette()):
        yield app


def _script() -> Path:
    spec = find_spec(_PACKAGE)
    script = Path(spec.origin).parent / "app.py" if spec and spec.origin else Path(_PACKAGE, "app.py")
    if not script.is_file():
        raise ScreenMissingError(f"{script} is missing: the screen is not installed")
    return script
