"""What Tryton would refuse, or worse would not: found by its own records before anything is sent."""

from collections.abc import Iterator, Mapping
from typing import Final

from connectors.canonical.master_data import Domain
from connectors.contract import Intent, PostingLine
from connectors.failures import Failure
from connectors.tryton.ledger import Ledger

_TITLES: Final[Mapping[str, tuple[Domain, str]]] = {
    "account": (Domain.GL_ACCOUNT, "Account"),
    "cost_center": (Domain.COST_CENTER, "Cost center"),
    "project": (Domain.PROJECT, "Project"),
    "party": (Domain.EMPLOYEE, "Employee"),
    "tax_code": (Domain.TAX_CODE, "Tax code"),
}


def problem_of(intent: Intent, ledger: Ledger) -> Failure | None:
    """Return the first reason why the document cannot be booked, or None.

    Tryton takes inactive cost objects without a word, and on SQLite unbalanced moves too.
    """
    return next(_problems(intent, ledger), None)


def _problems(intent: Intent, ledger: Ledger) -> Iterator[Failure]:
    if sum(line.debit_minor - line.credit_minor for line in intent.lines):
        yield Failure("unbalanced")
    if intent.document_type not in ledger.journals:
        yield Failure("rejected_by_target", {"problem": f"it has no journal {intent.document_type}"})
    yield from _period_problems(intent, ledger)
    yield from _currency_problems(intent, ledger)
    for place, line in enumerate(intent.lines):
        yield from _line_problems(intent, line, f"lines.{place}", ledger)


def _period_problems(intent: Intent, ledger: Ledger) -> Iterator[Failure]:
    period = ledger.period_of(intent.posting_date)
    if period is None:
        yield Failure("no_open_period", {"value": intent.posting_date.isoformat(), "entity": intent.company})
    elif not period.is_open:
        yield Failure("closed_period", {"value": f"{period.start:%Y-%m}", "entity": intent.company})


def _currency_problems(intent: Intent, ledger: Ledger) -> Iterator[Failure]:
    own = ledger.company.currency
    if intent.currency == own:
        return
    for code in (intent.currency, own):
        known = ledger.currencies.get((code, intent.posting_date))
        if known is None or not known.rate:
            yield Failure("rejected_by_target", {"problem": f"it has no rate of {code} for {intent.posting_date}"})


def _line_problems(intent: Intent, line: PostingLine, path: str, ledger: Ledger) -> Iterator[Failure]:
    account = ledger.accounts.get(line.account)
    if account is None:
        yield _missing("account", line.account, path)
    elif not account.takes(intent.posting_date):
        yield _inactive("account", line.account, path)
    for name, known in (("cost_center", ledger.cost_centers), ("project", ledger.projects)):
        code = getattr(line, name)
        if code and code not in known:
            yield _missing(name, code, path)
        elif code and not known[code].is_active:
            yield _inactive(name, code, path)
    if line.party and line.party not in ledger.parties:
        yield _missing("party", line.party, path)
    if line.tax_code and line.tax_code not in ledger.tax_codes:
        yield _missing("tax_code", line.tax_code, path)


def _missing(name: str, code: str, path: str) -> Failure:
    return Failure("missing_binding", _values(name, code), field_path=f"{path}.{name}")


def _inactive(name: str, code: str, path: str) -> Failure:
    return Failure("inactive_master_data", _values(name, code), field_path=f"{path}.{name}")


def _values(name: str, code: str) -> dict[str, str]:
    domain, title = _TITLES[name]
    return {"domain": domain.value, "domain_title": title, "value": code}
