"""Is everything flowing? Health, cursors and runs of every connection, and the acts on them."""

from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st

from control_plane.api.client import ApiClient
from control_plane.api.schemas import ConnectionDetail, Connections, Page, RunView
from monitor_ui import frames, parts, sentences, session, tables, words
from monitor_ui.columns import RECORDS
from monitor_ui.parts import Number

_CHOSEN: Final = "connection"
_REASON: Final = "connection-reason"
_STREAM: Final = "connection-stream"

_Deed = Callable[[ApiClient, ConnectionDetail], ConnectionDetail]

_DEEDS: Final[Mapping[str, _Deed]] = {
    "pause": lambda api, seen: api.pause(seen.name, revision=seen.revision, reason=_typed(_REASON)),
    "resume": lambda api, seen: api.resume(seen.name, revision=seen.revision, reason=_typed(_REASON)),
    "pull": lambda api, seen: api.pull(seen.name, revision=seen.revision, stream=_typed(_STREAM)),
}


def show() -> None:
    """Show all connections, and one of them in full."""
    answer = session.api().connections()
    parts.heading("Is everything flowing?", answer)
    parts.numbers(*_numbers(answer))
    st.subheader("Connections", anchor=False)
    chosen = tables.chooser(
        _CHOSEN,
        frames.connections(answer.items),
        [one.name for one in answer.items],
        "No connection is configured: name one in tieout.toml.",
        alt="Connections, unhealthy ones first",
    )
    if chosen:
        _connection(chosen)


def _numbers(answer: Connections) -> tuple[Number, Number, Number]:
    return (
        Number(
            "Behind unhealthy connections",
            sentences.sums(answer.behind_unhealthy),
            sentences.counted(answer.behind_unhealthy.count),
            "Open documents that come from, or go to, a connection that fails or is paused. No confirmations.",
        ),
        Number(
            "Oldest cursor",
            sentences.age(answer.oldest_read_at, answer.as_of),
            sentences.clock(answer.oldest_read_at, session.zone()),
            "How long ago the scheduled stream that waits longest was read.",
        ),
        Number(
            "Next read",
            *sentences.next_read(answer),
            "When the next stream is due by its schedule.",
        ),
    )


def _connection(name: str) -> None:
    detail = session.api().connection(name)
    st.subheader(f"{detail.name} ({detail.provider})", anchor=False)
    parts.tell()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parts.badge(words.HEALTH, detail.health)
        st.caption(detail.sentence or "All is well.", width="content")
    _acts(detail)
    st.markdown("**Streams**")
    tables.table("streams", frames.streams(detail.streams), "It has no streams.", columns=RECORDS, alt="Its streams")
    st.markdown("**Sync runs**")
    page, draw_pages = tables.pages("runs", name, lambda cursor: _runs(name, cursor))
    frame = frames.runs(page.items, session.zone())
    tables.table("runs", frame, "It was never read.", columns=RECORDS, alt="Sync runs, newest first")
    draw_pages()


def _runs(name: str, cursor: str) -> Page[RunView]:
    return session.api().runs(cursor=cursor, limit=tables.PAGE, connection=name)


def _acts(seen: ConnectionDetail) -> None:
    if not seen.acts:
        st.caption("Your roles do not let you run this connection.")
        return
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        if "pull" in seen.acts and seen.streams:
            st.selectbox("Stream", [one.stream for one in seen.streams], key=_STREAM, format_func=words.plain)
            _button("pull", seen)
        for name in ("pause", "resume"):
            if name in seen.acts:
                st.text_input("Reason", key=_REASON, placeholder="Why? It stands in the record")
                _button(name, seen)


def _button(name: str, seen: ConnectionDetail) -> None:
    word = words.ACTS[name]
    st.button(word.label, key=f"act-{name}", icon=word.icon, help=word.meaning, on_click=_do, args=(name, seen))


def _do(name: str, seen: ConnectionDetail) -> None:
    with parts.answered(words.DONE[name], lambda: "Look again: it stands as shown now."):
        _DEEDS[name](session.api(), seen)


def _typed(key: str) -> str:
    return str(st.session_state.get(key) or "")
