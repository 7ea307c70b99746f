"""Where a customer's own facts stand: org units and custom fields mean what each company decided."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeAlias  # a JSON value may be anything

from connectors.concur.wire import text_of

Scopes: TypeAlias = tuple[Mapping[str, Any], ...]  # the objects of a document that a field may stand in
"""The objects in which a name is looked up, the nearest first; the platform's prefixes tell the levels apart."""

_FIELD: Final = re.compile(r"[a-z][A-Za-z0-9]*")


class UnusableFieldError(ValueError):
    """An option names a field as the platform names none."""


@dataclass(frozen=True, slots=True)
class Fields:
    """For each of our facts, the names of the platform's fields; the first that holds something counts.

    Cost objects come from the finest level that names one: allocation over entry over report, never the employee.
    """

    legal_entity: tuple[str, ...] = ("employeeOrgUnit2Code", "reportOrgUnit2Code", "companyId")
    cost_center: tuple[str, ...] = ("allocationCustom4Code", "entryOrgUnit4Code", "reportOrgUnit4Code")
    project: tuple[str, ...] = ("allocationCustom5Code", "entryOrgUnit5Code", "reportOrgUnit5Code")
    cost_object_entity: tuple[str, ...] = ("allocationCustom2Code", "entryOrgUnit2Code")
    account: tuple[str, ...] = ("journalAccountCode", "accountCode", "clearingAccountCode")
    tax_code: tuple[str, ...] = ("taxReclaimCode", "taxCode")
    document_number: tuple[str, ...] = ("reportNumber", "reportKey", "reportId", "cashAdvanceId")
    approver: tuple[str, ...] = ("lastApproverId",)
    approver_level: tuple[str, ...] = ("reportCustom1Code",)
    approver_moment: tuple[str, ...] = ("reportPaymentProcessingDate",)
    policy_status: tuple[str, ...] = ("reportCustom2Code",)


FIELD_OPTIONS: Final = tuple(field.name for field in fields(Fields))


def fields_of(options: Mapping[str, str]) -> Fields:
    """Return the usual fields with those that the options place elsewhere.

    Raises:
        UnusableFieldError: a name cannot be one of the platform's fields.
    """
    return replace(
        Fields(), **{option: _names(option, options[option]) for option in FIELD_OPTIONS if option in options}
    )


def first_of(names: Iterable[str], scopes: Scopes) -> str:
    """Return the first of the named fields that holds something, or nothing."""
    found = (text_of(scope.get(name)) for name in names for scope in scopes)
    return next((text for text in found if text), "")


def _names(option: str, text: str) -> tuple[str, ...]:
    """Return the names that an option lists, parted by spaces; none: the fact stands nowhere."""
    names = tuple(text.split())
    wrong = next((name for name in names if not _FIELD.fullmatch(name)), None)
    if wrong is not None:
        raise UnusableFieldError(f"option {option!r}: {wrong!r} is no field of the platform, such as entryOrgUnit4Code")
    return names
