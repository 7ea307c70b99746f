"""Money in integer minor units of an ISO 4217 currency, exact at every step."""

import re
from dataclasses import dataclass
from decimal import MAX_PREC, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from iso4217 import Currency as Iso4217

NO_CURRENCY: Final = "XXX"
"""ISO 4217's code for "no currency": documents without a valid amount stand in the ledger under it."""

MAX_MINOR: Final = 10**15 - 1
"""The largest amount that is stored: fifteen digits survive every database, JSON reader and spreadsheet."""

_DECIMAL: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_EXACT: Final = Context(prec=MAX_PREC)
"""Cuts off no digit."""
_EXPONENTS: Final[dict[str, int]] = {
    **{currency.code: currency.exponent or 0 for currency in Iso4217},
    NO_CURRENCY: 0,
}


class UnknownCurrencyError(ValueError):
    """The code is not an ISO 4217 currency."""


class InexactAmountError(ValueError):
    """The amount is not a plain decimal, has more decimals than its currency, or more than fifteen digits."""


class NoSharesError(ValueError):
    """An amount cannot be split into no parts."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units of its currency (cents for EUR, yen for JPY, fils for KWD). May be negative."""

    minor: int
    currency: str

    @property
    def decimal(self) -> str:
        """Return the amount as a plain decimal string with all decimals of its currency."""
        return format_minor(self.minor, self.currency)

    def __str__(self) -> str:
        """Return the amount as an accountant reads it, such as `48,300.00 EUR`."""
        return f"{Decimal(self.decimal):,} {self.currency}"


def exponent_of(currency: str) -> int:
    """Return how many decimals the currency has (ISO 4217 minor unit).

    Raises:
        UnknownCurrencyError: ISO 4217 does not list the code.
    """
    try:
        return _EXPONENTS[currency]
    except KeyError:
        message = f"{currency!r} is not an ISO 4217 currency code"
        raise UnknownCurrencyError(message) from None


def parse_minor(text: str, currency: str) -> int:
    """Return a plain decimal string (ASCII digits, optional sign and point) as minor units, exactly.

    Raises:
        UnknownCurrencyError: ISO 4217 does not list the currency.
        InexactAmountError: the text is no plain decimal or has more decimals than the currency.
    """
    exponent = exponent_of(currency)
    if not _DECIMAL.fullmatch(text):
        message = f"{text[:40]!r} is not a plain decimal amount"
        raise InexactAmountError(message)
    whole, _, fraction = text.partition(".")
    surplus = fraction[exponent:]
    if surplus.strip("0"):
        message = f"{text[:40]} has more decimals than {currency} knows ({exponent})"
        raise InexactAmountError(message)
    return _within_limit(int(whole + fraction[:exponent].ljust(exponent, "0")), text)


def round_minor(amount: Decimal, currency: str) -> int:
    """Return an exact decimal rounded half-even to the currency's minor units.

    Raises:
        UnknownCurrencyError: ISO 4217 does not list the currency.
        InexactAmountError: the amount is not finite or too large.
    """
    exponent = exponent_of(currency)
    if not amount.is_finite() or abs(amount) > MAX_MINOR:
        message = f"{amount} is not an amount"
        raise InexactAmountError(message)
    scaled = amount.scaleb(exponent, _EXACT).to_integral_value(ROUND_HALF_EVEN)
    return _within_limit(int(scaled), str(amount))


def format_minor(minor: int, currency: str) -> str:
    """Return minor units as a plain decimal string, such as `-0.05` for -5 EUR cents."""
    exponent = exponent_of(currency)
    if exponent == 0:
        return str(minor)
    whole, fraction = divmod(abs(minor), 10**exponent)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{fraction:0{exponent}d}"


def split_by_largest_remainder(minor: int, weights: list[int]) -> list[int]:
    """Return the amount split in proportion to non-negative weights; the parts sum to the amount exactly.

    The units that division leaves over go to the largest remainders (Hare quota), first come first on a tie.

    Raises:
        NoSharesError: there are no weights.
    """
    if not weights:
        message = f"{minor} minor units cannot be split into no parts"
        raise NoSharesError(message)
    total = sum(weights)
    if total == 0:
        weights, total = [1] * len(weights), len(weights)
    sign = -1 if minor < 0 else 1
    shares = [divmod(abs(minor) * weight, total) for weight in weights]
    left_over = abs(minor) - sum(share for share, _ in shares)
    ranked = sorted(range(len(shares)), key=lambda place: -shares[place][1])
    extra = set(ranked[:left_over])
    return [sign * (share + (place in extra)) for place, (share, _) in enumerate(shares)]


def _within_limit(minor: int, text: str) -> int:
    if abs(minor) > MAX_MINOR:
        message = f"{text[:40]} has more than fifteen digits"
        raise InexactAmountError(message)
    return minor
