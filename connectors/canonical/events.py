"""The types of the events that run through the house: `noun.past_participle.vN`."""

from enum import StrEnum


class EventType(StrEnum):
    """What has happened at a source."""

    EXPENSE_REPORT_APPROVED = "expense_report.approved.v1"
    EXPENSE_REPORT_RECALLED = "expense_report.recalled.v1"
    MASTER_DATA_CHANGED = "master_data.changed.v1"
    PAYMENT_CONFIRMED = "payment.confirmed.v1"
