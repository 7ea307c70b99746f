"""Duplicate: is it the same business content as an earlier document, or does it look like one?"""

from typing import Final

from connectors.failures import Failure
from control_plane.domain.duplicates import Likeness, likenesses, traces_of
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Case, Known, Needs, Verdict

NEEDS: Final = Needs(twins=True)

MOST_SHOWN: Final = 3


def duplicate(case: Case, known: Known) -> Verdict:
    """Return the document that this one repeats exactly, or a hold or a flag for what it looks like.

    Likely repetitions are held from a likelihood and an amount on; below, and where no money is at stake, they are
    flagged. An approver who lifted the suspicion also answers for the exact case.
    """
    if not known.candidates:
        return Verdict(case)  # nearly always: no other document is of the same amount
    rules = known.policy["duplicates"]
    traces = traces_of(case.received or case.report, rules["per_diem_types"])
    found = likenesses(traces, known.candidates, window_days=rules["window_days"])
    exact = next((one for one in found if one.is_exact), None)
    if exact is not None and Reason.DUPLICATE_SUSPECT not in case.overrides:
        facts = {"duplicate_of": _title(exact), "duplicate_evidence": _evidence(exact)}
        return Verdict(case, duplicate_of=exact.candidate.transaction_id, facts=facts)
    likely = [one for one in found if one.likelihood >= rules["flag_from_percent"]][:MOST_SHOWN]
    held = [one for one in likely if one.likelihood >= rules["hold_from_percent"] and _matters(case, known)]
    if held:
        return Verdict(case, tuple(map(_suspect, held)), hold=Reason.DUPLICATE_SUSPECT)
    return Verdict(case, warnings=tuple(map(_suspect, likely)))


def _matters(case: Case, known: Known) -> bool:
    amount_minor = case.report.total.minor if case.group_minor is None else case.group_minor
    return amount_minor != 0 and abs(amount_minor) >= known.policy["duplicates"]["hold_from_minor"]


def _suspect(likeness: Likeness) -> Failure:
    return Failure("duplicate_suspect", {"other": _title(likeness), "evidence": _evidence(likeness)})


def _title(likeness: Likeness) -> str:
    return likeness.candidate.document_number or likeness.candidate.source_id


def _evidence(likeness: Likeness) -> str:
    return f"{', '.join(['the same amount', *likeness.evidence])} ({likeness.likelihood} % likely)"
