"""Approval: was it approved by somebody whose limit covers it?"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.money import Money
from connectors.failures import Failure
from control_plane.domain.calendar import period_of
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Awaited, Case, Known, Needs, Verdict
from control_plane.flows.exchange import converted

NEEDS: Final = Needs(master_data=frozenset({Domain.APPROVAL_HIERARCHY}))

LONGEST_CHAIN: Final = 20
"""Managers of managers, before a hierarchy that runs in a circle is left."""


class Authority(NamedTuple):
    """An approver with what they may approve, in minor units of the document's currency."""

    code: str
    limit: Money | None
    """None: without limit."""
    limit_minor: int | None
    """None: without limit, or not comparable."""
    is_listed: bool = True
    """Whether the hierarchy names them."""

    @property
    def is_comparable(self) -> bool:
        """Return whether the limit can be held against the document."""
        return self.limit is None or self.limit_minor is not None

    def covers(self, amount_minor: int) -> bool:
        """Return whether the limit reaches the amount; exactly at the limit does."""
        return self.limit is None or (self.limit_minor is not None and amount_minor <= self.limit_minor)


def approval(case: Case, known: Known) -> Verdict:
    """Return a warning or a hold, by policy, for an approval that is missing or above its limit.

    The highest of several approvers counts. Somebody who does not stand in the hierarchy has the limit that the
    source states for them; a limit that cannot be compared is a warning.
    """
    rules = known.policy["approval"]
    if not case.report.approvers:
        return _said(case, Failure("approval_missing", field_path="approvers"), rules["missing"])
    if not case.is_placed:
        return Verdict(case)
    authorities = list(_authorities(case, known))
    facts = {"approvers": " ".join(one.code for one in authorities)}
    strangers = tuple(
        Failure("approver_unknown", {"approver": one.code}, "approvers") for one in authorities if not one.is_listed
    )
    if any(one.covers(case.report.total.minor) for one in authorities):
        return Verdict(case, warnings=strangers, facts=facts)
    compared = [one for one in authorities if one.is_comparable]
    if not compared:
        return Verdict(case, warnings=(*strangers, _not_comparable(authorities[-1])), facts=facts)
    highest = max(compared, key=lambda one: one.limit_minor or 0)
    awaited = tuple(Awaited(Domain.APPROVAL_HIERARCHY, case.legal_entity, one.code) for one in authorities)
    said = _said(case, _above_limit(case, highest, known), rules["above_limit"], awaited)
    return said._replace(warnings=(*said.warnings, *strangers), facts=facts)


def _said(case: Case, failure: Failure, rule: str, awaited: tuple[Awaited, ...] = ()) -> Verdict:
    if rule == "hold":
        return Verdict(case, (failure,), hold=Reason.APPROVAL, awaited=awaited)
    return Verdict(case, warnings=(failure,))


def _authorities(case: Case, known: Known) -> Iterator[Authority]:
    for approver in case.report.approvers:
        code = known.erp_key(Domain.EMPLOYEE, case.report.source_system, approver.employee_ref)
        record = _record(case, code, known)
        if record is not None:
            yield _authority(case, record, known)
        elif approver.limit_minor is None:
            yield Authority(code, None, None, is_listed=False)
        else:
            limit = Money(approver.limit_minor, case.report.total.currency)
            yield Authority(code, limit, approver.limit_minor, is_listed=False)


def _authority(case: Case, record: MasterRecord, known: Known) -> Authority:
    text = record.attributes.get("limit_minor", "")
    if not text:
        return Authority(record.code, None, None)
    limit = Money(int(text), record.attributes.get("currency", "") or case.report.total.currency)
    period = period_of((case.report.approved_at or known.now).date())
    return Authority(record.code, limit, converted(limit, case.report.total.currency, period, known))


def _record(case: Case, code: str, known: Known) -> MasterRecord | None:
    record = known.record(Domain.APPROVAL_HIERARCHY, case.legal_entity, code)
    return record if record is not None and record.active else None


def _above_limit(case: Case, highest: Authority, known: Known) -> Failure:
    values = {
        "approver": highest.code,
        "limit": str(highest.limit),
        "remedy_approver": _who_may(case, highest.code, known),
    }
    return Failure("approver_not_authorized", values, "approvers")


def _who_may(case: Case, code: str, known: Known) -> str:
    """Return the first manager above whose limit covers the document."""
    for _ in range(LONGEST_CHAIN):
        record = _record(case, code, known)
        code = record.attributes.get("manager", "") if record else ""
        manager = _record(case, code, known) if code else None
        if manager is None:
            break
        if _authority(case, manager, known).covers(case.report.total.minor):
            return manager.code
    return "somebody with a higher limit"


def _not_comparable(authority: Authority) -> Failure:
    currency = authority.limit.currency if authority.limit else ""
    return Failure("limit_not_comparable", {"approver": authority.code, "currency": currency}, "approvers")
