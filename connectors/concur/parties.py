"""Who pays, who is paid and who approved."""

import re
from collections.abc import Mapping
from typing import Any, Final  # a JSON value may be anything

from connectors.canonical.party import Approver, Employee, Payer
from connectors.concur.fields import Fields, Scopes, first_of
from connectors.concur.values import moment_of
from connectors.concur.wire import text_of

PAYERS: Final[Mapping[str, Payer]] = {
    "COMP": Payer.COMPANY,
    "EMPL": Payer.EMPLOYEE,
    "IBIP": Payer.EMPLOYEE,
    "IBCP": Payer.INDIVIDUALLY_BILLED_CARD,
    "CBCP": Payer.COMPANY_BILLED_CARD,
    "COPD": Payer.COMPANY_PAID,
}
"""The platform's payment codes. What an individual pays on an individual bill is owed to the employee."""

_LEVEL: Final = re.compile(r"[0-9]{1,2}")


def employee_of(employee: Mapping[str, Any], country: object = None) -> Employee:
    """Return the employee that a document is about."""
    names = (text_of(employee.get(key)) for key in ("employeeFirstName", "employeeMI", "employeeLastName"))
    name = " ".join(part for part in names if part)
    return Employee(text_of(employee["employeeId"]), name, text_of(country))


def approvers_of(scopes: Scopes, fields: Fields) -> tuple[Approver, ...]:
    """Return who approved last: the platform names no other. A level that is no number is the first."""
    reference, level = first_of(fields.approver, scopes), first_of(fields.approver_level, scopes)
    if not reference:
        return ()
    moment = _moment_in(first_of(fields.approver_moment, scopes))
    return (Approver(reference, int(level) if _LEVEL.fullmatch(level) else 1, approved_at=moment),)


def _moment_in(text: str) -> str:
    """Return a moment as RFC 3339 in UTC; a customer's own field may hold anything, which is no moment then."""
    try:
        moment = moment_of(text)
    except ValueError:
        return ""
    return moment.isoformat().replace("+00:00", "Z") if moment else ""
