"""What is policy about expense reports: the defaults, and what each value must look like."""

from collections.abc import Mapping
from typing import Any, Final  # JSON and JSON Schema

_Json = Mapping[str, Any]


def _table(properties: _Json, required: tuple[str, ...] = ()) -> _Json:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_TEXT: Final = {"type": "string"}
_CODE: Final = {"type": "string", "minLength": 1}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_CLOCK: Final = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_PERCENT: Final = {"type": "integer", "minimum": 0, "maximum": 100}
_MINOR: Final = {"type": "integer", "minimum": 0}
_CURRENCY: Final = {"type": "string", "pattern": "^[A-Z]{3}$"}
_SECONDS: Final = {"type": "number", "exclusiveMinimum": 0, "maximum": 3600}
_PATIENCE: Final = _table({"base_seconds": _SECONDS, "ceiling_seconds": _SECONDS}, ("base_seconds", "ceiling_seconds"))
_FAILURE_CODE: Final = {"pattern": "^[a-z][a-z0-9_]*$"}
_AUTO_RETRY: Final = _table(
    {
        "times": {"type": "integer", "minimum": 0, "maximum": 1000},
        "within_hours": {"type": "number", "exclusiveMinimum": 0},
        "base_seconds": _SECONDS,
        "ceiling_seconds": _SECONDS,
    },
    ("times", "within_hours", "base_seconds", "ceiling_seconds"),
)
_CONDITION: Final = {"anyOf": [_TEXT, _TEXTS, _table({"prefix": _TEXT}, ("prefix",))]}

CONTROL_ROLES: Final = (
    "employee",
    "employee_receivable",
    "company_billed_card",
    "individually_billed_card",
    "company_paid",
    "cash_advance",
    "input_tax",
)
"""The accounts that a posting needs beside the costs."""

ROUTING_FIELDS: Final = ("legal_entity", "payer", "payee", "currency", "source_system", "country")
"""What a routing rule may ask for."""

RETRIED_KINDS: Final = ("not_sent", "transient", "rate_limited")
"""Kinds of failures after which a document is sent again by itself."""

SHORTEST_HORIZON_HOURS: Final = 75
"""Three days and three hours: longer than a long weekend."""

