"""What the sandbox ERP's refusals mean in our catalog, chosen by code before text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from connectors.canonical.master_data import Domain
from connectors.exchange import Exchange, Reply, failure_of
from connectors.failures import Failure, unknown_answer
from connectors.sandbox_erp.wire import Refused, Rejected, read

_DECIDED_BY_STATUS: Final = frozenset({401, 403, 413, 429})
"""Statuses that say by themselves that nothing was done."""

_CONFLICT: Final = 409
"""All of it is there already: a success in the shape of an error, so the ERP is asked what it holds."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A catalog code, its values as templates over the refusal's own words."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)


_MISSHAPEN: Final = _Meaning("schema_violation", {"problem": "{message}", "field": "{field}"})
_REFUSED: Final = _Meaning("rejected_by_target", {"problem": "{message}"})
_KEYS: Final = {
    "account": (Domain.GL_ACCOUNT, "Account"),
    "party": (Domain.EMPLOYEE, "Employee"),
    "cost_center": (Domain.COST_CENTER, "Cost center"),
    "project": (Domain.PROJECT, "Project"),
    "tax_code": (Domain.TAX_CODE, "Tax code"),
}


def _about_keys(ending: str, code: str) -> dict[str, _Meaning]:
    return {
        f"{word}_{ending}": _Meaning(code, {"domain": domain.value, "domain_title": title, "value": "{value}"})
        for word, (domain, title) in _KEYS.items()
    }


MEANINGS: Final[Mapping[str, _Meaning]] = {
    "reference_missing": _MISSHAPEN,
    "field_invalid": _MISSHAPEN,
    "company_unknown": _Meaning("unmapped_legal_entity", {"value": "{value}"}),
    "ledger_unknown": _REFUSED,
    "document_type_unknown": _REFUSED,
    "currency_unknown": _REFUSED,
    "date_invalid": _MISSHAPEN,
    "period_missing": _Meaning("no_open_period", {"value": "{value}"}),
    "period_closed": _Meaning("closed_period", {"value": "{month}"}),
    "lines_missing": _MISSHAPEN,
    "amount_invalid": _MISSHAPEN,
    "amount_negative": _MISSHAPEN,
    "amount_two_sided": _MISSHAPEN,
    "decimals_exceeded": _Meaning("inexact_amount", {"value": "{value}", "currency": "its currency"}),
    **_about_keys("unknown", "missing_binding"),
    **_about_keys("inactive", "inactive_master_data"),
    "party_missing": _REFUSED,
    "party_of_other_company": _REFUSED,
    "cost_center_of_other_company": _REFUSED,
    "project_of_other_company": _REFUSED,
    "tax_code_of_other_company": _REFUSED,
    "tax_code_missing": _Meaning("tax_refused", {"problem": "{message}", "value": "{value}"}),
    "unbalanced": _Meaning("unbalanced"),
    "budget_exceeded": _Meaning(
        "budget_exceeded", {"value": "{value}", "excess": "an amount that the ERP does not tell"}
    ),
    "document_unknown": _REFUSED,
    "not_reversible": _REFUSED,
    "document_paid": _REFUSED,
}
"""Why one document is refused."""

_REQUESTS: Final[Mapping[str, _Meaning]] = {
    "malformed": _MISSHAPEN,
    "invalid": _MISSHAPEN,
    "not_found": _Meaning("wrong_address"),
    "not_searchable": _Meaning("cannot_be_asked"),
}
"""Why a whole request is refused; what the status alone says is not repeated here."""


def failure_of_rejection(rejected: Rejected) -> Failure:
    """Return why one document was refused; one in unknown words keeps code and text."""
    meaning = MEANINGS.get(rejected.code)
    if meaning is None:
        return unknown_answer(rejected.code, rejected.message, rejected.field)
    return _filled(meaning, message=rejected.message, field_path=rejected.field, value=rejected.value or "nothing")


def failure_of_exchange(exchange: Exchange) -> Failure:
    """Return why an exchange brought no answer to read; what nobody promised leaves everything open."""
    if not isinstance(exchange, Reply):
        return failure_of(exchange) or unclear("")
    refused = read(Refused, exchange.body)
    if isinstance(refused, Refused) and refused.error.code in _REQUESTS:
        meaning = _REQUESTS[refused.error.code]
        return _filled(meaning, message=refused.error.message, field_path="the request")
    if exchange.status == _CONFLICT:
        return Failure("already_booked", detail=exchange.excerpt)
    by_status = failure_of(exchange) if exchange.status in _DECIDED_BY_STATUS else None
    return by_status or unclear(f"{exchange.status} {exchange.excerpt}")


def unclear(detail: str) -> Failure:
    """Return that nothing is known of what was asked."""
    return Failure("answer_lost", detail=detail)


def _filled(meaning: _Meaning, *, message: str, field_path: str, value: str = "") -> Failure:
    words = {"message": message, "field": field_path, "value": value, "month": value[:7]}
    values = {name: template.format_map(words) for name, template in meaning.values.items()}
    return Failure(meaning.code, values, field_path=field_path, detail=message)
