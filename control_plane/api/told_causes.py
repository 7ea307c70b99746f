"""Causes in the words of the API."""

from collections.abc import Iterable, Sequence

from control_plane.api import answers
from control_plane.api.schemas import (
    BlockingRecord,
    Cause,
    CauseDecision,
    CauseNote,
    CureView,
    EpisodeView,
)
from control_plane.domain import cure
from control_plane.domain.cause import cause_in
from control_plane.domain.cure import Treated
from control_plane.store.queries.causes import AwaitedRecord, CauseLine
from control_plane.store.tables import CauseMergeRow, CauseNoteRow

_ROW = {"flow", "code", "kind", "step", "field_path", "team", "sentence", "remedy"}


def line(one: CauseLine, group_currency: str) -> Cause:
    """Return what open exceptions have in common, and the record that blocks them."""
    row = one.oldest
    return Cause(
        fingerprint=one.fingerprint,
        clear=cause_in(row.flow, row.step, row.kind, row.code, row.field_path).clear,
        totals=answers.totals(one.sums, group_currency),
        record=None if one.record is None else _record(one.record),
        domain="" if one.record is None else one.record.domain,
        record_count=0 if one.record is None else 1,
        merged=list(one.merged),
        regression_count=one.regression_count,
        is_back=one.is_back,
        oldest_at=row.opened_at,
        due_at=one.due_at,
        **row.model_dump(include=_ROW),
    )


def cures(treated: Iterable[Treated]) -> list[CureView]:
    """Return what was tried, and how well it did."""
    return [
        CureView(
            act=one.act,
            released_count=one.released_count,
            tried_count=one.tried_count,
            median_seconds=None if one.median is None else one.median.total_seconds(),
        )
        for one in cure.cures(treated)
    ]


def episodes(treated: Iterable[Treated]) -> list[EpisodeView]:
    """Return the times in which a cause stood, the newest one first."""
    found = cure.episodes(treated)
    in_vain = cure.regressions(found)
    return [
        EpisodeView(
            began_at=one.began_at,
            ended_at=one.ended_at,
            exception_count=one.exception_count,
            act=one.act,
            came_back=one in in_vain,
        )
        for one in reversed(found)
    ]


def notes(rows: Sequence[CauseNoteRow]) -> list[CauseNote]:
    """Return what people wrote."""
    return [CauseNote(**row.model_dump(include=set(CauseNote.model_fields))) for row in rows]


def decisions(rows: Sequence[CauseMergeRow]) -> list[CauseDecision]:
    """Return what people decided."""
    return [CauseDecision(**row.model_dump(include=set(CauseDecision.model_fields))) for row in rows]


def _record(record: AwaitedRecord) -> BlockingRecord:
    return BlockingRecord(
        domain=record.domain, legal_entity_id=record.legal_entity_id, code=record.code, name=record.name
    )
