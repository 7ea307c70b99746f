from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from iso4217 import Currency

from connectors.canonical.money import (
    MAX_MINOR,
    NO_CURRENCY,
    InexactAmountError,
    Money,
    NoSharesError,
    UnknownCurrencyError,
    exponent_of,
    format_minor,
    parse_minor,
    round_minor,
    split_by_largest_remainder,
)

CURRENCIES = st.sampled_from(sorted(currency.code for currency in Currency))
AMOUNTS = st.integers(-MAX_MINOR, MAX_MINOR)
WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("currency", "exponent"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("CHF", 2), (NO_CURRENCY, 0)]
)
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, exponent: int) -> None:
    assert exponent_of(currency) == exponent


@pytest.mark.parametrize("currency", ["EURO", "eur", "", "ABC", "€", "E R"])
def test_a_code_that_iso_4217_does_not_list_is_refused(currency: str) -> None:
    with pytest.raises(UnknownCurrencyError):
        parse_minor("1", currency)


@given(AMOUNTS, CURRENCIES)
@example(-5, "EUR")
@example(MAX_MINOR, "CLF")
@example(-MAX_MINOR, "JPY")
def test_what_is_formatted_is_read_back_exactly(minor: int, currency: str) -> None:
    text = format_minor(minor, currency)
    assert parse_minor(text, currency) == minor
    assert Decimal(text).scaleb(exponent_of(currency)) == minor


@given(AMOUNTS, CURRENCIES)
def test_an_amount_shows_all_decimals_of_its_currency_and_no_more(minor: int, currency: str) -> None:
    _, point, decimals = Money(minor, currency).decimal.partition(".")
    assert len(decimals) == exponent_of(currency)
    assert bool(point) == bool(decimals)


@given(AMOUNTS, CURRENCIES, st.integers(0, 9))
def test_zeros_behind_the_last_decimal_change_nothing(minor: int, currency: str, zeros: int) -> None:
    text = format_minor(minor, currency)
    padded = text + ("" if "." in text else ".") + "0" * zeros
    assert parse_minor(padded.rstrip("."), currency) == minor


@given(AMOUNTS, CURRENCIES, st.integers(1, 9))
def test_one_decimal_too_many_is_refused_and_never_rounded(minor: int, currency: str, digit: int) -> None:
    text = format_minor(minor, currency)
    with pytest.raises(InexactAmountError):
        parse_minor(f"{text}{'' if '.' in text else '.'}{digit}", currency)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", ".", "5.", ".5", "+1", " 1", "1 ", "1\n", "1e5", "1,000", "1_000", "\u0663", "\uff11"),
        *("NaN", "Infinity", "0x10", "--1", "1.2.3", "1-", "€1", "1'000.00"),
        *("9" * 41, "1" * 5000, "0." + "0" * 50),
    ],
)
def test_anything_but_a_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(InexactAmountError):
        parse_minor(text, "EUR")


@given(st.text(max_size=12), CURRENCIES)
def test_no_text_breaks_the_reading(text: str, currency: str) -> None:
    try:
        minor = parse_minor(text, currency)
    except InexactAmountError:
        return
    assert Decimal(text).scaleb(exponent_of(currency)) == minor


def test_minus_zero_is_zero() -> None:
    assert parse_minor("-0.00", "EUR") == 0
    assert format_minor(0, "EUR") == "0.00"


@pytest.mark.parametrize("sign", ["", "-"])
def test_fifteen_digits_are_the_most(sign: str) -> None:
    assert abs(parse_minor(f"{sign}9999999999999.99", "EUR")) == MAX_MINOR
    with pytest.raises(InexactAmountError):
        parse_minor(f"{sign}10000000000000.00", "EUR")


@given(st.decimals(1 - 10**11, 10**11 - 1, places=9), CURRENCIES)
@example(Decimal("0.125"), "EUR")
@example(Decimal("-0.125"), "EUR")
@example(Decimal("2.5"), "JPY")
@example(Decimal("0.125" + "0" * 90 + "1"), "EUR")
def test_rounding_is_half_even_on_the_exact_value(amount: Decimal, currency: str) -> None:
    assert round_minor(amount, currency) == round(Fraction(amount) * 10 ** exponent_of(currency))


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1E+16", "1E+60", "-1E+1000"])
def test_what_is_no_amount_cannot_be_rounded(amount: str) -> None:
    with pytest.raises(InexactAmountError):
        round_minor(Decimal(amount), "EUR")


def test_rounding_agrees_with_the_decimal_module() -> None:
    assert round_minor(Decimal("1.005"), "EUR") == int(Decimal("100.5").quantize(Decimal(1), ROUND_HALF_EVEN))


@given(AMOUNTS, WEIGHTS)
@example(100, [1, 1, 1])
@example(-100, [1, 1, 1])
@example(1, [0, 0])
def test_the_parts_of_a_split_sum_to_the_whole(minor: int, weights: list[int]) -> None:
    assert sum(split_by_largest_remainder(minor, weights)) == minor


@given(AMOUNTS, WEIGHTS.filter(any))
def test_no_part_is_a_unit_away_from_its_share(minor: int, weights: list[int]) -> None:
    total = sum(weights)
    for part, weight in zip(split_by_largest_remainder(minor, weights), weights, strict=True):
        assert abs(part - Fraction(minor * weight, total)) < 1


@given(AMOUNTS, WEIGHTS)
def test_a_split_of_the_negative_is_the_negative_split(minor: int, weights: list[int]) -> None:
    parts = split_by_largest_remainder(minor, weights)
    assert split_by_largest_remainder(-minor, weights) == [-part for part in parts]


@given(st.integers(0, MAX_MINOR), WEIGHTS.filter(any))
def test_what_has_no_weight_gets_nothing(minor: int, weights: list[int]) -> None:
    parts = split_by_largest_remainder(minor, [*weights, 0])
    assert parts[-1] == 0


def test_a_unit_left_over_goes_to_the_largest_remainder_first_come_first() -> None:
    assert split_by_largest_remainder(100, [1, 1, 1]) == [34, 33, 33]
    assert split_by_largest_remainder(10, [1, 2, 2]) == [2, 4, 4]
    assert split_by_largest_remainder(7, [3, 1, 3]) == [3, 1, 3]
    assert split_by_largest_remainder(5, [0, 0]) == [3, 2]


def test_nothing_can_be_split_into_no_parts() -> None:
    with pytest.raises(NoSharesError):
        split_by_largest_remainder(5, [])


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(4_830_000, "EUR"), "48,300.00 EUR"),
        (Money(-5, "EUR"), "-0.05 EUR"),
        (Money(48_300, "JPY"), "48,300 JPY"),
        (Money(1_234_567, "KWD"), "1,234.567 KWD"),
        (Money(1_234_567, "CLF"), "123.4567 CLF"),
        (Money(0, NO_CURRENCY), "0 XXX"),
        (Money(MAX_MINOR, "EUR"), "9,999,999,999,999.99 EUR"),
    ],
)
def test_an_amount_reads_as_an_accountant_writes_it(money: Money, text: str) -> None:
    assert str(money) == text
