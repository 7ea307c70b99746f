"""What people teach Tieout under four eyes: what answers mean, which keys are the same, how a flow decides."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from connectors.canonical.master_data import Domain
from control_plane.api.schemas.common import Answer, Command, Page
from control_plane.api.schemas.exceptions import Because

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(max_length=200)]


class FailureRuleView(Answer):
    """One approved version of a rule that gives an unknown answer a code of the catalog."""

    name: str
    version: int
    is_active: bool
    connection: str
    answer_code: str
    pattern: str
    code: str
    values: dict[str, str]
    maker: str
    checker: str
    approved_at: datetime


class UnknownAnswerView(Answer):
    """What a target answered and no rule knew when it came."""

    connection: str
    answer_code: str
    text: str
    """As it came last, redacted."""
    field_path: str
    count: int
    first_at: datetime
    last_at: datetime
    transaction_id: str | None
    """The last document that was answered so."""
    rule: str
    """The rule in force that knows it by now; empty: none."""


class FailureRules(Answer):
    """The rules in their newest versions, and the answers that wait for one."""

    rules: list[FailureRuleView]
    unknown_answers: list[UnknownAnswerView]


class FailureRuleDraft(Command):
    """A rule to be tried on the answers that were kept."""

    name: Name
    code: Name
    connection: Word = ""
    answer_code: Word = ""
    pattern: Annotated[str, StringConstraints(max_length=1000)] = ""
    values: dict[Name, Word] = Field(default={})


class FailureRuleProposal(FailureRuleDraft):
    """A rule's next version, for a second person to approve."""

    is_active: bool = True
    """False: the rule is retired."""
    reason: Annotated[str, StringConstraints(min_length=3, max_length=500, strip_whitespace=True)]


class TriedAnswer(Answer):
    """What the rule would make of an answer."""

    connection: str
    answer_code: str
    text: str
    count: int
    is_known: bool
    code: str
    values: dict[str, str]


class FailureRuleTrial(Answer):
    """What the rule would make of the answers that were kept."""

    known_count: int
    items: list[TriedAnswer]


class BindingView(Answer):
    """A source's key that stands under another key of the ERP."""

    domain: str
    source_system: str
    source_key: str
    erp_key: str
    legal_entity_id: str
    version: int
    recorded_at: datetime
    recorded_by: str


class Bindings(Page[BindingView]):
    """A page of bindings."""


class BindingProposal(Because):
    """Put a source's key under a key of the ERP."""

    domain: Domain
    source_system: Name
    source_key: Name
    erp_key: Name
    legal_entity_id: Word = ""
    """Where the ERP's key is looked for; empty: anywhere."""


class FlowValueProposal(Because):
    """Another version of a flow's policy value, such as its accounts by expense type."""

    key: Name
    value: dict[str, Any]  # checked against the value's own schema
