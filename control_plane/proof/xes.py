"""Event logs in XES (IEEE 1849), read trace by trace without ever holding the whole file."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from io import BufferedIOBase
from pathlib import Path
from typing import Final
from xml.parsers import expat

_CHUNK: Final = 1 << 16
_GZIP: Final = b"\x1f\x8b"
_VALUES: Final = frozenset({"string", "date", "int", "float", "boolean", "id"})


class UnreadableLogError(ValueError):
    """The file is no XES event log that we read."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a trace."""

    name: str
    at: datetime
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trace:
    """One case: its own attributes and its events in the order of the log."""

    attributes: Mapping[str, str]
    events: tuple[Event, ...]


def read_traces(path: Path) -> Iterator[Trace]:
    """Yield the traces of a log, plain or gzipped.

    Raises:
        UnreadableLogError: it is no well-formed log, declares a document type, or is cut off.
    """
    with _opened(path) as stream:
        reader = _Reader()
        try:
            while chunk := stream.read(_CHUNK):
                reader.feed(chunk)
                yield from reader.finished()
            reader.end()
        except (expat.ExpatError, OSError, EOFError, zlib.error) as error:
            raise UnreadableLogError(f"{path.name} is no XES log: {error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[BufferedIOBase]:
    try:
        with path.open("rb") as plain:
            is_packed = plain.read(len(_GZIP)) == _GZIP
            plain.seek(0)
            with gzip.open(plain) if is_packed else nullcontext(plain) as stream:
                yield stream
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise UnreadableLogError(f"{path} cannot be opened: {error.strerror}") from error


class _Reader:
    """What expat tells, as traces. Attributes within attributes are left out."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = _refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._close
        self._path: list[str] = []
        self._trace: dict[str, str] = {}
        self._event: dict[str, str] = {}
        self._events: list[Event] = []
        self._finished: list[Trace] = []

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk, False)  # noqa: FBT003  (expat takes it by place only)

    def end(self) -> None:
        self._parser.Parse(b"", True)  # noqa: FBT003  (see above)

    def finished(self) -> list[Trace]:
        traces, self._finished = self._finished, []
        return traces

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        parent = self._path[-1] if self._path else ""
        if tag in _VALUES and parent in {"trace", "event"}:
            values = self._trace if parent == "trace" else self._event
            values[attributes.get("key", "")] = attributes.get("value", "")
        self._path.append(tag)

    def _close(self, _tag: str) -> None:
        match self._path.pop():
            case "event" if self._path[-1] == "trace":
                self._events.append(_event(self._event))
                self._event = {}
            case "trace":
                self._finished.append(Trace(self._trace, tuple(self._events)))
                self._trace, self._events = {}, []


def _event(values: dict[str, str]) -> Event:
    try:
        at = datetime.fromisoformat(values.get("time:timestamp", ""))
    except ValueError as error:
        raise UnreadableLogError(f"an event has no moment: {values.get('time:timestamp', '')!r}") from error
    if at.tzinfo is None:
        raise UnreadableLogError(f"an event's moment has no time zone: {at.isoformat()}")
    return Event(values.get("concept:name", ""), at, values)


def _refuse(*_declaration: object) -> None:
    raise UnreadableLogError("a log declares no document type")
