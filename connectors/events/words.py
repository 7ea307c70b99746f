"""How each type of the canonical facts stands in an event: its JSON Schema beside the way in which it is read."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints  # a JSON value, and a field, may be anything

from connectors.canonical.money import InexactAmountError, Money, UnknownCurrencyError, parse_minor
from connectors.canonical.privacy import PrivacyCategory, PrivacyClass, privacy_of
from connectors.failures import Failure

LONGEST_TEXT: Final = 500
"""Characters: as many as an index of every database can hold."""

MINOR: Final = "_minor"
"""Ends the name of an amount in minor units; in an event the amount is a decimal string under the name before it."""

DECIMALS: Final = frozenset({"transaction_amount", "exchange_rate"})
"""Fields that are texts in our facts and exact numbers in their meaning."""
MAY_BE_EMPTY: Final = frozenset({"reference", "source_document", "source_document_id"})
"""Required, but with a meaning of their own where they are empty."""

Schema = Mapping[str, Any]  # a JSON Schema
Path = tuple[str | int, ...]
"""The steps to a value in an event's data."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an event is read with: the currency of its amounts, and what was found wrong on the way."""

    currency: str = ""
    failures: list[Failure] = field(default_factory=list)

    def minor(self, text: str, currency: str, path: Path) -> int:
        """Return an amount in minor units, exactly; one that cannot be is noted."""
        try:
            return parse_minor(text, currency)
        except UnknownCurrencyError:
            failure = Failure("unknown_currency", {"currency": currency}, "currency")
        except InexactAmountError:
            failure = Failure("inexact_amount", {"value": text, "currency": currency}, path_text(path))
        if failure not in self.failures:
            self.failures.append(failure)
        return 0


Read = Callable[[Any, Path, Reading], Any]
"""Turns a JSON value that fits the schema, at a path, into a field's value."""


@dataclass(frozen=True, slots=True)
class Word:
    """One type in an event."""

    schema: Schema
    read: Read | None = None
    """None: the field's value is the JSON value as it stands there."""


@dataclass(frozen=True, slots=True)
class Member:
    """One field of a fact in an event."""

    field: Field[Any]
    name: str
    word: Word
    is_required: bool
    privacy: tuple[PrivacyClass, PrivacyCategory]

    @property
    def schema(self) -> Schema:
        """Return the field's schema with its privacy class."""
        privacy, category = self.privacy
        return {**self.word.schema, "x-classification": {"class": privacy.value, "category": category.value}}


@dataclass(frozen=True, slots=True)
class Fact:
    """One canonical dataclass in an event."""

    kind: type
    members: tuple[Member, ...]
    open_fields: Mapping[str, None]
    """The fields that have no default: None where the object does not name them."""
    plan: tuple[tuple[str, str, Read | None], ...]
    """Every member's name in the object, its field and what reads it."""

    @property
    def schema(self) -> Schema:
        """Return the schema of the object; what it does not name is allowed and passed over."""
        return {
            "type": "object",
            "description": _first_line(self.kind),
            "properties": {member.name: member.schema for member in self.members},
            "required": [member.name for member in self.members if member.is_required],
        }

    def read(self, value: Any, path: Path, reading: Reading, **given: Any) -> Any:  # see above
        """Return the fact; `given` are the fields that do not stand in the object."""
        found: dict[str, Any] = {**self.open_fields, **given}
        for name, field_name, read in self.plan:
            if name in value:
                found[field_name] = value[name] if read is None else read(value[name], (*path, name), reading)
        return self.kind(**found)


def fact(kind: type, without: Collection[str] = ()) -> Fact:
    """Return how a canonical dataclass stands in an event, without the fields that the event's attributes say."""
    hints = get_type_hints(kind)
    members = tuple(_member(kind, one, hints[one.name]) for one in fields(kind) if one.name not in without)
    open_fields = {one.field.name: None for one in members if one.field.default is MISSING}
    return Fact(kind, members, open_fields, tuple((one.name, one.field.name, one.word.read) for one in members))


def path_text(path: Sequence[str | int]) -> str:
    """Return a path as people read it, such as `lines.0.approved`."""
    return ".".join(map(str, path))


def _member(kind: type, one: Field[Any], hint: Any) -> Member:  # a type
    is_open = NoneType in get_args(hint)
    plain = next(each for each in get_args(hint) if each is not NoneType) if is_open else hint
    is_required = one.default is MISSING and not is_open
    word = _word(plain, one.name, is_required=is_required)
    return Member(
        field=one,
        name=one.name.removesuffix(MINOR),
        word=_nullable(word) if is_open else word,
        is_required=is_required,
        privacy=_privacy(kind, one.name, plain),
    )


