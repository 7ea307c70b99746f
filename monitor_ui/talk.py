"""What people say and decide about an exception: comments, and the proposals that wait for a second person."""

from typing import Final

import streamlit as st

from control_plane.api.schemas import ApprovalView, ExceptionDetail
from monitor_ui import parts, sentences, session, words

_SHOWN: Final = 20
_WAITING: Final = 200
_DECISIONS: Final = ("approve", "refuse", "withdraw")


def comments(seen: ExceptionDetail) -> None:
    """Show what was said, newest first, and let the person say something."""
    said = session.api().comments(seen.id, limit=_SHOWN).items
    with st.expander(f"What people said ({len(said)})", expanded=bool(said)):
        for one in said:
            at = sentences.clock(one.written_at, session.zone())
            st.markdown(f"**{sentences.literal(one.author)}**, {at}: {sentences.literal(one.text)}")
        st.text_input("Say something", key=f"comment-{seen.id}", placeholder="@login names somebody", max_chars=5000)
        st.button("Say it", key="act-comment", icon=":material/comment:", on_click=_say, args=(seen.id,))


def proposals(seen: ExceptionDetail) -> None:
    """Show what waits for a second person, exactly as it was proposed, and let that person decide."""
    if seen.state != "pending_approval":
        return
    subjects = {seen.id, seen.transaction_id}
    for one in session.api().approvals(limit=_WAITING, legal_entity_id=seen.legal_entity_id).items:
        if one.subject_id in subjects:
            _proposal(one)


def _proposal(seen: ApprovalView) -> None:
    with st.container(border=True):
        st.markdown(
            f"**{words.plain(seen.kind)}**, proposed by {sentences.literal(seen.maker)}: "
            f"{sentences.literal(seen.reason)}"
        )
        st.json(seen.content or {}, expanded=True)
        offered = [name for name in seen.acts if name in _DECISIONS]
        if seen.objection:
            st.caption(sentences.literal(seen.objection))
        if offered:
            st.text_input("Reason", key=f"reason-{seen.id}", placeholder="Why? It stands in the record", max_chars=500)
        with st.container(horizontal=True):
            for name in offered:
                word = words.word_of(words.ACTS, name)
                st.button(
                    word.label,
                    key=f"act-{name}",
                    icon=word.icon,
                    help=word.meaning,
                    on_click=_decide,
                    args=(name, seen),
                )


def _decide(name: str, seen: ApprovalView) -> None:
    """Decide exactly what was shown."""
    api, reason = session.api(), str(st.session_state.get(f"reason-{seen.id}") or "")
    with parts.answered(words.DONE[name], lambda: "Read it again."):
        if name == "withdraw":
            api.withdraw(seen.id, revision=seen.revision, reason=reason)
            return
        decide = api.approve if name == "approve" else api.refuse
        decide(seen.id, revision=seen.revision, reason=reason, content_sha256=seen.content_sha256)


def _say(exception_id: str) -> None:
    key = f"comment-{exception_id}"
    text = str(st.session_state.get(key) or "").strip()
    with parts.answered(words.DONE["comment"], lambda: ""):
        session.api().comment(exception_id, text)
        st.session_state[key] = ""
