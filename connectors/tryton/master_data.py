"""Tryton's records as our master data: one row of a table per list, and how each is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from connectors.canonical.master_data import Domain, MasterRecord
from connectors.tryton.ledger import Roots
from connectors.tryton.wire import Domain as SearchDomain
from connectors.tryton.wire import Row, at

_COMPANY: Final = "company.party.code"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of ours in Tryton: the model, its fields, which of its records belong, and one record in our words."""

    model: str
    fields: tuple[str, ...]
    record: Callable[[Row], MasterRecord]
    domain: Callable[[Roots], SearchDomain] = lambda _roots: []


def _legal_entity(row: Row) -> MasterRecord:
    code = at(row, "party.code")
    attributes = _told(currency=at(row, "currency.code"), time_zone=row["timezone"], country=_country(row))
    return _record(Domain.LEGAL_ENTITY, row, code, at(row, "party.name"), attributes, legal_entity="")


def _country(row: Row) -> str:
    codes = (at(address, "country.code") for address in row["party."]["addresses."])
    return next((code for code in codes if code), "")


def _gl_account(row: Row) -> MasterRecord:
    attributes = _told(kind=_kind(row), party="required" if row["party_required"] else "")
    is_active = bool(row["active"]) and not row["closed"]
    return _record(Domain.GL_ACCOUNT, row, row["code"], row["name"], attributes, active=is_active)


def _kind(row: Row) -> str:
    kinds = ("payable", "receivable", "expense", "revenue", "assets")
    return next((kind for kind in kinds if at(row, f"type.{kind}")), "")


def _cost_object(domain: Domain) -> Callable[[Row], MasterRecord]:
    def record(row: Row) -> MasterRecord:
        is_active = bool(row["active"]) and row["state"] != "closed"
        return _record(domain, row, row["code"], row["name"], {}, active=is_active)

    return record


def _tax_code(row: Row) -> MasterRecord:
    rate = row["rate"]
    attributes = _told(rate="" if rate is None else f"{(rate * 100).normalize():f}")
    return _record(Domain.TAX_CODE, row, row["name"], row["description"], attributes, active=bool(row["active"]))


def _payment_term(row: Row) -> MasterRecord:
    name = row["description"] or row["name"]
    return _record(Domain.PAYMENT_TERM, row, row["name"], name, {}, active=bool(row["active"]), legal_entity="")


def _employee(domain: Domain) -> Callable[[Row], MasterRecord]:
    def record(row: Row) -> MasterRecord:
        attributes = _told(manager=at(row, "supervisor.party.code"), currency=at(row, "company.currency.code"))
        code, name = at(row, "party.code"), at(row, "party.name")
        return _record(domain, row, code, name, attributes, active=bool(row["active"]))

    return record


def _period(row: Row) -> MasterRecord:
    start, end = row["start_date"], row["end_date"]
    attributes = _told(
        start=start.isoformat(), end=end.isoformat(), fiscal_year=at(row, "fiscalyear.name"), status=row["state"]
    )
    is_open = row["state"] == "open"
    return _record(Domain.PERIOD, row, f"{start:%Y-%m}", row["name"], attributes, active=is_open)


def _record(
    domain: Domain,
    row: Row,
    code: str,
    name: str,
    attributes: Mapping[str, str],
    *,
    active: bool = True,
    legal_entity: str | None = None,
) -> MasterRecord:
    return MasterRecord(
        domain=domain,
        code=code,
        name=name,
        active=active,
        attributes=attributes,
        legal_entity=at(row, _COMPANY) if legal_entity is None else legal_entity,
        valid_from=row.get("start_date"),
        valid_to=row.get("end_date"),
        source_updated_at=row["last_modified_at"],
    )


def _told(**attributes: str | None) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value}


_NAMED: Final = ("code", "!=", None)
_PERSON: Final = (
    *("party.code", "party.name", _COMPANY, "company.currency.code"),
    *("supervisor.party.code", "active", "start_date", "end_date"),
)
_COST_OBJECT: Final = ("code", "name", "active", "state", _COMPANY)

LISTINGS: Final[Mapping[Domain, Listing]] = {
    Domain.LEGAL_ENTITY: Listing(
        "company.company",
        ("party.code", "party.name", "party.addresses.country.code", "currency.code", "timezone"),
        _legal_entity,
    ),
    Domain.GL_ACCOUNT: Listing(
        "account.account",
        (
            *("code", "name", "active", "closed", "start_date", "end_date", "party_required", _COMPANY),
            *("type.payable", "type.receivable", "type.expense", "type.revenue", "type.assets"),
        ),
        _gl_account,
        lambda _roots: [_NAMED, ["type", "!=", None]],
    ),
    Domain.COST_CENTER: Listing(
        "analytic_account.account",
        _COST_OBJECT,
        _cost_object(Domain.COST_CENTER),
        lambda roots: [_NAMED, ["type", "=", "normal"], ["root.code", "=", roots.cost_center]],
    ),
    Domain.PROJECT: Listing(
        "analytic_account.account",
        _COST_OBJECT,
        _cost_object(Domain.PROJECT),
        lambda roots: [_NAMED, ["type", "=", "normal"], ["root.code", "=", roots.project]],
    ),
    Domain.TAX_CODE: Listing(
        "account.tax", ("name", "description", "rate", "active", "start_date", "end_date", _COMPANY), _tax_code
    ),
    Domain.PAYMENT_TERM: Listing("account.invoice.payment_term", ("name", "description", "active"), _payment_term),
    Domain.EMPLOYEE: Listing("company.employee", _PERSON, _employee(Domain.EMPLOYEE)),
    Domain.APPROVAL_HIERARCHY: Listing("company.employee", _PERSON, _employee(Domain.APPROVAL_HIERARCHY)),
    Domain.PERIOD: Listing(
        "account.period",
        ("name", "start_date", "end_date", "state", "fiscalyear.name", _COMPANY),
        _period,
        lambda _roots: [["type", "=", "standard"]],
    ),
}
"""In the order in which a document needs them."""
