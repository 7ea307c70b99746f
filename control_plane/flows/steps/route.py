"""Route: choose target, company, ledger and document type, and write the ERP documents."""

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.canonical.master_data import Domain
from connectors.failures import Failure
from control_plane.domain.rule import first_match
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Case, Known, Needs, Verdict
from control_plane.flows.posting import Books, Entry, Group, Route, groups_of, intent_of, roles_of

NEEDS: Final = Needs(master_data=frozenset({Domain.GL_ACCOUNT}))

EVERY_ENTITY: Final = "*"


def route(case: Case, known: Known) -> Verdict:
    """Return the intended ERP documents, or a hold with everything that the tables do not say."""
    if not case.is_placed:
        return Verdict(case)
    groups = groups_of(case.report)
    control = control_accounts(case.legal_entity, known)
    matches = {group: _match(case, group, known) for group in groups}
    routes = {group: found[1] for group, found in matches.items() if found}
    failures = (
        *_intercompany(case),
        *(_no_route(case, group) for group, found in matches.items() if found is None),
        *_split(case, routes),
        *_no_control(case, groups, control),
    )
    facts = _facts(matches)
    if failures or case.posting_date is None:
        return Verdict(case, failures, hold=Reason.ROUTING if failures else None, facts=facts)
    books = Books(known, case.legal_entity, case.report.employee.employee_ref, control)
    written = (intent_of(case, group, groups[group], routes[group], books, case.posting_date) for group in groups)
    intents = tuple(intent for intent in written if intent)
    if not intents:
        return Verdict(case, (Failure("no_journals", field_path="lines"),), facts=facts)
    return Verdict(case, intents=intents, target=next(one.target for one in routes.values()), facts=facts)


def control_accounts(legal_entity: str, known: Known) -> Mapping[str, str]:
    """Return the control accounts of a legal entity by role: its own over those for all."""
    tables: Mapping[str, Mapping[str, str]] = known.policy["control_accounts"]
    return {**tables.get(EVERY_ENTITY, {}), **tables.get(legal_entity, {})}


def _match(case: Case, group: Group, known: Known) -> tuple[int, Route] | None:
    payer, payee = group
    facts = {
        "legal_entity": case.legal_entity,
        "payer": payer,
        "payee": payee,
        "currency": case.report.total.currency,
        "source_system": case.report.source_system,
        "country": case.report.employee.country_code,
    }
    found = first_match(known.policy["routing"]["rules"], facts)
    if found is None:
        return None
    number, then = found
    company = then.get("company") or case.legal_entity
    return number, Route(then["target"], company, then["ledger"], then["document_type"])


def _facts(matches: Mapping[Group, tuple[int, Route] | None]) -> dict[str, str]:
    rules = [f"{words_of(group)}: {found[0]}" for group, found in matches.items() if found]
    return {"routing_rules": ", ".join(rules)} if rules else {}


def words_of(group: Group) -> str:
    """Return payer and payee in words, such as `company to employee`."""
    payer, payee = group
    return f"{payer} to {payee}".replace("_", " ")


def _no_route(case: Case, group: Group) -> Failure:
    return Failure("no_route", {"value": words_of(group), "entity": case.legal_entity}, "routing")


def _split(case: Case, routes: Mapping[Group, Route]) -> tuple[Failure, ...]:
    targets = {one.target for one in routes.values()}
    if len(targets) <= 1:
        return ()
    return (Failure("split_route", {"value": " and ".join(sorted(targets)), "entity": case.legal_entity}, "routing"),)


def _no_control(case: Case, groups: Mapping[Group, Sequence[Entry]], control: Mapping[str, str]) -> tuple[Failure, ...]:
    missing = [role for entries in groups.values() for role in roles_of(entries) if not control.get(role)]
    return tuple(
        Failure("no_control_account", {"value": role.replace("_", " "), "entity": case.legal_entity}, "routing")
        for role in dict.fromkeys(missing)
    )


def _intercompany(case: Case) -> tuple[Failure, ...]:
    others = {journal.coding.legal_entity_ref for journal in case.report.journals} - {"", case.legal_entity}
    if not others:
        return ()
    values = {"value": " and ".join(sorted(others)), "entity": case.legal_entity, "source": case.report.source_system}
    return (Failure("intercompany", values, "lines"),)
