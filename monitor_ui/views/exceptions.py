"""What do I do next? The queue, one exception in full beside it, and the acts on it."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from control_plane.api.client import ApiError, FilterValue
from control_plane.api.schemas import Cause, ExceptionDetail, ExceptionFigures
from monitor_ui import deeds, figures, frames, parts, sentences, session, tables, talk, words
from monitor_ui.parts import EXCEPTION, TRANSACTION, Number

_QUEUE: Final = "queue"
_CAUSE: Final = "fingerprint"
_APART: Final = "~"
"""Between a cause and the record that blocks, in the URL."""

_QUEUES: Final[Mapping[str, tuple[str, Mapping[str, FilterValue]]]] = {
    "mine": ("Mine", {"mine": True}),
    "unclaimed": ("Unclaimed", {"is_claimed": False}),
    "offered": ("Handed to me", {"is_offered_to_me": True}),
    "all": ("All open", {}),
    "settled": ("Settled", {"is_open": False}),
}


def show() -> None:
    """Show the queue with the chosen exception beside it."""
    api = session.api()
    chosen = parts.filters(frames.choices(api.ledger()))
    answer = api.exception_figures(**chosen)
    parts.heading("What do I do next?", answer)
    titles = {name: title for name, (title, _) in _QUEUES.items()}
    queue_name = parts.pills(_QUEUE, "Queue", titles, first="all", meaning="Whose exceptions to show.")
    parts.numbers(*_numbers(answer))
    exception_id = str(st.query_params.get(EXCEPTION, ""))
    if exception_id:
        queue, beside = st.columns([1.15, 1], gap="large")
        with beside:
            _exception(exception_id)
    else:
        queue = st.container()
    with queue:
        _queue(queue_name, chosen)
        _causes(chosen)


def _numbers(answer: ExceptionFigures) -> tuple[Number, Number, Number]:
    top = answer.top_cause
    return (
        Number(
            "Mine, due today",
            sentences.sums(answer.mine_due_today),
            sentences.counted(answer.mine_due_today.count, one="exception"),
            "Exceptions that you claimed and whose documents are due before midnight UTC, overdue ones among them.",
        ),
        Number(
            "Unclaimed",
            sentences.sums(answer.unclaimed),
            sentences.counted(answer.unclaimed.count, one="exception"),
            "Open exceptions that nobody has claimed. Confirmations count, but their amounts stand in their reports.",
        ),
        Number(
            "Released if the top cause is fixed",
            sentences.sums(top.totals) if top else words.NOTHING,
            sentences.held_by(top) if top else "nothing is blocked",
            "The cause that holds back the largest amount, and what goes on when it is fixed.",
        ),
    )


def _queue(queue_name: str, chosen: Mapping[str, str]) -> None:
    cause = str(st.query_params.get(_CAUSE, ""))
    title, asked = _QUEUES[queue_name]
    st.subheader(f"{title}, due first on top", anchor=False)
    if cause:
        st.button(
            "Show every cause",
            key="every-cause",
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=_forget_cause,
        )
    filters: dict[str, FilterValue] = {**chosen, **asked, **_exceptions_of(cause)}
    page, draw_pages = tables.pages(
        "queue", filters, lambda cursor: session.api().exceptions(cursor=cursor, limit=tables.PAGE, **filters)
    )
    tables.chooser(
        EXCEPTION,
        frames.exceptions(page.items),
        [one.id for one in page.items],
        "Nothing waits here. Whatever comes next is on its way by itself.",
        alt="Exceptions, due first on top",
    )
    draw_pages()


def _causes(chosen: Mapping[str, str]) -> None:
    causes = session.api().causes(**chosen)
    st.subheader("By cause, the largest first", anchor=False)
    tables.chooser(
        _CAUSE,
        frames.causes(causes.items),
        [_line(one) for one in causes.items],
        "No cause holds anything back.",
        alt="What open exceptions have in common, the largest amount first",
    )


def _line(cause: Cause) -> str:
    """Return what stands in the URL for one line: the cause, and the record that blocks."""
    record = cause.record
    return _APART.join((cause.fingerprint, record.domain, record.code)) if record else cause.fingerprint


def _exceptions_of(line: str) -> dict[str, FilterValue]:
    return dict(zip((_CAUSE, "record_domain", "record_code"), line.split(_APART, 2), strict=False)) if line else {}


def _forget_cause() -> None:
    st.query_params.pop(_CAUSE, None)


def _exception(exception_id: str) -> None:
    parts.tell()
    try:
        seen = session.api().exception(exception_id)
    except ApiError as error:
        st.error(sentences.refusal(error.problem), icon=":material/error:")
        return
    with st.container(border=True):
        _why(seen)
        talk.proposals(seen)
        deeds.offer(seen)
        talk.comments(seen)
        _story(seen)


def _why(seen: ExceptionDetail) -> None:
    st.subheader(sentences.literal(seen.sentence), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parts.badge(words.CASES, seen.state)
        if seen.claimed_by:
            st.badge(seen.claimed_by.name, icon=":material/person:", color="blue", help="Works on it.")
        st.caption(sentences.owned(seen), width="content")
    st.markdown(f"**What to do:** {sentences.literal(seen.remedy)}")
    st.markdown(f"**Where:** {sentences.literal(sentences.where(seen))}")
    for sentence in sentences.whereabouts(seen, session.zone()):
        st.info(sentences.literal(sentence))
    st.caption(sentences.shared_cause(seen))
    if seen.evidence:
        st.success(sentences.literal(seen.evidence), icon=":material/task_alt:")


def _story(seen: ExceptionDetail) -> None:
    if not seen.transaction_id:
        return
    story = session.api().lineage(seen.transaction_id)
    parts.draw("story", figures.story(story.items, parts.colors(), session.zone()))
    with st.expander("Every line of the story"):
        tables.table("story", frames.timeline(story.items, session.zone()), "Nothing happened yet.", alt="The story")
    parts.link_to(TRANSACTION, "Open the document", transaction=seen.transaction_id)
