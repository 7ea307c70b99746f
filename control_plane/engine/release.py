"""Release: what was held for a reason that has gone is looked at again and goes on by itself."""

from control_plane.domain.transaction import State
from control_plane.engine import confirm, pay
from control_plane.engine.check import examine, judge, translations_of
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.succeed import posting_key
from control_plane.flows.confirmations import PAYMENT_CONFIRMATION
from control_plane.store import holds, transactions


async def release(parts: Parts) -> int:
    """Look again at what a change has woken; return how many documents that were."""
    return await parts.write(lambda unit: _release(unit, parts))


def _release(unit: Unit, parts: Parts) -> int:
    woken = holds.woken(unit.session, now=unit.now, limit=parts.settings.batch)
    if not woken:
        return 0
    works = transactions.standing(unit.session, State.ON_HOLD, woken)
    holds.watch(unit.session, [posting_key(work) for work in works])
    holds.sleep(unit.session, woken)
    documents = [work for work in works if work.seen.flow not in confirm.FLOWS]
    judge(unit, examine(unit, parts, documents))
    payments = [work for work in works if work.seen.flow == PAYMENT_CONFIRMATION.name]
    pay.look_again(unit, payments, translations_of(unit, parts, payments))
    return len(woken)
