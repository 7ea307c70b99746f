"""What Tieout says, as the API tells it: one statement per document, and the ledger's lines."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from control_plane.api.client import ApiClient
from control_plane.api.schemas import LedgerAmount, LedgerLine, TransactionSummary
from control_plane.proof.verify import LedgerFigures, Place, Statement

FLOW: Final = "expense_report"
_PAGE: Final = 200
_NOBODY_KNOWS: Final = frozenset({"in_flight", "awaiting_ack", "in_doubt"})


def statements(client: ApiClient) -> Iterator[Statement]:
    """Yield what is said about every document of the flow."""
    cursor: str | None = ""
    while cursor is not None:
        page = client.transactions(flow=FLOW, limit=_PAGE, cursor=cursor)
        yield from map(_statement, page.items)
        cursor = page.next_cursor


def ledger_figures(client: ApiClient) -> list[LedgerFigures]:
    """Return the ledger's lines, summed by currency."""
    lines: dict[str, list[LedgerLine]] = defaultdict(list)
    for line in client.ledger(flow=FLOW).items:
        lines[line.currency].append(line)
    return [_figures(currency, of_currency) for currency, of_currency in lines.items()]


def _statement(item: TransactionSummary) -> Statement:
    return Statement(
        transaction_id=item.id,
        document_id=item.source_document_id,
        business_id=item.source_id,
        reference=item.business_reference,
        place=Place(item.place.value),
        is_reversed=item.state == "reversed",
        may_be_booked=item.state in _NOBODY_KNOWS,
        currency=item.amount.currency,
        amount_minor=item.amount.minor,
        version=item.version,
    )


def _figures(currency: str, lines: list[LedgerLine]) -> LedgerFigures:
    return LedgerFigures(
        currency,
        _sum([line.received for line in lines]),
        {place: _sum([getattr(line, place.value) for line in lines]) for place in Place},
    )


def _sum(amounts: list[LedgerAmount]) -> tuple[int, int]:
    return sum(one.count for one in amounts), sum(one.minor for one in amounts)
