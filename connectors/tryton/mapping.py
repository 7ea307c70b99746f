"""Our postings as Tryton's moves, and its moves as our postings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from connectors.canonical.money import (
    InexactAmountError,
    UnknownCurrencyError,
    format_minor,
    parse_minor,
    round_minor,
    split_by_largest_remainder,
)
from connectors.contract import Intent, Outcome, OutcomeKind, Posting, PostingLine
from connectors.tryton.ledger import Company, Ledger
from connectors.tryton.wire import Row, Values, at

MOVE_FIELDS: Final = (
    *("number", "date", "state", "description", "company", "origin"),
    *("journal.code", "period.fiscalyear.name"),
)
LINE_FIELDS: Final = ("move", "debit", "credit", "amount_second_currency", "second_currency.code")
POSTED: Final = "posted"


@dataclass(frozen=True, slots=True)
class Label:
    """How a move of ours says what it is: `<reference> [<source document>]` in its description."""

    reference: str
    source_document: str

    def __str__(self) -> str:
        return f"{self.reference} [{self.source_document}]"


def label_of(description: str | None) -> Label | None:
    """Return a description's label; None where the move is not ours."""
    reference, separator, rest = (description or "").partition(" [")
    if not separator or not rest.endswith("]") or " " in reference:
        return None
    return Label(reference, rest[:-1])


def move_of(intent: Intent, ledger: Ledger) -> Values:
    """Return the draft move of a document in which `problem_of` finds nothing."""
    period = ledger.period_of(intent.posting_date)
    return {
        "company": ledger.company.id,
        "journal": ledger.journals[intent.document_type],
        "period": period.id if period else None,
        "date": intent.posting_date,
        "description": str(Label(intent.reference, intent.source_document)),
        "lines": [["create", [_line(intent, line, own, ledger) for line, own in _in_own_currency(intent, ledger)]]],
    }


@dataclass(frozen=True, slots=True)
class _Own:
    """A line's amounts in the currency of the company's books, minor units."""

    debit_minor: int
    credit_minor: int


def _in_own_currency(intent: Intent, ledger: Ledger) -> list[tuple[PostingLine, _Own]]:
    """Return each line with its amounts in the books' currency: the total converted once, then split exactly."""
    debits = [line.debit_minor for line in intent.lines]
    credits_ = [line.credit_minor for line in intent.lines]
    if intent.currency != ledger.company.currency:
        total = _converted(intent, ledger)
        debits, credits_ = (split_by_largest_remainder(total, side) for side in (debits, credits_))
    own = (_Own(debit, credit) for debit, credit in zip(debits, credits_, strict=True))
    return list(zip(intent.lines, own, strict=True))


def _converted(intent: Intent, ledger: Ledger) -> int:
    theirs = ledger.currencies[intent.currency, intent.posting_date].rate
    ours = ledger.currencies[ledger.company.currency, intent.posting_date].rate
    total = Decimal(format_minor(intent.total_minor, intent.currency))
    return round_minor(total * ours / theirs, ledger.company.currency)


def _line(intent: Intent, line: PostingLine, own: _Own, ledger: Ledger) -> Values:
    account = ledger.accounts[line.account]
    currency = ledger.company.currency
    values: Values = {
        "account": account.id,
        "debit": _decimal(own.debit_minor, currency),
        "credit": _decimal(own.credit_minor, currency),
        "description": line.text or intent.text or None,
    }
    if account.needs_party and line.party:
        values["party"] = ledger.parties[line.party]
    if account.has_due_date:
        values["maturity_date"] = intent.posting_date
    if intent.currency != currency:
        values["second_currency"] = ledger.currencies[intent.currency, intent.posting_date].id
        values["amount_second_currency"] = _decimal(line.debit_minor - line.credit_minor, intent.currency)
    return values | _cost_objects(intent, line, values, ledger) | _taxes(line, values, ledger)


