"""Which targets hold? SLA status per flow and legal entity, breaches first."""

import streamlit as st

from control_plane.api.schemas import SlaAnswer
from monitor_ui import figures, frames, parts, sentences, session, tables, words
from monitor_ui.parts import Number

_LINE = "line"
_STATUS = "sla_status"


def show() -> None:
    """Show the targets, and the documents behind a line."""
    api = session.api()
    chosen = parts.filters(frames.choices(api.ledger()))
    answer = api.slas(**chosen)
    parts.heading("Which targets hold?", answer)
    parts.numbers(*_numbers(answer))
    _promised()
    standing = frames.with_open(answer.items)
    if standing:
        parts.draw("promises", figures.promises(standing, parts.colors()))
    st.subheader("By flow and legal entity", anchor=False)
    line = tables.chooser(
        _LINE,
        frames.slas(answer.items),
        [frames.line_id(one) for one in answer.items],
        "No document has a target yet: nothing was received.",
        alt="SLA status per flow and legal entity, breaches first",
    )
    if line:
        _documents(line)


def _numbers(answer: SlaAnswer) -> tuple[Number, Number, Number]:
    return (
        Number(
            "At risk before the deadline",
            sentences.sums(answer.at_risk),
            sentences.counted(answer.at_risk.count),
            "Open documents of which most of the time has passed. They can still make it. "
            "Confirmations repeat amounts and are left out, unless you filter for them.",
        ),
        Number(
            "Breached now",
            sentences.sums(answer.breached),
            sentences.counted(answer.breached.count),
            "Open documents past their due time, without confirmations unless you filter for them.",
        ),
        Number(
            "Attainment",
            sentences.share(answer.attainment),
            f"target {sentences.share(answer.attainment_target)}",
            "Share of the posted documents that arrived on time, against what was agreed.",
        ),
    )


def _promised() -> None:
    said = [
        f"{words.flow(flow.name)}: {sentences.promise(target)}"
        for flow in session.api().flows().items
        for target in flow.sla
    ]
    st.caption(". ".join(said))


def _documents(line: str) -> None:
    asked = {name: value for name, value in frames.line_filters(line).items() if value}
    title = ", ".join((words.flow(asked.get("flow", "")), words.entity(asked.get("legal_entity_id", ""))))
    st.subheader(f"Open documents of {title}", anchor=False)
    labels = {name: word.label for name, word in words.SLA.items()}
    status = parts.pills(_STATUS, "SLA status", labels, meaning="Show the documents of one status only.")
    st.space("small")
    tables.documents(
        "sla-documents",
        {**asked, "is_open": True, **({_STATUS: status} if status else {})},
        "No open document stands like this.",
    )
