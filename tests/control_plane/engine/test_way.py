"""The whole way of the built-in documents, on real twins: each ends where its case says."""

from collections import defaultdict

from connectors.twins.expense.sample_set import sample_set
from control_plane.domain.ledger import NOTHING, Amounts, LedgerKey, amounts_of
from control_plane.store import ledger
from control_plane.store.tables import TransactionRow
from control_plane.store.transactions import seen_of
from control_plane.store.transitions import key_of
from tests.stands.world import World

STOPPED = {
    "test_document": ("cancelled", "test_document"),
    "inactive_project": ("on_hold", "master_data"),
    "unknown_employee": ("on_hold", "master_data"),
    "unknown_currency": ("failed", "contract"),
    "too_many_decimals": ("failed", "contract"),
    "schema_violation": ("failed", "contract"),
    "wrong_total": ("failed", "rejected"),
    "over_limit": ("on_hold", "approval"),
    "other_company": ("on_hold", "routing"),
    "duplicate": ("duplicate", "exact_duplicate"),
}
"""Cases that do not reach the books; all others are posted."""


async def test_every_case_of_the_sample_set_ends_where_it_should(w: World) -> None:
    samples = sample_set()[:250]
    await w.approve(*[sample.envelope for sample in samples])
    await w.pull("concur", "expense_reports")
    await w.pull("concur", "cash_advances")
    await w.settle()

    rows = await w.transactions()
    ends = {row.source_document_id.removeprefix("cashadvance/"): (row.state, row.reason) for row in rows}
    expected = {sample.id: STOPPED.get(sample.case, ("posted", "")) for sample in samples}
    cases = {sample.id: sample.case for sample in samples}
    assert {(cases[i], ends[i]) for i in expected if ends[i] != expected[i]} == set()
    stopped = [row for row in rows if row.state in {"on_hold", "failed"}]
    assert {case.transaction_id for case in await w.cases()} == {row.id for row in stopped}
    await assert_balanced(w, rows)


async def assert_balanced(w: World, rows: list[TransactionRow]) -> None:
    """Compare the ledger with a recomputation from the transactions."""
    recomputed: dict[LedgerKey, Amounts] = defaultdict(Amounts)
    for row in rows:
        recomputed[key_of(seen_of(row))] += amounts_of(row.amount_minor, row.group_minor)
    booked = dict(await w.parts.read(ledger.balances))
    ours = {key: amounts for key, amounts in booked.items() if key.flow == "expense_report" and amounts != NOTHING}
    assert ours == dict(recomputed)
