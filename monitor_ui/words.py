"""The words, icons and colors in which the screens speak: business words, one per thing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Color = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]

NOTHING: Final = "—"
"""What stands where there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a value is called, and how it looks."""

    label: str
    color: Color = "gray"
    icon: str = ":material/circle:"
    meaning: str = ""


PLACES: Final[Mapping[str, Word]] = {
    "in_progress": Word("In progress", "blue", ":material/sync:", "On its way; nobody has to act."),
    "blocked": Word("Blocked", "orange", ":material/front_hand:", "Held, in doubt or failed: something must change."),
    "at_source": Word("At source", "violet", ":material/undo:", "Given back; the source corrects and resubmits it."),
    "posted": Word("Posted", "green", ":material/task_alt:", "Booked in the ERP, gross: a reversed one stays here."),
    "withdrawn": Word("Withdrawn", "gray", ":material/block:", "Cancelled, repeated or replaced by a later version."),
}

STATES: Final[Mapping[str, Word]] = {
    "received": Word("Received", "blue", ":material/inbox:", "Stored; its checks come next."),
    "ready": Word("Ready", "blue", ":material/schedule_send:", "Checked; it is sent when its turn comes."),
    "in_flight": Word("Being sent", "blue", ":material/send:", "The ERP is answering."),
    "awaiting_ack": Word("Accepted", "blue", ":material/hourglass_top:", "The ERP took it; its number comes later."),
    "on_hold": Word("On hold", "orange", ":material/pause_circle:", "Parked until its reason has gone."),
    "in_doubt": Word("In doubt", "orange", ":material/help:", "It may be booked: the ERP is asked before anything."),
    "failed": Word("Failed", "orange", ":material/error:", "Only a person brings it on."),
    "returned_to_source": Word("Returned to source", "violet", ":material/undo:", PLACES["at_source"].meaning),
    "posted": Word("Posted", "green", ":material/task_alt:", "The ERP named its own number."),
    "tied_out": Word("Tied out", "green", ":material/verified:", "Both sets of books agree on it."),
    "reversed": Word("Reversed", "green", ":material/settings_backup_restore:", "The ERP took the posting back."),
    "cancelled": Word("Cancelled", "gray", ":material/block:", "Withdrawn by the source, or by two persons."),
    "duplicate": Word("Duplicate", "gray", ":material/content_copy:", "It repeats another document."),
    "superseded": Word("Superseded", "gray", ":material/history:", "A later version took its place."),
}

SLA: Final[Mapping[str, Word]] = {
    "breached": Word("Breached", "red", ":material/alarm:", "Past its due time and still not there."),
    "at_risk": Word("At risk", "orange", ":material/hourglass_bottom:", "Most of its time has passed."),
    "on_time": Word("On time", "green", ":material/check:", "Within its time."),
}

HEALTH: Final[Mapping[str, Word]] = {
    "failing": Word("Failing", "red", ":material/error:", "Its last calls did not succeed."),
    "paused": Word("Paused", "orange", ":material/pause_circle:", "Nothing is pulled from it or sent to it."),
    "unused": Word("Not called yet", "gray", ":material/radio_button_unchecked:", "No call yet."),
    "healthy": Word("Healthy", "green", ":material/check_circle:", "Its last call succeeded."),
}

CASES: Final[Mapping[str, Word]] = {
    "new": Word("Unclaimed", "orange", ":material/person_off:", "The team owns it; nobody has claimed it."),
    "assigned": Word("Claimed", "blue", ":material/person:", "One person took it."),
    "in_progress": Word("In work", "blue", ":material/person_edit:", "That person works on it."),
    "deferred": Word("Deferred", "gray", ":material/snooze:", "Put aside until it wakes."),
    "pending_approval": Word("Waits for approval", "violet", ":material/group:", "A second person decides."),
    "retrying": Word("Retrying", "blue", ":material/replay:", "The document goes on; its end is the evidence."),
    "resolved": Word("Resolved", "green", ":material/task_alt:", "The evidence is there."),
    "closed": Word("Closed", "green", ":material/lock:", "Done for good."),
    "cancelled": Word("Cancelled", "gray", ":material/block:", "Its reason went away by itself."),
    "merged": Word("Merged", "gray", ":material/merge:", "Told in another exception."),
}

RUNS: Final[Mapping[str, Word]] = {
    "waiting": Word("Waiting", "gray", ":material/schedule:"),
    "running": Word("Running", "blue", ":material/sync:"),
    "succeeded": Word("Succeeded", "green", ":material/check:"),
    "failed": Word("Failed", "red", ":material/error:"),
}

ENTRIES: Final[Mapping[str, Word]] = {
    "received": Word("Received", "blue", ":material/inbox:"),
    "version": Word("New version", "gray", ":material/history:"),
    "step": Word("Check", "gray", ":material/rule:"),
    "attempt": Word("Call to the ERP", "blue", ":material/send:"),
    "transition": Word("Change of state", "gray", ":material/trending_flat:"),
    "act": Word("Act of a person", "violet", ":material/person:"),
    "payment": Word("Payment", "green", ":material/payments:"),
}

STEPS: Final[Mapping[str, str]] = {
    "validate": "Form and totals",
    "enrich": "Rates and policy",
    "bind": "Codes of the ERP",
    "duplicate": "Duplicates",
    "approval": "Approval",
    "budget": "Budget",
    "period": "Posting period",
    "route": "Ledger to post to",
}

STEP_ENDS: Final[Mapping[str, Word]] = {
    "passed": Word("passed", "green"),
    "warned": Word("passed with a warning", "yellow"),
    "held": Word("held", "orange"),
    "failed": Word("failed", "orange"),
    "cancelled": Word("withdrawn", "gray"),
    "duplicate": Word("repeats another one", "gray"),
}

ACTS: Final[Mapping[str, Word]] = {
    "claim": Word("Claim", icon=":material/person_add:", meaning="You work on it; the others see that."),
    "give_back": Word("Give back", icon=":material/person_remove:", meaning="It goes back to its team."),
    "start_work": Word("Start work", icon=":material/person_edit:", meaning="Your claim stands as long as you work."),
    "defer": Word("Put aside", icon=":material/snooze:", meaning="It comes back on that morning, to you."),
    "hand_over": Word("Hand over", icon=":material/swap_horiz:", meaning="It stays yours until somebody accepts it."),
    "accept_hand_over": Word("Accept", icon=":material/person_add:", meaning="It is handed over to you."),
    "refuse_hand_over": Word("Do not hand over", icon=":material/person_cancel:", meaning="It stays with who has it."),
    "un_merge": Word("Take out", icon=":material/call_split:", meaning="It is told on its own again, for good."),
    "close": Word("Close", icon=":material/lock:", meaning="It is done for good."),
    "approve": Word("Approve", icon=":material/check:", meaning="Agree with exactly this: it is done at once."),
    "refuse": Word("Refuse", icon=":material/close:", meaning="Disagree: nothing is done."),
    "withdraw": Word("Withdraw", icon=":material/undo:", meaning="Take your own proposal back."),
    "comment": Word("Say it", icon=":material/comment:", meaning="It stands with the document."),
    "retry": Word("Retry", icon=":material/replay:", meaning="The document goes on unchanged."),
    "return_to_source": Word("Return to source", icon=":material/undo:", meaning="The source has to correct it."),
    "release": Word("Release", icon=":material/play_arrow:", meaning="Lift the hold, as the second pair of eyes."),
    "declare_duplicate": Word("Declare duplicate", icon=":material/content_copy:", meaning="It repeats another one."),
    "pause": Word("Pause", icon=":material/pause:", meaning="Stop pulling from it and sending to it."),
    "resume": Word("Resume", icon=":material/play_arrow:", meaning="Let it go on."),
    "pull": Word("Pull now", icon=":material/download:", meaning="Read this stream without waiting for its turn."),
}

DONE: Final[Mapping[str, str]] = {
    "claim": "It is yours now.",
    "give_back": "It is back with its team.",
    "start_work": "You work on it.",
    "defer": "It is put aside.",
    "hand_over": "It is handed over. It stays yours until somebody accepts it.",
    "accept_hand_over": "It is yours now.",
    "refuse_hand_over": "It stays with who has it.",
    "un_merge": "It is told on its own again.",
    "close": "It is closed.",
    "approve": "It is approved.",
    "refuse": "It is refused.",
    "withdraw": "The proposal is taken back.",
    "comment": "It stands with the document.",
    "retry": "The document goes on. Its posting closes the exception.",
    "return_to_source": "The document is back at its source.",
    "release": "The hold is lifted; the document is checked again without it.",
    "declare_duplicate": "The document counts as a duplicate now.",
    "pause": "The connection is paused.",
    "resume": "The connection goes on.",
    "pull": "The stream is read as soon as a worker is free.",
}

FLOWS: Final[Mapping[str, tuple[str, str, str]]] = {
    "expense_report": ("Expense reports", "report", "reports"),
    "posting_confirmation": ("Posting confirmations", "confirmation", "confirmations"),
    "payment_confirmation": ("Payment confirmations", "confirmation", "confirmations"),
}
"""Title, one of them, several of them."""

TEAMS: Final[Mapping[str, str]] = {
    "finance_operations": "Finance operations",
    "erp_team": "ERP team",
    "integration_platform": "Integration platform",
    "saas_administrators": "SaaS administrators",
    "tieout": "Tieout",
    "": "Nobody",
}

BLOCKERS: Final[Mapping[str, str]] = {
    "inactive_master_data": "an inactive code",
    "missing_binding": "an unknown code",
    "closed_period": "a closed period",
    "no_open_period": "no open period",
    "duplicate_suspect": "a suspected duplicate",
    "budget_exceeded": "an exceeded budget",
    "approval_missing": "a missing approval",
    "no_route": "no route to a ledger",
    "total_mismatch": "a wrong total",
    "schema_violation": "a schema violation",
    "rejected_by_target": "a refusal of the ERP",
    "payment_without_posting": "a payment without a posting",
    "test_document": "a test document",
    "unknown_currency": "an unknown currency",
    "inexact_amount": "too many decimals",
}
"""What blocks, by failure code, as the end of a sentence."""

UNUSABLE: Final[Mapping[str, str]] = {
    "inactive_master_data": "inactive",
    "missing_binding": "unknown",
    "unmapped_legal_entity": "unknown",
    "closed_period": "closed",
}
"""What is wrong with records of the ERP's lists, by failure code."""

