"""The facts that a batch's steps want, fetched once: lists, bindings, policy, likely duplicates, budgets used."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.money import Money
from control_plane.domain.verdict import Candidate, Known
from control_plane.engine.lists import Lists
from control_plane.engine.parts import Unit
from control_plane.store import budgets, master_data, policies, transactions
from control_plane.store.transactions import Work


@dataclass(slots=True)
class Spent:
    """What is used of the budgets, while the documents of a batch are judged one after the other."""

    total: Counter[budgets.BudgetKey]
    by_document: dict[int, dict[budgets.BudgetKey, int]]

    def beside(self, transaction_id: int, limits: Mapping[str, Mapping[str, Any]]) -> Mapping[str, int]:
        """Return what all other documents use of the limited budgets."""
        own = self.by_document.get(transaction_id, {})
        keys = {budget: (budget, limit["currency"]) for budget, limit in limits.items()}
        return {budget: self.total[key] - own.get(key, 0) for budget, key in keys.items()}

    def use(self, transaction_id: int, uses: Mapping[str, Money]) -> None:
        """Let a document use budgets from now on, in place of what it used before."""
        if not (uses or transaction_id in self.by_document):
            return
        self.total.subtract(self.by_document.get(transaction_id, {}))
        own = {(budget, use.currency): use.minor for budget, use in uses.items()}
        self.by_document[transaction_id] = own
        self.total.update(own)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known for a batch, and of each document what it may repeat."""

    known: Mapping[str, Known]
    """By flow."""
    policy_version: Mapping[str, int]
    master_data_version: int
    candidates: Mapping[tuple[str, int], Sequence[Candidate]]
    """By currency and amount in minor units."""
    spent: Spent

    def of(self, work: Work) -> Known:
        """Return what the steps may know about one document: it repeats only what came before it."""
        alike = self.candidates.get((work.seen.currency, work.seen.amount_minor), ())
        earlier = tuple([one for one in alike if one.transaction_id < work.id])
        known = self.known[work.seen.flow]
        spent_minor = self.spent.beside(work.id, known.policy["budgets"]["limits"])
        return replace(known, candidates=earlier, spent_minor=spent_minor) if earlier or spent_minor else known


def gather(unit: Unit, lists: Lists, works: Sequence[Work]) -> Gathered:
    """Return the facts of now for a batch of documents."""
    session = unit.session
    records = lists.at(session)
    bindings = master_data.every_binding(session)
    known: dict[str, Known] = {}
    versions: dict[str, int] = {}
    for name in {work.seen.flow for work in works}:
        governed = policies.current(session, name)
        versions[name] = governed.version
        policy = unit.flows[name].policy.under(governed.values)
        known[name] = Known(
            now=unit.now,
            policy=policy,
            records=records,
            bindings=bindings,
            rates=lists.rates,
            group_rates=_group_rates(records, policy["group"]["currency"]),
        )
    return Gathered(
        known,
        versions,
        lists.version,
        _by_amount(transactions.of_same_amount(session, works)),
        _spent(unit, known.values(), works),
    )


def _spent(unit: Unit, known: Iterable[Known], works: Sequence[Work]) -> Spent:
    limited = {budget for one in known for budget in one.policy["budgets"]["limits"]}
    by_document = budgets.used_by(unit.session, [work.id for work in works]) if limited else {}
    return Spent(Counter(budgets.spent(unit.session, limited)), by_document)


def _group_rates(records: Mapping[master_data.Key, MasterRecord], currency: str) -> dict[tuple[str, str], str]:
    rates = [one.attributes for (domain, _, _), one in records.items() if domain is Domain.RATE and one.active]
    return {(one["from"], one["period"]): one["rate"] for one in rates if one.get("to") == currency}


def _by_amount(alike: Iterable[Candidate]) -> dict[tuple[str, int], list[Candidate]]:
    found: dict[tuple[str, int], list[Candidate]] = defaultdict(list)
    for one in alike:
        found[one.currency, one.amount_minor].append(one)
    return found
