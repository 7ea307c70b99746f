"""Amounts in other currencies: by the approved rate set of a period, and by reference rates for plausibility."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from connectors.canonical.money import InexactAmountError, Money, UnknownCurrencyError, round_minor
from control_plane.domain.verdict import Known

EURO: Final = "EUR"
LONGEST_GAP_DAYS: Final = 7
"""Reference rates are missing on weekends and holidays: the last earlier one counts."""


def positive_decimal(text: str) -> Decimal | None:
    """Return a plain positive number, or None for anything else."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None


def in_group_currency(amount: Money, period: str, known: Known) -> int | None:
    """Return an amount in minor units of the group's currency, or None where the period has no approved rate."""
    return converted(amount, known.policy["group"]["currency"], period, known)


def converted(amount: Money, currency: str, period: str, known: Known) -> int | None:
    """Return an amount in minor units of another currency by the period's approved rates, or None without one."""
    if amount.currency == currency:
        return amount.minor
    rates = [_group_rate(one, period, known) for one in (amount.currency, currency)]
    if rates[0] is None or rates[1] is None:
        return None
    try:
        return round_minor(Decimal(amount.decimal) * rates[0] / rates[1], currency)
    except (UnknownCurrencyError, InexactAmountError):
        return None


def reference_rate(currency: str, into: str, day: date, known: Known) -> Decimal | None:
    """Return how many units of `into` one unit of a currency was worth on a day, or None where nobody says so."""
    per_euro = [_per_euro(one, day, known) for one in (currency, into)]
    if per_euro[0] is None or per_euro[1] is None:
        return None
    return per_euro[1] / per_euro[0]


def _group_rate(currency: str, period: str, known: Known) -> Decimal | None:
    if currency == known.policy["group"]["currency"]:
        return Decimal(1)
    return positive_decimal(known.group_rates.get((currency, period), ""))


def _per_euro(currency: str, day: date, known: Known) -> Decimal | None:
    if currency == EURO:
        return Decimal(1)
    days = (day - timedelta(days=back) for back in range(LONGEST_GAP_DAYS + 1))
    rates = (known.rates[currency, one] for one in days if (currency, one) in known.rates)
    return positive_decimal(next(rates, ""))
