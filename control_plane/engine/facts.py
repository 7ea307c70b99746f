"""The facts that a batch's steps want, fetched once: lists, bindings, policy, likely duplicates, budgets used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.domain import duplicates
from control_plane.domain.verdict import Candidate, Known
from control_plane.engine.lists import Lists
from control_plane.engine.parts import Unit
from control_plane.store import master_data, policies
from control_plane.store.transactions import Work


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known for a batch, and of each document what it may repeat."""

    known: Mapping[str, Known]
    """By flow."""
    policy_version: Mapping[str, int]
    master_data_version: int
    candidates: tuple[Candidate, ...]

    def of(self, work: Work) -> Known:
        """Return what the steps may know about one document: it repeats only what came before it."""
        earlier = tuple(one for one in self.candidates if one.transaction_id < work.id)
        return replace(self.known[work.seen.flow], candidates=earlier)


def gather(unit: Unit, lists: Lists, works: Sequence[Work], alike: tuple[Candidate, ...]) -> Gathered:
    """Return the facts of now for a batch of documents; `alike` are the earlier ones that they may repeat."""
    session = unit.session
    records = lists.at(session)
    bindings = master_data.every_binding(session)
    known: dict[str, Known] = {}
    versions: dict[str, int] = {}
    for name in {work.seen.flow for work in works}:
        governed = policies.current(session, name)
        versions[name] = governed.version
        policy = {**unit.flows[name].policy.values, **governed.values}
        known[name] = Known(
            now=unit.now,
            policy=policy,
            records=records,
            bindings=bindings,
            rates=lists.rates,
            group_rates=_group_rates(records, policy["group"]["currency"]),
        )
    return Gathered(known, versions, lists.version, alike)


def _group_rates(records: Mapping[master_data.Key, MasterRecord], currency: str) -> dict[tuple[str, str], str]:
    rates = [one.attributes for (domain, _, _), one in records.items() if domain is Domain.RATE and one.active]
    return {(one["from"], one["period"]): one["rate"] for one in rates if one.get("to") == currency}


def candidates(works: Sequence[Work], reports: Mapping[int, ExpenseReport]) -> tuple[Candidate, ...]:
    """Return documents as a later one would see them."""
    return tuple(duplicates.candidate_of(work.id, reports[work.id]) for work in works if work.id in reports)
