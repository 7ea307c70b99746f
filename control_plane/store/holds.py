"""What held transactions wait for, and which of them have been woken by a change."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Table, bindparam, delete, update
from sqlalchemy import select as core_select
from sqlmodel import Session

from control_plane.store.database import advisory_lock, shared_lock
from control_plane.store.prepared import Prepared, among, given
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import HoldRow

_HOLD: Final[Table] = table_of(HoldRow)

HoldKey = tuple[str, str, str]
"""Domain, legal entity ("" for any), code. Domains beside those of master data: `policy`, `posting`, `budget`."""

POSTING: Final = "posting"
"""The code is a business object, `source system|source id`, whose posting appears or is taken back."""
CLOCK: Final = "clock"
"""The code is the reason; the transaction is woken when its time comes."""
POLICY: Final = "policy"
"""The code is a flow: whatever is decided about it may free what it holds."""
BUDGET: Final = "budget"
"""The code is a budget, such as `project:P-05`, whose money comes back."""

BUDGETS: Final = "budgets"
"""What is locked by who asks what is spent, or gives money back."""
_LISTS: Final = "holds"
"""What is locked for every change of a list or a policy: those are rare."""


def policy_key(flow: str) -> HoldKey:
    """Return what waits for a decision about a flow's policy."""
    return POLICY, "", flow


def budget_key(budget: str) -> HoldKey:
    """Return what waits for money of a budget."""
    return BUDGET, "", budget


def watch(session: Session, keys: Iterable[HoldKey] = ()) -> None:
    """Let no change slip through between the look at a document and its hold: to be called before the look.

    Until the end of this unit of work lists and policies stay as they are, and so do the postings named by the keys;
    any number of units of work may watch at once.
    """
    shared_lock(session, _LISTS)
    advisory_lock(session, [_lock_of(key) for key in keys])


def replace(
    session: Session, awaited: Mapping[int, Iterable[HoldKey]], wake_at: Mapping[int, datetime] | None = None
) -> None:
    """Say anew what each transaction waits for, and when its time comes by itself; nothing: it waits no more."""
    if not awaited:
        return
    _FORGET.run(session, ids=list(awaited))
    rows = [
        {"transaction_id": number, "domain": domain, "legal_entity_id": entity, "code": code, "woken_at": woken}
        for number, keys in awaited.items()
        for woken in [(wake_at or {}).get(number)]
        for domain, entity, code in sorted(set(keys))
    ]
    insert_many(session, HoldRow, rows)


def wake(session: Session, changed: Sequence[HoldKey], *, now: datetime) -> int:
    """Wake what waits for one of the keys, whatever legal entity either side names as any; return how many waits."""
    if not changed:
        return 0
    advisory_lock(session, {_lock_of(key) for key in changed})  # who watches is about to hold: wait to see it
    keys = sorted({(domain, code) for domain, _, code in changed})
    domains, codes = zip(*keys, strict=True)
    return _WAKE.run(session, keys=keys, domains=domains, codes=codes, now=now)


def woken(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Return transactions to be checked again, oldest first."""
    return _WOKEN.scalars(session, now=now, most=limit)


def sleep(session: Session, transaction_ids: Sequence[int]) -> None:
    """Let what was checked again and still waits sleep on."""
    _SLEEP.run(session, ids=transaction_ids)


def _waking() -> Prepared:
    key = given("keys", {"domain": _HOLD.c.domain.type, "code": _HOLD.c.code.type})
    is_likely = among(_HOLD.c.domain, "domains") & among(_HOLD.c.code, "codes")  # said for the planner's index
    is_changed = (_HOLD.c.domain == key.c.domain) & (_HOLD.c.code == key.c.code)
    return Prepared(update(_HOLD).where(is_likely, is_changed).values(woken_at=bindparam("now")))


_IS_THEIRS: Final = among(_HOLD.c.transaction_id, "ids")
_FORGET: Final = Prepared(delete(_HOLD).where(_IS_THEIRS))
_SLEEP: Final = Prepared(update(_HOLD).where(_IS_THEIRS).values(woken_at=None))
_WAKE: Final = _waking()
_WOKEN: Final = Prepared(
    core_select(_HOLD.c.transaction_id)
    .where(_HOLD.c.woken_at <= bindparam("now"))
    .distinct()
    .order_by(_HOLD.c.transaction_id)
    .limit(bindparam("most"))
)


def _lock_of(key: HoldKey) -> str:
    domain, _, code = key
    return {POSTING: f"posting {code}", BUDGET: BUDGETS}.get(domain, _LISTS)
