"""Every value that the control plane knows has a word of its own on the screens."""

from collections.abc import Collection, Mapping
from enum import StrEnum

import pytest

from connectors.canonical.master_data import Domain
from connectors.failures import CATALOG, Owner
from control_plane.api.schemas import Health
from control_plane.domain.exception_case import CaseState
from control_plane.domain.sla import SlaStatus
from control_plane.domain.transaction import PLACE_OF, Place, State
from control_plane.flows import FLOWS
from control_plane.flows.flow import StepResult
from control_plane.flows.steps.bind import TITLES
from control_plane.store.lineage import Kind
from control_plane.store.runs import RunState
from monitor_ui import words
from monitor_ui.words import Word

LISTS = [
    (words.PLACES, Place),
    (words.STATES, State),
    (words.SLA, SlaStatus),
    (words.HEALTH, Health),
    (words.CASES, CaseState),
    (words.RUNS, RunState),
    (words.ENTRIES, Kind),
    (words.STEP_ENDS, StepResult),
]


@pytest.mark.parametrize(("known", "values"), LISTS)
def test_every_value_of_the_record_has_a_word_and_no_other(known: Mapping[str, Word], values: type[StrEnum]) -> None:
    assert set(known) == {value.value for value in values}


@pytest.mark.parametrize(
    ("known", "values"),
    [
        (words.FLOWS, [flow.name for flow in FLOWS]),
        (words.STEPS, [step.name for flow in FLOWS for step in flow.steps]),
        (words.TEAMS, [owner.value for owner in Owner]),
        (CATALOG, words.BLOCKERS),
        (words.ACTS, words.DONE),
        (CATALOG, words.UNUSABLE),
        (words.RECORDS, [Domain.PERIOD.value, *(domain.value for domain in TITLES)]),
    ],
)
def test_names_are_known(known: Mapping[str, object], values: Collection[str]) -> None:
    assert set(values) <= set(known)


def test_labels_of_one_list_differ() -> None:
    for known, _ in LISTS:
        assert len({word.label for word in known.values()}) == len(known)


def test_a_state_has_the_color_of_its_place() -> None:
    assert {state: words.STATES[state].color for state in State} == {
        state: words.PLACES[PLACE_OF[state]].color for state in State
    }


def test_a_value_without_a_word_is_shown_as_it_is() -> None:
    assert words.word_of(words.STATES, "newly_invented").label == "Newly invented"
    assert words.flow("goods_receipt") == "Goods receipt"
    assert words.step("match") == "Match"
    assert words.team("") == "Nobody"


def test_what_could_not_be_placed_says_so() -> None:
    assert words.entity("unresolved") == "No entity yet"
    assert words.entity("DE01") == "DE01"