SCHEMAS: Final[Mapping[str, _Json]] = {
    "accounts": _table({"by_expense_type": {"type": "object", "additionalProperties": _CODE}, "default": _TEXT}),
    "control_accounts": {
        "type": "object",
        "additionalProperties": _table(dict.fromkeys(CONTROL_ROLES, _CODE)),
    },
    "routing": _table(
        {
            "rules": {
                "type": "array",
                "items": _table(
                    {
                        "when": _table(dict.fromkeys(ROUTING_FIELDS, _CONDITION)),
                        "then": _table(
                            {"target": _CODE, "company": _CODE, "ledger": _TEXT, "document_type": _TEXT},
                            ("target", "ledger", "document_type"),
                        ),
                    },
                    ("then",),
                ),
            },
        },
        ("rules",),
    ),
    "closed_period": _table({"rule": {"enum": ["move", "hold"]}}, ("rule",)),
    "posting_window": _table(
        {
            "opens": _CLOCK,
            "closes": _CLOCK,
            "free_weekdays": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 6}},
        },
    ),
    "exchange_rate": _table({"tolerance_percent": _PERCENT}, ("tolerance_percent",)),
    "group": _table({"currency": _CURRENCY}, ("currency",)),
    "duplicates": _table(
        {
            "window_days": _MINOR,
            "flag_from_percent": _PERCENT,
            "hold_from_percent": _PERCENT,
            "hold_from_minor": _MINOR,
            "per_diem_types": _TEXTS,
        },
        ("window_days", "flag_from_percent", "hold_from_percent", "hold_from_minor", "per_diem_types"),
    ),
    "approval": _table(
        {"missing": {"enum": ["warn", "hold"]}, "above_limit": {"enum": ["warn", "hold"]}},
        ("missing", "above_limit"),
    ),
    "budgets": _table(
        {
            "exceeded": {"enum": ["warn", "hold"]},
            "limits": {
                "type": "object",
                "additionalProperties": _table(
                    {"amount_minor": _MINOR, "currency": _CURRENCY}, ("amount_minor", "currency")
                ),
            },
        },
        ("exceeded", "limits"),
    ),
    "sla": _table(
        {
            "business_hours": {"type": "number", "exclusiveMinimum": 0},
            "at_risk_after": {"type": "string", "pattern": "^0?\\.[0-9]+$|^[1-9]/[1-9][0-9]*$"},
        },
        ("business_hours", "at_risk_after"),
    ),
    "retry": _table(
        {
            "horizon_hours": {"type": "number", "minimum": SHORTEST_HORIZON_HOURS},
            "patience": _table(dict.fromkeys(RETRIED_KINDS, _PATIENCE)),
            "codes": {"type": "object", "propertyNames": _FAILURE_CODE, "additionalProperties": _AUTO_RETRY},
        },
        ("horizon_hours", "patience"),
    ),
    "bulk": _table(
        {
            "approve_above_count": _MINOR,
            "approve_above_group_minor": _MINOR,
            "failed_percent": _PERCENT,
            "stops_on_same_failure": {"type": "boolean"},
        },
        ("approve_above_count", "approve_above_group_minor", "failed_percent", "stops_on_same_failure"),
    ),
    "corrections": _table({"alone_up_to_minor": _MINOR}, ("alone_up_to_minor",)),
    "after_post": _table(
        {"recalled": {"enum": ["hold", "reverse"]}, "changed": {"enum": ["hold", "reverse"]}}, ("recalled", "changed")
    ),
}
"""JSON Schema by key; a governed value replaces the default of its key as a whole."""

DEFAULTS: Final[Mapping[str, _Json]] = {
    "accounts": {"by_expense_type": {}, "default": ""},
    # by legal entity, `*` for all others; by role
    "control_accounts": {"*": {}},
    # first match wins; without `company` the legal entity's own code; without a match the document is held
    "routing": {"rules": []},
    "closed_period": {"rule": "move"},
    # empty: always open; otherwise local times of the legal entity
    "posting_window": {},
    "exchange_rate": {"tolerance_percent": 10},
    "group": {"currency": "EUR"},
    # suspects below the amount (minor units of the group's currency) are flagged, never held
    "duplicates": {
        "window_days": 7,
        "flag_from_percent": 30,
        "hold_from_percent": 70,
        "hold_from_minor": 2500,
        "per_diem_types": [],
    },
    "approval": {"missing": "warn", "above_limit": "hold"},
    # by `project:P-05` or `cost_center:CC-1001`
    "budgets": {"exceeded": "warn", "limits": {}},
    # words and coding, up to so much a day and person (minor units of the group's currency): no second person
    "corrections": {"alone_up_to_minor": 100_000},
    "sla": {"business_hours": 8, "at_risk_after": "3/4"},
    # for each kind of failure: full jitter up to base * 2^attempts, at most the ceiling; `codes` has rules of single
    # failure codes: how often and how long it is tried again by itself before it is a person's
    "retry": {
        "horizon_hours": 76,
        "patience": {
            "not_sent": {"base_seconds": 1, "ceiling_seconds": 60},  # its breaker spares the target
            "transient": {"base_seconds": 1, "ceiling_seconds": 300},
            "rate_limited": {"base_seconds": 1, "ceiling_seconds": 900},
        },
    },
    # above either a second person agrees; above the share of failed ones a step after the first stops the operation
    "bulk": {
        "approve_above_count": 50,
        "approve_above_group_minor": 1_000_000,
        "failed_percent": 10,
        "stops_on_same_failure": True,
    },
    "after_post": {"recalled": "hold", "changed": "hold"},
}
"""The productive defaults: nothing is posted anywhere before somebody says where."""
