"""The platform's words: kinds of documents, their bytes read strictly, and keys that name one document."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Never, Self  # a JSON value may be anything

RECALLED: Final = "RECALLED"
"""The document status of a report that was taken back."""

_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""A zero character or half of a pair: legal in JSON, refused by databases and by UTF-8."""

_LONGEST_ID: Final = 128
"""The platform's own have up to 32 characters."""


class UnreadableDocumentError(ValueError):
    """The bytes are no document that can be read without guessing."""


class DocType(StrEnum):
    """A kind of document; the platform keeps one queue for each."""

    EXPENSE = "expense"
    CASH_ADVANCE = "cashadvance"


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """Names one document of one queue.

    The platform asks for the queue wherever it asks for the id; expense reports are most, theirs is left out.
    """

    doc_type: DocType
    doc_id: str

    def __str__(self) -> str:
        """Return `<id>` for an expense report, `cashadvance/<id>` for a cash advance."""
        return self.doc_id if self.doc_type is DocType.EXPENSE else f"{self.doc_type}/{self.doc_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that `str` wrote."""
        prefix, slash, doc_id = text.partition("/")
        if slash and prefix == DocType.CASH_ADVANCE:
            return cls(DocType.CASH_ADVANCE, doc_id)
        return cls(DocType.EXPENSE, text)


def read_document(payload: bytes) -> Mapping[str, Any]:
    """Return a document with every fraction as an exact decimal.

    Raises:
        UnreadableDocumentError: no JSON object, a key twice, a number that is none, or text nobody can store.
    """
    try:
        text = payload.decode()
        document = json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_unique)
        if not isinstance(document, dict):
            raise UnreadableDocumentError("it is not a JSON object")
        if "\\u" in text:  # only an escape can bring them in
            _refuse_unstorable(document)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise UnreadableDocumentError(_in_short(error)) from error
    return document


def leaves_of(document: object) -> Iterator[tuple[str, object]]:
    """Yield every plain value of a document with its path, such as `document.report.reportId`, in order."""
    pending: list[tuple[str, object]] = [("", document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            pending += [(f"{path}.{key}" if path else key, inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            pending += [(f"{path}.{place}", value[place]) for place in reversed(range(len(value)))]
        else:
            yield path, value


def member(value: object, *keys: str) -> object:
    """Return what stands under the keys, one below the other; None where the way ends."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def text_of(value: object) -> str:
    """Return a code or a text as the platform wrote it, trimmed; empty for null and for anything but a plain value."""
    if isinstance(value, str):
        return value.strip()
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return str(value) if is_number else ""


def storable(value: object) -> str:
    """Return an id of the platform, or nothing where no id could look like that."""
    text = text_of(value)
    return text if len(text) <= _LONGEST_ID and not _NOT_STORABLE.search(text) else ""


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableDocumentError(f"{twice[:80]} stands in it twice")
    return members


def _refuse(constant: str) -> Never:
    raise UnreadableDocumentError(f"{constant} is not a number")


def _refuse_unstorable(document: Mapping[str, Any]) -> None:
    for path, value in leaves_of(document):
        if _NOT_STORABLE.search(path) or (isinstance(value, str) and _NOT_STORABLE.search(value)):
            raise UnreadableDocumentError("it holds characters that no database stores")


def _in_short(error: Exception) -> str:
    match error:
        case UnreadableDocumentError():
            return str(error)
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case json.JSONDecodeError(msg=problem, lineno=line, colno=column):
            return f"it is not JSON ({problem}, line {line}, column {column})"
        case RecursionError():
            return "it is nested too deeply"
        case _:
            return "it holds a number that is too long"
