"""A real Tryton as the ERP of a proof: read by its API, and worked in as its administrator."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from connectors.twins.currencies import smallest_unit
from connectors.twins.erp.master_data import COMPANIES
from connectors.twins.tryton.acts import administrator
from connectors.twins.tryton.server import TrytonServer
from control_plane.proof.books import Booked, booked
from control_plane.proof.hand import Words
from control_plane.proof.timeline import Claim

_PAID_BY_HAND: Final = 10
"""Payments in Tryton: each is an accountant's five clicks, a second of work."""
Rows = Callable[[str, Sequence[str], Sequence[Any]], list[Words]]
"""Reads records: of a model, these fields, that meet a domain."""

_MOVE: Final = ("description", "number", "origin", "company.party.code")
_LINE: Final = ("move", "account.code", "debit", "credit", "amount_second_currency", "second_currency.code")
_OWED: Final = ("move.number", "move.description", "move.company.party.code")
_OWING: Final = [
    ["move.state", "=", "posted"],
    ["account.type.payable", "=", True],
    ["reconciliation", "=", None],
    ["credit", ">", Decimal(0)],
    ["move.description", "like", "EXR-%"],
]
_CURRENCY_OF: Final = {company.code: company.currency for company in COMPANIES}
_MOVE_ORIGIN: Final = "account.move,"


@dataclass(slots=True)
class TrytonErp:
    """A real Tryton; what is done there is done as its administrator."""

    server: TrytonServer
    _left_to_pay: int = field(default=_PAID_BY_HAND)

    def booked(self) -> list[Booked]:
        """Return every posted move that carries a reference of ours."""
        with administrator(self.server) as admin:
            return postings_of(admin.rows)

    def activate_project(self, code: str) -> None:
        """Let a project be charged again."""
        with administrator(self.server) as admin:
            admin.set_project_active(code, active=True)

    def pay_half(self) -> int:
        """Pay a few postings."""
        with administrator(self.server) as admin:
            owing = admin.rows("account.move.line", _OWED, _OWING)
        return self._pay([_named(one["move."]) for one in owing[::2]])

    def pay(self, claims: Sequence[Claim]) -> int:
        """Pay a few of the documents."""
        wanted = {claim.id for claim in claims[: self._left_to_pay]}
        if not wanted:
            return 0
        with administrator(self.server) as admin:
            owing = admin.rows("account.move.line", _OWED, _OWING)
        return self._pay([_named(one["move."]) for one in owing if _source_of(one["move."]["description"]) in wanted])

    def pay_without_posting(self, claims: Sequence[Claim]) -> int:
        """Do nothing: Tryton knows no payment of nothing."""
        return 0 * len(claims)

    def _pay(self, postings: Sequence[tuple[str, str]]) -> int:
        chosen = list(dict.fromkeys(postings))[: self._left_to_pay]
        with administrator(self.server) as admin:
            for company, number in chosen:
                admin.pay(company, number, datetime.now(UTC).date())
        self._left_to_pay -= len(chosen)
        return len(chosen)


def postings_of(rows: Rows) -> list[Booked]:
    """Return every posted move that carries a reference of ours, from a signed-in user's view of the books."""
    moves = rows("account.move", _MOVE, [["state", "=", "posted"]])
    lines = rows("account.move.line", _LINE, [["move.state", "=", "posted"]])
    return list(_postings(moves, lines))


def _postings(moves: Sequence[Words], lines: Sequence[Words]) -> Iterator[Booked]:
    by_move: dict[int, list[Words]] = {}
    for line in lines:
        by_move.setdefault(line["move"], []).append(line)
    reversed_ids = {one["origin"] for one in moves if str(one["origin"]).startswith(_MOVE_ORIGIN)}
    for move in moves:
        reference = _reference_of(move["description"])
        if reference and move["origin"] is None:
            is_reversed = f"{_MOVE_ORIGIN}{move['id']}" in reversed_ids
            yield booked(_document(move, reference, by_move.get(move["id"], [])), is_reversed=is_reversed)


def _document(move: Words, reference: str, lines: Sequence[Words]) -> Words:
    foreign = {line["second_currency."]["code"] for line in lines if line["second_currency."]}
    currency = foreign.pop() if foreign else _CURRENCY_OF[move["company."]["party."]["code"]]
    return {
        "reference": reference,
        "source_document": _source_of(move["description"]),
        "currency": currency,
        "lines": [_line(line, currency) for line in lines],
    }


def _line(line: Words, currency: str) -> Words:
    """Return a line in the document's currency: Tryton keeps it beside the company's own."""
    second = line["amount_second_currency"]
    amount = line["debit"] - line["credit"] if second is None else second
    amount = amount.quantize(smallest_unit(currency))
    return {"account": line["account."]["code"], "debit": f"{amount:f}", "credit": "0"}


def _reference_of(description: str | None) -> str:
    """Return the reference in front of the source document, as in `EXR-1000-concur-0C45-1 [0C45]`."""
    reference, bracket, _ = (description or "").partition(" [")
    return reference if bracket and reference.startswith("EXR-") else ""


def _source_of(description: str) -> str:
    return description.partition(" [")[2].removesuffix("]")


def _named(move: Words) -> tuple[str, str]:
    return move["company."]["party."]["code"], move["number"]
