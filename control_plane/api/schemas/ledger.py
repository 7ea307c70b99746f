"""Where every amount is."""

from datetime import date, datetime

from control_plane.api.schemas.common import Answer, Figures, LedgerAmount, Totals
from control_plane.domain.transaction import Place, State


class LedgerLine(Answer):
    """`received = in progress + blocked + at source + posted + withdrawn`, with what it lacks."""

    flow: str
    legal_entity_id: str
    currency: str
    cohort: str
    """Empty where the line sums all cohorts."""
    received: LedgerAmount
    """Summed from the dated movements; the places come from the balances."""
    in_progress: LedgerAmount
    blocked: LedgerAmount
    at_source: LedgerAmount
    posted: LedgerAmount
    """Gross: a reversed document stays posted."""
    withdrawn: LedgerAmount
    reversed: LedgerAmount
    posted_net: LedgerAmount
    """`posted - reversed`."""
    difference: LedgerAmount
    is_balanced: bool


class LedgerAnswer(Figures):
    """The money ledger by place, now or at the end of a day."""

    day: date | None
    """None: now."""
    items: list[LedgerLine]
    received: Totals
    """As all totals here: without confirmations, which repeat amounts, unless their flow was asked for."""
    open: Totals
    """In progress and blocked."""
    oldest_open_at: datetime | None
    unexplained: Totals
    is_balanced: bool


class LedgerState(Answer):
    """A part of one place: a state with its reason, of one flow."""

    flow: str
    place: Place
    state: State
    reason: str
    totals: Totals


class LedgerStates(Figures):
    """What a place consists of, for the drill from a ledger line."""

    items: list[LedgerState]
