"""The currencies that the twins accept, each with its decimals."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

_WITHOUT_DECIMALS: Final = ("CLP", "ISK", "JPY", "KRW", "VND", "XAF", "XOF")
_WITH_TWO: Final = (
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "MXN", "MYR", "NOK", "NZD", "PEN", "PHP", "PLN", "QAR", "RON", "SAR",
    "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "ZAR",
)  # fmt: skip
_WITH_THREE: Final = ("BHD", "JOD", "KWD", "OMR", "TND")
_WITH_FOUR: Final = ("CLF", "UYW")

DECIMALS: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys(_WITHOUT_DECIMALS, 0)
    | dict.fromkeys(_WITH_TWO, 2)
    | dict.fromkeys(_WITH_THREE, 3)
    | dict.fromkeys(_WITH_FOUR, 4),
)


def smallest_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency, 0.01 for EUR. Raises KeyError: the currency is not known."""
    return Decimal(1).scaleb(-DECIMALS[currency])
