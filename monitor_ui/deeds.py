"""What a person may do with an exception: each act with the words that it needs."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import streamlit as st

from control_plane.api.client import ApiClient, ApiError
from control_plane.api.schemas import ExceptionDetail
from monitor_ui import parts, sentences, session, words

_MORNING: Final = time(8)
"""When what was put aside until a day comes back."""
_KEEPS_OPEN_EVERY: Final = timedelta(minutes=4)
"""Twice within the ten minutes for which an open form keeps a claim: one call may be lost."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person typed beside one exception."""

    exception_id: str

    def text(self, name: str) -> str:
        """Return a text; empty where nothing was typed."""
        return str(st.session_state.get(f"{name}-{self.exception_id}") or "")

    @property
    def reason(self) -> str:
        """Return why."""
        return self.text("reason")

    @property
    def until(self) -> datetime:
        """Return the morning of the day that was chosen; else of tomorrow."""
        chosen = st.session_state.get(f"until-{self.exception_id}")
        day = chosen if isinstance(chosen, date) else _tomorrow()
        return datetime.combine(day, _MORNING, tzinfo=session.zone())


@dataclass(frozen=True, slots=True)
class Deed:
    """One act, and the names of what has to be typed for it."""

    do: Callable[[ApiClient, ExceptionDetail, Typed], ExceptionDetail]
    needs: tuple[str, ...] = ("reason",)


DEEDS: Final[Mapping[str, Deed]] = {
    "claim": Deed(lambda api, seen, _: api.claim(seen.id, revision=seen.revision), ()),
    "start_work": Deed(lambda api, seen, _: api.start_work(seen.id, revision=seen.revision), ()),
    "give_back": Deed(lambda api, seen, _: api.give_back(seen.id, revision=seen.revision), ()),
    "retry": Deed(lambda api, seen, typed: api.retry(seen.id, revision=seen.revision, reason=typed.reason)),
    "return_to_source": Deed(
        lambda api, seen, typed: api.return_to_source(seen.id, revision=seen.revision, reason=typed.reason)
    ),
    "release": Deed(lambda api, seen, typed: api.release(seen.id, revision=seen.revision, reason=typed.reason)),
    "declare_duplicate": Deed(
        lambda api, seen, typed: api.declare_duplicate(
            seen.id, revision=seen.revision, reason=typed.reason, transaction_id=typed.text("original")
        ),
        ("reason", "original"),
    ),
    "defer": Deed(
        lambda api, seen, typed: api.defer(seen.id, revision=seen.revision, reason=typed.reason, wake_at=typed.until),
        ("reason", "until"),
    ),
    "hand_over": Deed(
        lambda api, seen, typed: api.hand_over(
            seen.id, revision=seen.revision, reason=typed.reason, person=typed.text("person"), team=typed.text("team")
        ),
        ("reason", "person", "team"),
    ),
    "accept_hand_over": Deed(lambda api, seen, _: api.accept_hand_over(seen.id, revision=seen.revision), ()),
    "refuse_hand_over": Deed(
        lambda api, seen, typed: api.refuse_hand_over(seen.id, revision=seen.revision, reason=typed.reason)
    ),
    "un_merge": Deed(lambda api, seen, typed: api.un_merge(seen.id, revision=seen.revision, reason=typed.reason)),
    "close": Deed(lambda api, seen, typed: api.close_exception(seen.id, revision=seen.revision, reason=typed.reason)),
}
"""The acts that this page offers; the others are done over the API."""


def offer(seen: ExceptionDetail) -> None:
    """Offer what the person may do now, with what has to be typed for it."""
    offered = [name for name in seen.acts if name in DEEDS]
    if not offered:
        st.caption("There is nothing for you to do here now.")
        return
    _inputs(seen, [need for name in offered for need in DEEDS[name].needs])
    if seen.claimed_by and seen.claimed_by.login == session.me().login and seen.claim_expires_at:
        _keep_open(seen)
    with st.container(horizontal=True):
        for name in offered:
            _button(name, seen, is_first=name == offered[0])


@st.fragment(run_every=_KEEPS_OPEN_EVERY)
def _keep_open(seen: ExceptionDetail) -> None:
    """Let the claim stand as long as its form does; what changed meanwhile is told to whoever acts."""
    with suppress(ApiError):
        session.api().keep_open(seen.id, revision=seen.revision)


def _inputs(seen: ExceptionDetail, needs: Iterable[str]) -> None:
    for need in dict.fromkeys(needs):
        _INPUTS[need](f"{need}-{seen.id}")


def _reason(key: str) -> None:
    st.text_input("Reason", key=key, placeholder="Why? It stands in the record", max_chars=500)


def _original(key: str) -> None:
    st.text_input("Repeats", key=key, placeholder="The other document's id, txn_…")


def _until(key: str) -> None:
    st.date_input("Until the morning of", key=key, value=_tomorrow())


def _person(key: str) -> None:
    st.text_input("To a person", key=key, placeholder="A login, if no team")


def _team(key: str) -> None:
    teams = [name for name in words.TEAMS if name]
    st.selectbox("To a team", teams, key=key, index=None, format_func=words.team, placeholder="If no person")


_INPUTS: Final[Mapping[str, Callable[[str], None]]] = {
    "reason": _reason,
    "original": _original,
    "until": _until,
    "person": _person,
    "team": _team,
}


def _button(name: str, seen: ExceptionDetail, *, is_first: bool) -> None:
    word = words.word_of(words.ACTS, name)
    st.button(
        word.label,
        key=f"act-{name}",
        icon=word.icon,
        help=word.meaning,
        type="primary" if is_first else "secondary",
        on_click=_do,
        args=(name, seen),
    )


def _do(name: str, seen: ExceptionDetail) -> None:
    with parts.answered(words.DONE[name], lambda: _meanwhile(seen)):
        DEEDS[name].do(session.api(), seen, Typed(seen.id))


def _meanwhile(seen: ExceptionDetail) -> str:
    return " ".join(sentences.changes(seen, session.api().exception(seen.id)))


def _tomorrow() -> date:
    return datetime.now(session.zone()).date() + timedelta(days=1)
