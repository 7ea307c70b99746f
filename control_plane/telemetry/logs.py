"""Log lines: a fixed sentence with its facts, as text for people or JSON for machines."""

import io
import logging
import sys
from typing import Final, TextIO

import structlog
from opentelemetry import trace
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from control_plane.telemetry.redaction import redact
from control_plane.telemetry.traces import facts_of_act

QUIET: Final = {
    **dict.fromkeys(("alembic", "asyncio", "httpx", "streamlit", "uvicorn", "watchdog"), logging.WARNING),
    "apscheduler": logging.ERROR,  # it warns of a tick that is left out because the one before is being planned
    "opentelemetry": logging.CRITICAL,  # the provider says once that the collector is away
}
"""From which level on other libraries are heard."""

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
"""What would begin a line that nobody wrote, or command a terminal."""


def set_up_logs(level: str, form: str) -> None:
    """Write log lines of at least this level to stderr, in the form `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, heard_from in QUIET.items():
        logging.getLogger(name).setLevel(heard_from)


def formatter(form: str) -> logging.Formatter:
    """Return what makes a record a line in the form `text` or `json`, without a secret that is kept."""
    return _Discreet(
        foreign_pre_chain=list(_FACTS), processors=[ProcessorFormatter.remove_processors_meta, *_rendered(form)]
    )


class _Discreet(ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _with_act(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Add what the line happened in, and the ids by which it is found from a trace."""
    line.update(facts_of_act())
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line.update(trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}")
    return line


_FACTS: Final[tuple[Processor, ...]] = (
    _with_act,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def _rendered(form: str) -> list[Processor]:
    """Return what writes a line; no traceback shows the values of variables: they may be personal or secret."""
    if form == "json":
        without_values = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [structlog.processors.ExceptionRenderer(without_values), structlog.processors.JSONRenderer()]
    return [_escaped, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_indented)]


def _escaped(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    return {key: value.translate(_CONTROLS) if isinstance(value, str) else value for key, value in line.items()}


def _indented(line: TextIO, error: ExcInfo) -> None:
    """Write a traceback whose lines none can take for a line of the log."""
    whole = io.StringIO()
    structlog.dev.plain_traceback(whole, error)
    lines = whole.getvalue().strip("\n").split("\n")
    line.writelines(f"\n    {one.translate(_CONTROLS)}" for one in lines)
