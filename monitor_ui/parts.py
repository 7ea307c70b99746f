"""The parts that every view is put together from: heading, numbers, filters, badges, links, messages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

import streamlit as st
from pydantic import ValidationError
from streamlit.navigation.page import Page as View

from control_plane.api.client import ApiError
from control_plane.api.schemas import Figures
from monitor_ui import figures, sentences, session, words
from monitor_ui.figures import Drawing
from monitor_ui.frames import Choices
from monitor_ui.words import Word

TRANSACTION: Final = "transaction"
EXCEPTION: Final = "exception"

_VIEWS: Final = "views"
_SAID: Final = "said"
_MAY_BE_STALE: Final = frozenset({"changed_meanwhile", "not_possible"})


@dataclass(frozen=True, slots=True)
class Number:
    """One of the three numbers on top of a view."""

    label: str
    value: str
    detail: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Said:
    """What is told to the person after an act."""

    kind: Literal["success", "info", "error"]
    text: str


def heading(question: str, asked: Figures | None = None) -> None:
    """Show a view's question, when its figures were true and how old what they rest on is."""
    st.title(question, anchor=False)
    if asked is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(sentences.as_of(asked.as_of, asked.freshness, session.zone()), width="content")
        if asked.freshness.is_stale:
            st.badge(
                "Sources are behind", icon=":material/history:", color="orange", help="A stream was not read on time."
            )
        st.button("Refresh", icon=":material/refresh:", type="tertiary", help="Ask for the figures of this moment")


def numbers(*three: Number) -> None:
    """Show the numbers on top of a view."""
    with st.grid(len(three), min_column_width=230):
        for one in three:
            st.metric(
                one.label,
                one.value,
                one.detail,
                delta_color="off",
                delta_arrow="off",
                help=one.meaning,
                border=True,
                height="stretch",
            )


def filters(offered: Choices) -> dict[str, str]:
    """Offer the filters beside the view and return those that are set; they stand in the page's address."""
    with st.sidebar:
        asked = {
            "flow": _filter("Flow", "flow", offered.flows, words.flow),
            "legal_entity_id": _filter("Legal entity", "legal_entity_id", offered.legal_entities, words.entity),
        }
    return {name: value for name, value in asked.items() if value}


def filters_of_one_flow(offered: Choices) -> dict[str, str]:
    """Offer the same for figures that must not be summed across flows: one flow is always chosen."""
    with st.sidebar:
        asked = {
            "flow": _filter("Flow", "flow", offered.flows, words.flow, first="".join(offered.flows[:1])),
            "legal_entity_id": _filter("Legal entity", "legal_entity_id", offered.legal_entities, words.entity),
            "currency": _filter("Currency", "currency", offered.currencies, str),
        }
    return {name: value for name, value in asked.items() if value}


def badge(known: Mapping[str, Word], value: str) -> None:
    """Show a value as a colored word that explains itself."""
    word = words.word_of(known, value)
    st.badge(word.label, icon=word.icon, color=word.color, help=word.meaning or None)


def draw(name: str, drawing: Drawing) -> None:
    """Show a figure; another theme gets another one, for plotly keeps the colors of some texts."""
    key = f"{name}-{st.context.theme.type}"
    st.plotly_chart(drawing.figure, key=key, config={"displayModeBar": False}, alt=drawing.alt)


def colors() -> figures.Palette:
    """Return the colors of the reader's theme."""
    return figures.palette(st.context.theme.type)


def remember(views: Mapping[str, View]) -> None:
    """Let views lead to each other."""
    st.session_state[_VIEWS] = views


def go_to(view: str, **query: str) -> None:
    """Leave for another view."""
    st.switch_page(st.session_state[_VIEWS][view], query_params=query)


def link_to(view: str, label: str, **query: str) -> None:
    """Show a link to another view."""
    st.page_link(st.session_state[_VIEWS][view], label=label, icon=":material/arrow_forward:", query_params=query)


def say(kind: Literal["success", "info", "error"], text: str) -> None:
    """Tell the person something when the view is drawn next."""
    st.session_state[_SAID] = Said(kind, text)


def tell() -> None:
    """Show what is to be told, once."""
    said = st.session_state.pop(_SAID, None)
    if said is not None:
        {"success": st.success, "info": st.info, "error": st.error}[said.kind](said.text)


@contextmanager
def answered(done: str, look_again: Callable[[], str]) -> Iterator[None]:
    """Tell how an act went; where the person looked at something old, `look_again` says what changed meanwhile."""
    try:
        yield
    except ApiError as error:
        is_stale = error.problem.code in _MAY_BE_STALE
        changed = f" {look_again()}" if is_stale else ""
        say("info" if is_stale else "error", f"{sentences.refusal(error.problem)}{changed}")
    except ValidationError as error:
        say("error", sentences.unfit("".join(map(str, one["loc"][:1])) for one in error.errors()))
    else:
        say("success", done)


def pills(name: str, label: str, offered: Mapping[str, str], *, first: str = "", meaning: str) -> str:
    """Offer a few things of which one, or with no `first` none, is picked; the pick stands in the page's address."""
    picked = _in_address(name, list(offered), first)
    st.pills(
        label,
        list(offered),
        format_func=offered.__getitem__,
        required=bool(first),
        key=_widget(name),
        on_change=_to_address,
        args=(name,),
        help=meaning,
    )
    return picked


def _filter(label: str, name: str, offered: Sequence[str], title: Callable[[str], str], *, first: str = "") -> str:
    picked = _in_address(name, offered, first)
    st.selectbox(
        label,
        offered,
        index=0 if first else None,
        key=_widget(name),
        format_func=title,
        placeholder="All",
        required=bool(first),
        on_change=_to_address,
        args=(name,),
        help=f"Show one only; the choice stands in the page's address as `{name}`.",
    )
    return picked


def _widget(name: str) -> str:
    return f"pick-{name}"


def _in_address(name: str, offered: Sequence[str], first: str) -> str:
    """Return what the address picks, and let the widget show it.

    Streamlit's own binding would write titles there, which change with our words and which alerts do not know.
    """
    asked = str(st.query_params.get(name, ""))
    picked = asked if asked in offered else first
    st.session_state[_widget(name)] = picked or None
    return picked


def _to_address(name: str) -> None:
    picked = st.session_state[_widget(name)]
    if picked:
        st.query_params[name] = picked
    else:
        st.query_params.pop(name, None)
