"""The list of documents as the contract pages it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final  # words of a JSON body
from urllib.parse import urlencode

import orjson

from connectors.twins.expense.books import Books, Version

Words = dict[str, Any]

_MOST_DIGITS: Final = 12


class UnreadableQueryError(ValueError):
    """A query parameter cannot be read."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for."""

    doc_type: str
    page: int
    limit: int
    doc_id: str | None
    is_any_status: bool
    system_id: str | None
    is_text: bool
    renamed: Mapping[str, str]


def query_of(
    doc_type: str,
    parameters: Mapping[str, str],
    *,
    is_text: bool,
    page_limit: int,
    renamed: Mapping[str, str],
) -> Query:
    """Return the question. Raises UnreadableQueryError: a number is none, or a word is unknown."""
    ignore = parameters.get("ignoreDocumentStatus", "no")
    if ignore not in ("yes", "no"):
        raise UnreadableQueryError("`ignoreDocumentStatus` is yes or no")
    return Query(
        doc_type=doc_type,
        page=number_in(parameters, "page", 0, least=0),
        limit=min(number_in(parameters, "limit", 25, least=1), page_limit),
        doc_id=parameters.get("docId"),
        is_any_status=ignore == "yes",
        system_id=parameters.get("systemId"),
        is_text=is_text,
        renamed=renamed,
    )


def number_in(parameters: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    """Return a number of a query. Raises UnreadableQueryError: it is none, or too small or too large."""
    text = parameters.get(name, str(default))
    if not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < least:
        raise UnreadableQueryError(f"`{name}` is a number from {least}")
    return int(text)


def page_of(books: Books, query: Query, url: str) -> Words:
    """Return one page of documents with its links."""
    versions, total = _single(books, query) if query.doc_id else _many(books, query)
    pages = -(-total // query.limit)
    return {
        "links": _links(query, pages, url),
        "content": [_told(books, version, query) for version in versions],
        "page": {"size": query.limit, "totalElements": total, "totalPages": pages, "number": query.page},
    }


def _single(books: Books, query: Query) -> tuple[list[Version], int]:
    key = query.doc_id or ""
    version = books.version(key) or books.latest(query.doc_type, key)
    is_meant = version is not None and version.doc_type == query.doc_type
    if version is None or not is_meant or not (query.is_any_status or version.status == "READY"):
        return [], 0
    return [version], 1


def _many(books: Books, query: Query) -> tuple[list[Version], int]:
    return books.page(
        query.doc_type,
        is_any_status=query.is_any_status,
        system_id=query.system_id or "",
        limit=query.limit,
        offset=query.page * query.limit,
    )


def _told(books: Books, version: Version, query: Query) -> Words:
    envelope, content = books.content(version)
    body = _renamed(content, query.renamed)
    return {
        "id": version.id,
        "docType": version.doc_type,
        **orjson.loads(envelope),
        "erpSystemId": version.erp_system_id,
        "document": body.decode() if query.is_text else orjson.Fragment(body),
        "docStatus": version.status,
        "links": [],
    }


def _renamed(body: bytes, names: Mapping[str, str]) -> bytes:
    for old, new in names.items():
        body = body.replace(f'"{old}":'.encode(), f'"{new}":'.encode())
    return body


def _links(query: Query, pages: int, url: str) -> list[dict[str, str]]:
    numbers = {"first": 0, "self": query.page, "last": max(pages - 1, 0)}
    if query.page + 1 < pages:
        numbers["next"] = query.page + 1
    kept = {
        "docId": query.doc_id,
        "systemId": query.system_id,
        "ignoreDocumentStatus": "yes" if query.is_any_status else None,
    }
    given = {key: value for key, value in kept.items() if value}
    return [
        {"rel": rel, "href": f"{url}?{urlencode({'page': number, 'limit': query.limit, **given})}"}
        for rel, number in numbers.items()
    ]
