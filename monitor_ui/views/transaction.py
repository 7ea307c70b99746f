"""What happened to this document? One search for any identifier, then the whole story."""

import streamlit as st

from control_plane.api.client import ApiError
from control_plane.api.schemas import Timeline, TransactionDetail
from monitor_ui import figures, frames, parts, sentences, session, tables, words
from monitor_ui.parts import EXCEPTION, TRANSACTION, Number

_SEARCH = "q"


def show() -> None:
    """Show the search, and the document that was found or linked to."""
    parts.heading("What happened to this document?")
    st.text_input(
        "Find a document",
        key=_SEARCH,
        type="search",
        bind="query-params",
        icon=":material/search:",
        placeholder="Number, employee, reference, ERP number, amount; or a pasted list",
        help="Any identifier of the document, at the source, here or in the ERP; or up to 200 of them, pasted.",
        on_change=_leave_document,
    )
    asked = frames.identifiers(str(st.session_state.get(_SEARCH) or ""))
    chosen = str(st.query_params.get(TRANSACTION, ""))
    if chosen:
        _document(chosen)
    elif len(asked) > 1:
        _list(asked)
    elif asked:
        _search(asked[0])
    else:
        st.info("Type any identifier: one document opens, several are listed.", icon=":material/search:")


def _leave_document() -> None:
    st.query_params.pop(TRANSACTION, None)


def _search(asked: str) -> None:
    page, draw_pages = tables.pages(
        "found", asked, lambda cursor: session.api().transactions(q=asked, cursor=cursor, limit=tables.PAGE)
    )
    if len(page.items) == 1 and page.next_cursor is None:
        _document(page.items[0].id)
        return
    st.subheader(f"Documents that are named “{asked}”", anchor=False)
    empty = f"No document that you may see is named “{asked}”. Look for its number at the source or in the ERP."
    tables.opener("found", frames.transactions(page.items), [one.id for one in page.items], empty)
    draw_pages()


def _list(asked: list[str]) -> None:
    answer = session.api().lookup(asked)
    st.subheader(f"{len(asked)} identifiers of a pasted list", anchor=False)
    tables.opener("list", frames.found(answer.items), frames.found_ids(answer.items), "The list is empty.")


def _document(transaction_id: str) -> None:
    try:
        document = session.api().transaction(transaction_id)
    except ApiError as error:
        st.error(sentences.refusal(error.problem), icon=":material/error:")
        return
    story = session.api().lineage(transaction_id)
    _title(document)
    parts.numbers(*_numbers(document, story))
    _exception(document)
    st.subheader("From source to ledger", anchor=False)
    parts.draw("story", figures.story(story.items, parts.colors(), session.zone()))
    _details(document, story)


def _title(document: TransactionDetail) -> None:
    st.subheader(sentences.literal(sentences.title(document)), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parts.badge(words.STATES, document.state)
        if document.sla_status:
            parts.badge(words.SLA, document.sla_status)
        if document.is_test:
            st.badge("Test document", color="gray", icon=":material/science:", help="It never reaches the ERP.")
        st.caption(sentences.about(document), width="content")


def _numbers(document: TransactionDetail, story: Timeline) -> tuple[Number, Number, Number]:
    state = words.word_of(words.STATES, document.state)
    act = document.next_act
    return (
        Number(
            "Where",
            words.word_of(words.PLACES, document.place).label,
            f"{state.label}, for {sentences.age(sentences.since(story), story.as_of)}",
            "The place of the amount in the ledger, its state, and how long it has stood so.",
        ),
        Number(
            "Outstanding",
            sentences.money(document.outstanding),
            f"{sentences.attempts(document.attempt_count)} to post it",
            "What has not reached the ERP's books yet.",
        ),
        Number(
            "Next",
            words.team(act.owner),
            sentences.until(act.at, story.as_of) if act.at else "no date",
            f"Who does what next: {act.sentence}",
        ),
    )


def _exception(document: TransactionDetail) -> None:
    st.write(f"**Next:** {sentences.literal(document.next_act.sentence)}")
    for one in document.awaits:
        st.caption(
            f"Waits for {words.plain(one.domain).lower()} {sentences.literal(one.code)} of {one.legal_entity_id}."
        )
    if document.exception_id:
        parts.link_to(EXCEPTION, "Open its exception", exception=document.exception_id)


def _details(document: TransactionDetail, story: Timeline) -> None:
    told, posted, earlier, met, came = st.tabs(["Story", "ERP documents", "Versions", "In force", "As it came"])
    with told:
        tables.table("story", frames.timeline(story.items, session.zone()), "Nothing happened yet.", alt="The story")
    with posted:
        empty = "The ERP has no document for it yet."
        tables.table("postings", frames.postings(document.postings), empty, alt="Documents in the ERP's books")
    with earlier:
        tables.opener(
            "versions", frames.versions(document.versions), [one.id for one in document.versions], "It has one version."
        )
    with met:
        tables.table("in-force", frames.in_force(document), "Nothing is known.", alt="Versions that the document met")
    with came:
        _payload(document)


def _payload(document: TransactionDetail) -> None:
    st.caption("The document as the source sent it. That you read it is put on record.")
    if not st.button("Show it", key=f"payload-{document.id}", icon=":material/visibility:"):
        return
    try:
        payload = session.api().payload(document.id)
    except ApiError as error:
        st.info(sentences.refusal(error.problem), icon=":material/lock:")
        return
    if payload.is_erased:
        st.info("It was erased.", icon=":material/delete:")
    else:
        st.code(sentences.readable(payload.text), language="json", wrap_lines=True)
