"""Corrections: where a field stands in a document, what it says now, and the document as it is corrected."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport
from connectors.canonical.money import InexactAmountError, Money, UnknownCurrencyError, parse_minor
from control_plane.domain.correction import Change, Correctable, FieldClass

LONGEST_VALUE: Final = 500


class UncorrectableError(ValueError):
    """The field is not on the flow's list, or the value is none that the field can hold."""


class OutdatedValueError(ValueError):
    """The document does not say (any more) what was to be corrected."""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A field that may be corrected, with what the document says now."""

    path: str
    field_class: FieldClass
    value: str


@dataclass(frozen=True, slots=True)
class _Spot:
    """How a field is read from an expense report, or from a line of it, and written into it."""

    values: Callable[[ExpenseReport, ExpenseLine | None], Iterable[str]]
    put: Callable[[ExpenseReport, ExpenseLine | None, Change], ExpenseReport]


def fields_of(report: ExpenseReport, correctable: Correctable) -> tuple[FieldValue, ...]:
    """Return every field of the document that may be corrected, each value once."""
    found = (
        FieldValue(path, correctable[name], value)
        for name in correctable
        for path, line in _paths(report, name)
        for value in dict.fromkeys(_SPOTS[name].values(report, line))
    )
    return tuple(found)


def classes_of(changes: Sequence[Change], correctable: Correctable) -> frozenset[FieldClass]:
    """Return what the changes touch together.

    Raises:
        UncorrectableError: a field is not on the list.
    """
    return frozenset(correctable[_name_of(change, correctable)] for change in changes)


def corrected(report: ExpenseReport, changes: Sequence[Change]) -> ExpenseReport:
    """Return the document with the changes, one after the other.

    Raises:
        UncorrectableError: a field is none that can be corrected, or a value is none that it can hold.
        OutdatedValueError: the document does not say what is to be corrected.
    """
    for change in changes:
        spot, line = _SPOTS[_name_of(change, NAMES)], _line(report, change.path)
        if change.before not in spot.values(report, line):
            raise OutdatedValueError(f"{change.path} does not say {change.before!r}")
        if change.before == change.after or len(change.after) > LONGEST_VALUE:
            raise UncorrectableError(f"{change.path} cannot become {change.after[:40]!r}")
        report = spot.put(report, line, change)
    return report


def _name_of(change: Change, allowed: Collection[str]) -> str:
    head, *rest = change.path.split(".")
    name = f"lines.{rest[1]}" if head == "lines" and len(rest) == 2 else change.path  # noqa: PLR2004  (number, field)
    if name not in allowed:
        raise UncorrectableError(f"{change.path} is no field that may be corrected here")
    return name


def _line(report: ExpenseReport, path: str) -> ExpenseLine | None:
    if not path.startswith("lines."):
        return None
    number = path.split(".")[1]
    found = next((line for line in report.lines if str(line.line_number) == number), None)
    if found is None:
        raise UncorrectableError(f"the document has no line {number[:20]}")
    return found


def _paths(report: ExpenseReport, name: str) -> Iterable[tuple[str, ExpenseLine | None]]:
    field = name.removeprefix("lines.")
    if field == name:
        return [(name, None)]
    return [(f"lines.{line.line_number}.{field}", line) for line in report.lines]


def _header(read: Callable[[ExpenseReport], str], write: Callable[[ExpenseReport, str], ExpenseReport]) -> _Spot:
    return _Spot(lambda report, _line: (read(report),), lambda report, _line, change: write(report, change.after))


def _of_lines(
    values: Callable[[ExpenseLine], Iterable[str]], put: Callable[[ExpenseLine, Change], ExpenseLine]
) -> _Spot:
    def in_report(report: ExpenseReport, line: ExpenseLine | None, change: Change) -> ExpenseReport:
        return replace(report, lines=tuple(put(one, change) if one is line else one for one in report.lines))

    return _Spot(lambda _report, line: () if line is None else values(line), in_report)


def _coding(name: str) -> _Spot:
    def values(line: ExpenseLine) -> Iterable[str]:
        return (getattr(journal.coding, name) for journal in line.journals)

    def put(line: ExpenseLine, change: Change) -> ExpenseLine:
        return replace(line, journals=tuple(_coded(journal, name, change) for journal in line.journals))

    return _of_lines(values, put)


def _coded(journal: ExpenseJournal, name: str, change: Change) -> ExpenseJournal:
    if getattr(journal.coding, name) != change.before:
        return journal
    return replace(journal, coding=replace(journal.coding, **{name: change.after}))


def _tax_codes(line: ExpenseLine) -> Iterable[str]:
    return (tax.tax_code_ref for journal in line.journals for tax in journal.taxes)


def _put_tax_code(line: ExpenseLine, change: Change) -> ExpenseLine:
    return replace(line, journals=tuple(_taxed(journal, change) for journal in line.journals))


def _taxed(journal: ExpenseJournal, change: Change) -> ExpenseJournal:
    taxes = tuple(
        replace(tax, tax_code_ref=change.after) if tax.tax_code_ref == change.before else tax for tax in journal.taxes
    )
    return replace(journal, taxes=taxes)


def _put_payee(report: ExpenseReport, employee_ref: str) -> ExpenseReport:
    if not employee_ref.strip():
        raise UncorrectableError("a document without a payee pays nobody")
    return replace(report, employee=replace(report.employee, employee_ref=employee_ref.strip(), name=""))


def _put_date(report: ExpenseReport, text: str) -> ExpenseReport:
    try:
        return replace(report, document_date=date.fromisoformat(text))
    except ValueError as error:
        raise UncorrectableError(f"{text[:40]!r} is no date") from error


def _total(report: ExpenseReport) -> Iterable[str]:
    """Return the amount; none where nobody knows how many decimals its currency has."""
    try:
        return (report.total.decimal,)
    except UnknownCurrencyError:
        return ()


def _put_total(report: ExpenseReport, text: str) -> ExpenseReport:
    currency = report.total.currency
    try:
        return replace(report, total=Money(parse_minor(text, currency), currency))
    except InexactAmountError as error:
        raise UncorrectableError(f"{text[:40]!r} is no amount in {currency}") from error


_SPOTS: Final[Mapping[str, _Spot]] = {
    "title": _header(lambda report: report.title, lambda report, text: replace(report, title=text)),
    "document_date": _header(
        lambda report: report.document_date.isoformat() if report.document_date else "", _put_date
    ),
    "employee": _header(lambda report: report.employee.employee_ref, _put_payee),
    "total": _Spot(
        lambda report, _line: _total(report), lambda report, _line, change: _put_total(report, change.after)
    ),
    "lines.description": _of_lines(
        lambda line: (line.description,), lambda line, change: replace(line, description=change.after)
    ),
    "lines.account": _coding("account_ref"),
    "lines.cost_center": _coding("cost_center_ref"),
    "lines.project": _coding("project_ref"),
    "lines.tax_code": _of_lines(_tax_codes, _put_tax_code),
}
"""Every field that a flow of expense reports may name."""

NAMES: Final = frozenset(_SPOTS)
