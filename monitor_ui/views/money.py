"""Where is every cent? The money ledger by place, down to the documents."""

import streamlit as st

from control_plane.api.schemas import LedgerAnswer
from monitor_ui import figures, frames, parts, sentences, session, tables, words
from monitor_ui.parts import Number

_LINE = "line"
_PLACE = "place"


def show() -> None:
    """Show the ledger, and what a line consists of."""
    api = session.api()
    chosen = parts.filters_of_one_flow(frames.choices(api.ledger()))
    answer = api.ledger(**chosen)
    parts.heading("Where is every cent?", answer)
    parts.numbers(*_numbers(answer))
    if answer.items:
        _way(answer)
    st.subheader("The ledger by place", anchor=False)
    line = tables.chooser(
        _LINE,
        frames.ledger(answer.items),
        [frames.line_id(one) for one in answer.items],
        "The ledger is empty: nothing was received yet.",
        alt="Received amounts by place, per flow, legal entity and currency",
    )
    st.caption("Received = in progress + blocked + at source + posted + withdrawn, in every line and every currency.")
    if line:
        _parts_of(line)


def _numbers(answer: LedgerAnswer) -> tuple[Number, Number, Number]:
    return (
        Number(
            "Open amount",
            sentences.sums(answer.open),
            sentences.counted(answer.open.count),
            "In progress and blocked together: received, and not yet where it ends.",
        ),
        Number(
            "Oldest open",
            sentences.age(answer.oldest_open_at, answer.as_of),
            sentences.clock(answer.oldest_open_at, session.zone()),
            "How long the open document that waits longest has been with us.",
        ),
        Number(
            "Unexplained difference",
            sentences.sums(answer.unexplained),
            "every line adds up" if answer.is_balanced else "a line does not add up",
            "Received less the sum of the five places. Anything but zero is our mistake.",
        ),
    )


def _way(answer: LedgerAnswer) -> None:
    st.subheader("From received to where it is", anchor=False)
    parts.draw("places", figures.places(answer.items, parts.colors()))
    st.caption("Widths in the group's currency. Hover for the amounts in the documents' own currency.")


def _parts_of(line: str) -> None:
    asked = {name: value for name, value in frames.line_filters(line).items() if value}
    title = ", ".join(
        (words.flow(asked.get("flow", "")), words.entity(asked.get("legal_entity_id", "")), asked.get("currency", ""))
    )
    states = session.api().ledger_states(**asked)
    st.subheader(title, anchor=False)
    tables.table(
        "ledger-states",
        frames.ledger_states(states.items),
        "This line holds nothing.",
        alt="What the line consists of, by place, state and reason",
    )
    labels = {name: word.label for name, word in words.PLACES.items()}
    place = parts.pills(_PLACE, "Documents of", labels, meaning="Show the documents of one place only.")
    st.space("small")
    tables.documents(
        "ledger-documents", {**asked, **({_PLACE: place} if place else {})}, "No document of this line is there."
    )