def _word(hint: Any, name: str, *, is_required: bool) -> Word:  # a type
    if name.endswith(MINOR):
        return AMOUNT
    if hint is str:
        return _text(name, is_required=is_required)
    if hint in WORDS:
        return WORDS[hint]
    if get_origin(hint) is tuple:
        return _list(_word(get_args(hint)[0], "", is_required=True))
    if is_dataclass(hint):
        inner = fact(hint)  # type: ignore[arg-type]  # a type hint that is a dataclass is a class
        return Word(inner.schema, inner.read)
    return _choice(hint)


def _text(name: str, *, is_required: bool) -> Word:
    if name in DECIMALS:
        return DECIMAL
    return KEY if is_required and name not in MAY_BE_EMPTY else TEXT


def _list(item: Word) -> Word:
    schema = {"type": "array", "items": item.schema}
    read_item = item.read
    if read_item is None:
        return _plain(schema, tuple)
    return Word(
        schema,
        lambda value, path, reading: tuple(
            [read_item(each, (*path, place), reading) for place, each in enumerate(value)]
        ),
    )


def _nullable(word: Word) -> Word:
    read = word.read
    return Word(
        {**word.schema, "type": [word.schema["type"], "null"]},
        read and (lambda value, path, reading: None if value is None else read(value, path, reading)),
    )


def _choice(kind: type[StrEnum]) -> Word:
    values = {each.value: each for each in kind}
    return _plain({"type": "string", "enum": list(values)}, values.__getitem__)


def _plain(schema: Schema, make: Callable[[Any], Any]) -> Word:
    return Word(schema, lambda value, _path, _reading: make(value))


def _privacy(kind: type, name: str, hint: Any) -> tuple[PrivacyClass, PrivacyCategory]:  # a type
    """Return a field's class; of the contract's own facts an amount tells what a person is paid."""
    try:
        return privacy_of(kind, name)
    except LookupError:
        if hint is Money:
            return PrivacyClass.CONFIDENTIAL, PrivacyCategory.REIMBURSEMENT
        return PrivacyClass.INTERNAL, PrivacyCategory.NONE


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def _money(value: Any, path: Path, reading: Reading) -> Money:  # see Read
    return Money(reading.minor(value["amount"], value["currency"], (*path, "amount")), value["currency"])


_YEAR: Final = "^[12][0-9]{3}-"
_TIME: Final = r"T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"


def _told(description: str, **rules: Any) -> Schema:  # JSON Schema's own words
    return {"type": "string", "description": description, **rules}


# The descriptions end a sentence that begins with "a value is not".
TEXT_SCHEMA: Final = _told(f"a text of up to {LONGEST_TEXT} characters", maxLength=LONGEST_TEXT)
CURRENCY_SCHEMA: Final = _told("a currency's code such as EUR", pattern="^(?!XXX)[A-Z]{3}$")
AMOUNT_SCHEMA: Final = _told("an amount in plain decimals such as 119.00", pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$")
NUMBER_SCHEMA: Final = _told(
    "a positive number in plain decimals such as 0.8", pattern=r"^[0-9]{1,15}(\.[0-9]{1,15})?$"
)
DATE_SCHEMA: Final = _told("a day such as 2026-10-15", format="date", pattern=_YEAR)
MONTH_SCHEMA: Final = _told("a month such as 2026-10", pattern="^[12][0-9]{3}-(0[1-9]|1[0-2])$")

TEXT: Final = Word(TEXT_SCHEMA)
KEY: Final = Word(_told(f"a key of up to {LONGEST_TEXT} characters", maxLength=LONGEST_TEXT, pattern=r"\S"))
DECIMAL: Final = Word(
    _told("a number in plain decimals such as 0.8, or empty", pattern=r"^(-?[0-9]{1,15}(\.[0-9]{1,15})?)?$")
)
AMOUNT: Final = Word(AMOUNT_SCHEMA, lambda text, path, reading: reading.minor(text, reading.currency, path))
MONEY: Final = Word(
    {
        "type": "object",
        "properties": {"amount": AMOUNT_SCHEMA, "currency": CURRENCY_SCHEMA},
        "required": ["amount", "currency"],
    },
    _money,
)
WORDS: Final[Mapping[Any, Word]] = {
    bool: Word({"type": "boolean"}),
    int: _plain({"type": "integer", "minimum": 0, "maximum": 999_999}, int),
    date: _plain(DATE_SCHEMA, date.fromisoformat),
    datetime: _plain(
        _told(
            "a moment with its offset such as 2026-10-15T08:30:00Z",
            format="date-time",
            pattern=f"{_YEAR}[0-9]{{2}}-[0-9]{{2}}{_TIME}",
        ),
        lambda text: datetime.fromisoformat(text).astimezone(UTC),
    ),
    Mapping[str, str]: _plain({"type": "object", "additionalProperties": TEXT_SCHEMA}, dict),
    Money: MONEY,
}
"""By type; lists, choices and facts are made from these."""
