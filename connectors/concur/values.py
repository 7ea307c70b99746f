"""Exact values of a document: amounts in minor units, numbers as plain decimals, moments in UTC."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from connectors.canonical.money import InexactAmountError, parse_minor
from connectors.concur.wire import text_of

_MOST_DIGITS: Final = 40
"""Either side of the point; the platform's own limit is 23 in all."""


def plain_of(number: object) -> str:
    """Return a number of the document as a plain decimal string, digit by digit; empty for none.

    Raises:
        InexactAmountError: written out it would be absurdly long.
    """
    if not isinstance(number, int | Decimal) or isinstance(number, bool):
        return ""
    exact = Decimal(number)
    if abs(exact.adjusted()) > _MOST_DIGITS:
        raise InexactAmountError(f"{exact:.3e} is not a plain decimal amount")
    return f"{exact:f}"


def minor_of(number: object, currency: str) -> int:
    """Return an amount of the document in minor units, never rounded; null is 0.

    Raises:
        UnknownCurrencyError: ISO 4217 does not list the currency.
        InexactAmountError: the currency has fewer decimals than the amount.
    """
    return parse_minor(plain_of(number) or "0", currency)


def moment_of(value: object) -> datetime | None:
    """Return a moment of the document in UTC, None where there is none. The platform writes UTC.

    Raises:
        ValueError: the text is no moment.
    """
    written = _written(value)
    try:
        return written.astimezone(UTC) if written else None
    except OverflowError as error:
        raise ValueError("the moment lies outside the calendar") from error


def day_of(value: object) -> date | None:
    """Return the day that a moment of the document names where it was written, None where there is none.

    Raises:
        ValueError: the text is no moment.
    """
    written = _written(value)
    return written.date() if written else None


def _written(value: object) -> datetime | None:
    text = text_of(value)
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