RECORDS: Final[Mapping[str, tuple[str, str]]] = {
    "legal_entity": ("legal entity", "legal entities"),
    "employee": ("employee", "employees"),
    "gl_account": ("account", "accounts"),
    "cost_center": ("cost center", "cost centers"),
    "project": ("project", "projects"),
    "tax_code": ("tax code", "tax codes"),
    "period": ("period", "periods"),
}
"""One record and several, by the ERP's list."""

UNRESOLVED_ENTITY: Final = "unresolved"


def word_of(words: Mapping[str, Word], value: str) -> Word:
    """Return the word for a value; one that has none yet is shown as it is."""
    return words.get(value) or Word(plain(value))


def plain(value: str) -> str:
    """Return a name from code as words."""
    return value.replace("_", " ").capitalize() if value else NOTHING


def flow(name: str) -> str:
    """Return a flow's title."""
    return FLOWS[name][0] if name in FLOWS else plain(name)


def team(name: str) -> str:
    """Return a team's title."""
    return TEAMS.get(name) or plain(name)


def step(name: str) -> str:
    """Return a check's title."""
    return STEPS.get(name) or plain(name)


def entity(legal_entity_id: str) -> str:
    """Return a legal entity's title; `unresolved` holds what could not be placed yet."""
    return "No entity yet" if legal_entity_id == UNRESOLVED_ENTITY else legal_entity_id
