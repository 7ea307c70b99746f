"""A flow: the route from a source to a target as one value, and the driver that walks its steps."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

from connectors.canonical.expense import ExpenseReport
from connectors.failures import Failure, FailureKind
from control_plane.domain.correction import Correctable
from control_plane.domain.sla import SlaTarget, target_of
from control_plane.domain.transaction import Reason, State
from control_plane.domain.verdict import Case, Known, Needs, Verdict

T = TypeVar("T")


class Away(StrEnum):
    """What happens while a dependency is away."""

    QUEUE = "queue"
    REQUIRE = "require"
    COMPENSATE = "compensate"


@dataclass(frozen=True, slots=True)
class Policy:
    """A flow's defaults; governed, versioned rows override the values key by key."""

    values: Mapping[str, Mapping[str, Any]]  # JSON, as store.policies holds it
    """What the steps read, by key."""
    schemas: Mapping[str, Mapping[str, Any]]  # JSON Schema
    """What each value must look like."""
    away: Mapping[str, Away] = field(default_factory=dict)
    correctable: Correctable = field(default_factory=dict)
    """The fields that may be corrected here, with what a correction of each touches."""

    def under(self, governed: Mapping[str, Any]) -> Mapping[str, Any]:  # values are JSON
        """Return the values that hold where governed ones override the defaults."""
        return {**self.values, **governed}

    @property
    def sla(self) -> SlaTarget:
        """Return what is promised to the documents."""
        return target_of(self.values["sla"])


Judge = Callable[[Case, Known], Verdict]


@dataclass(frozen=True, slots=True)
class Step:
    """One question to a document: what it must know, and the pure function that judges."""

    name: str
    judge: Judge
    needs: Needs = field(default_factory=Needs)


@dataclass(frozen=True, slots=True)
class Flow:
    """A route source → target. Its shape is code, its policy is data."""

    name: str
    code: str
    """Stands in front of every business reference."""
    version: str
    starts_with: str
    """The event type that begins a transaction."""
    carries: type[ExpenseReport]
    steps: tuple[Step, ...]
    order_key: Callable[[ExpenseReport], str]
    confirms: frozenset[State]
    """The states in which the source is told what became of its document."""
    policy: Policy
    is_confirmation: bool = False
    """It tells the source what became of another flow's transaction, to which it is linked."""

    @property
    def needs(self) -> Needs:
        """Return everything that any step wants to know."""
        wants = [step.needs for step in self.steps]
        return Needs(
            master_data=frozenset().union(*(want.master_data for want in wants)),
            twins=any(want.twins for want in wants),
            spent=any(want.spent for want in wants),
        )


class StepResult(StrEnum):
    """What a step said, the heaviest first."""

    CANCELLED = "cancelled"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    HELD = "held"
    WARNED = "warned"
    PASSED = "passed"


GOES_ON: Final = frozenset({StepResult.WARNED, StepResult.PASSED})
"""What lets a document go on: nearly always."""


class StepRecord(NamedTuple):
    """One step's part of a document's lineage."""

    name: str
    result: StepResult
    failures: tuple[Failure, ...] = ()
    warnings: tuple[Failure, ...] = ()
    facts: Mapping[str, str] = {}
    """What this step decided, and by which rule."""


HOLD_ORDER: Final = (
    Reason.MASTER_DATA,
    Reason.ROUTING,
    Reason.DUPLICATE_SUSPECT,
    Reason.APPROVAL,
    Reason.BUDGET,
    Reason.PERIOD,
    Reason.CUTOFF,
)
"""Which reason a document is held for when several stand against it: what others depend on comes first."""

LIFTABLE: Final = frozenset(
    {Reason.DUPLICATE_SUSPECT, Reason.APPROVAL, Reason.BUDGET, Reason.PERIOD, Reason.CUTOFF},
)
"""Holds that an approver may lift; what the ERP would refuse anyway is not among them."""

FAILED_FOR: Final[Mapping[FailureKind, Reason]] = {
    FailureKind.CONTRACT: Reason.CONTRACT,
    FailureKind.POISON: Reason.POISON,
    FailureKind.DEFECT: Reason.DEFECT,
}


