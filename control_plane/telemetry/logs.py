"""Log lines: a fixed sentence with its facts, as text for people or JSON for machines."""

import logging
import sys
from typing import Final

import structlog
from structlog.typing import Processor

QUIET: Final = {
    **dict.fromkeys(("alembic", "asyncio", "httpx", "streamlit", "uvicorn", "watchdog"), logging.WARNING),
    "apscheduler": logging.ERROR,  # it warns of a tick that is left out because the one before is being planned
}
"""From which level on other libraries are heard."""

_FACTS: Final[tuple[Processor, ...]] = (
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def set_up_logs(level: str, form: str) -> None:
    """Write log lines of at least this level to stderr, in the form `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(_FACTS),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendered(form)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, heard_from in QUIET.items():
        logging.getLogger(name).setLevel(heard_from)


def _rendered(form: str) -> list[Processor]:
    """Return what writes a line; no traceback shows the values of variables: they may be personal or secret."""
    if form == "json":
        without_values = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [structlog.processors.ExceptionRenderer(without_values), structlog.processors.JSONRenderer()]
    plainly = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plainly)]