def _cost_objects(intent: Intent, line: PostingLine, values: Values, ledger: Ledger) -> Values:
    ids = [ledger.cost_centers[line.cost_center].id] if line.cost_center else []
    ids += [ledger.projects[line.project].id] if line.project else []
    amounts = {"debit": values["debit"], "credit": values["credit"], "date": intent.posting_date}
    return {"analytic_lines": [["create", [amounts | {"account": number} for number in ids]]]} if ids else {}


def _taxes(line: PostingLine, values: Values, ledger: Ledger) -> Values:
    if not line.tax_code:
        return {}
    tax = ledger.tax_codes[line.tax_code]
    kind = "tax" if tax.account == line.account else "base"
    amount = values["debit"] - values["credit"]
    return {"tax_lines": [["create", [{"tax": tax.id, "type": kind, "amount": amount}]]]}


def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(format_minor(minor, currency))


@dataclass(frozen=True, slots=True)
class Books:
    """Moves that were read back, with their lines and the moves that reverse them."""

    target: str
    companies: Mapping[int, Company]
    moves: Sequence[Row]
    lines: Sequence[Row]
    reversals: Sequence[Row] = ()

    def with_more(self, more: "Books") -> "Books":
        """Return these moves and others, before anybody asked for reversals."""
        return Books(
            target=more.target,
            companies=more.companies,
            moves=[*self.moves, *more.moves],
            lines=[*self.lines, *more.lines],
        )

    def postings(self) -> list[tuple[Label, Posting]]:
        """Return the booked moves of ours under their labels, live ones first."""
        labeled = [(label_of(move["description"]), move) for move in self.moves if move["state"] == POSTED]
        reversed_ = {reversal["origin"] for reversal in self.reversals}
        found = [
            (label, self.posting(move, label.reference, is_reversed=origin_of(move["id"]) in reversed_))
            for label, move in labeled
            if label
        ]
        return sorted(found, key=lambda pair: pair[1].is_reversed)

    def posting(self, move: Row, reference: str, *, is_reversed: bool = False, reverses: str = "") -> Posting:
        """Return a booked move as a posting."""
        currency, total_minor = self._total(move)
        return Posting(
            target=self.target,
            company=self.companies[move["company"]].code,
            fiscal_year=at(move, "period.fiscalyear.name"),
            document_type=at(move, "journal.code") or "",
            number=move["number"],
            posting_date=move["date"],
            reference=reference,
            currency=currency,
            total_minor=total_minor,
            reverses=reverses,
            is_reversed=is_reversed,
        )

    def _total(self, move: Row) -> tuple[str, int | None]:
        lines = [line for line in self.lines if line["move"] == move["id"]]
        foreign = {code for line in lines if (code := at(line, "second_currency.code"))}
        currency = foreign.pop() if len(foreign) == 1 else self.companies[move["company"]].currency
        amounts = [document_amount(line) for line in lines]
        return currency, _minor(sum((amount for amount in amounts if amount > 0), Decimal(0)), currency)


def document_amount(line: Row) -> Decimal:
    """Return a line's amount in the document's currency, debit positive."""
    second: Decimal | None = line["amount_second_currency"]
    own: Decimal = line["debit"] - line["credit"]
    return own if second is None else second


def origin_of(move: int) -> str:
    """Return how a move is named as the origin of its reversal."""
    return f"account.move,{move}"


def found(reference: str, postings: Iterable[tuple[Label, Posting]]) -> Outcome:
    """Return what Tryton holds under a reference; a draft is no booking, and `post` goes on with it."""
    held = [posting for label, posting in postings if label.reference == reference]
    if not held:
        return Outcome(reference, OutcomeKind.ABSENT)
    surplus = tuple(posting for posting in held[1:] if not posting.is_reversed)
    return Outcome(reference, OutcomeKind.POSTED, held[0], surplus=surplus)


def _minor(amount: Decimal, currency: str) -> int | None:
    try:
        return parse_minor(f"{amount:f}", currency)
    except (UnknownCurrencyError, InexactAmountError):
        return None