def run(flow: Flow, case: Case, known: Known) -> tuple[Verdict, tuple[StepRecord, ...]]:
    """Return what all steps say together, and each step's own word for the lineage.

    A step that stops the document does not silence the later ones: a controller sees every reason at once.
    """
    if case.received is None:
        case = case._replace(received=case.report)
    verdicts: list[Verdict] = []
    records: list[StepRecord] = []
    for step in flow.steps:
        said = _lifted(step.judge(case, known), case.overrides)
        records.append(StepRecord(step.name, result_of(said), said.failures, said.warnings, said.facts))
        verdicts.append(said)
        case = said.case
    results = [record.result for record in records]
    together = _going_on(case, verdicts) if GOES_ON.issuperset(results) else _stopped(case, verdicts, results)
    return together, tuple(records)


def result_of(verdict: Verdict) -> StepResult:
    """Return the one thing that a verdict comes down to: cancelled > failed > duplicate > held > warned > passed."""
    if not (verdict.failures or verdict.hold or verdict.cancel or verdict.duplicate_of is not None):
        return StepResult.WARNED if verdict.warnings else StepResult.PASSED
    stands = {
        StepResult.CANCELLED: verdict.cancel is not None,
        StepResult.FAILED: bool(verdict.failures) and verdict.hold is None,
        StepResult.DUPLICATE: verdict.duplicate_of is not None,
        StepResult.HELD: verdict.hold is not None,
    }
    return next(result for result, is_so in stands.items() if is_so)


def destination(verdict: Verdict) -> tuple[State, Reason]:
    """Return the state that a checked document goes to, and why."""
    result = result_of(verdict)
    if result in GOES_ON:
        return State.READY, Reason.NEW
    kind = next((failure.kind for failure in verdict.failures), FailureKind.REJECTED)
    return {
        StepResult.CANCELLED: (State.CANCELLED, verdict.cancel or Reason.NONE),
        StepResult.FAILED: (State.FAILED, FAILED_FOR.get(kind, Reason.REJECTED)),
        StepResult.DUPLICATE: (State.DUPLICATE, Reason.EXACT_DUPLICATE),
        StepResult.HELD: (State.ON_HOLD, verdict.hold or Reason.NONE),
    }[result]


def _lifted(said: Verdict, overrides: frozenset[Reason]) -> Verdict:
    if said.hold is None or said.hold not in overrides & LIFTABLE:
        return said
    return said._replace(hold=None, failures=(), warnings=said.warnings + said.failures, awaited=())


def _going_on(case: Case, verdicts: Sequence[Verdict]) -> Verdict:
    """Return one verdict where nothing but warnings stands against the document."""
    return Verdict(
        case,
        warnings=_unique([one for said in verdicts for one in said.warnings]),
        intents=tuple([intent for said in verdicts for intent in said.intents]),
        target=_target(verdicts),
        facts=_facts(verdicts),
    )


def _stopped(case: Case, verdicts: Sequence[Verdict], results: Sequence[StepResult]) -> Verdict:
    """Return one verdict: the heaviest result decides, its own failures stand first, the others follow."""
    result = next(one for one in StepResult if one in results)
    deciding = [said for said, one in zip(verdicts, results, strict=True) if one is result]
    ends_here = result in {StepResult.CANCELLED, StepResult.DUPLICATE}
    hold = _first_hold(deciding) if result is StepResult.HELD else None
    leading = [said for said in deciding if said.hold is hold]
    return Verdict(
        case=case,
        failures=_unique(one for said in (leading if ends_here else [*leading, *verdicts]) for one in said.failures),
        hold=hold,
        awaited=_unique(one for said in verdicts for one in said.awaited) if hold else (),
        warnings=_unique(one for said in verdicts for one in said.warnings),
        duplicate_of=next((said.duplicate_of for said in deciding), None) if result is StepResult.DUPLICATE else None,
        cancel=next((said.cancel for said in deciding), None),
        target=_target(verdicts),
        facts=_facts(verdicts),
    )


def _target(verdicts: Sequence[Verdict]) -> str:
    return next((said.target for said in verdicts if said.target), "")


def _facts(verdicts: Sequence[Verdict]) -> Mapping[str, str]:
    return {name: fact for said in verdicts for name, fact in said.facts.items()}


def _first_hold(verdicts: Sequence[Verdict]) -> Reason:
    held = {said.hold for said in verdicts}
    return next(reason for reason in HOLD_ORDER if reason in held)


def _unique(many: Iterable[T]) -> tuple[T, ...]:
    found: list[T] = []
    for one in many:
        if one not in found:
            found.append(one)
    return tuple(found)
