"""Drawings of answers: one pure function per figure, in plotly's own JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from control_plane.api.schemas import LedgerLine, LineageEntry, SlaLine
from monitor_ui import sentences, words
from monitor_ui.words import Color

Json = dict[str, Any]  # plotly's own JSON


@dataclass(frozen=True, slots=True)
class Palette:
    """The colors of one theme, the same as in the theme's own file; texts and grids follow the theme by themselves."""

    colors: Mapping[Color, str]


LIGHT: Final = Palette(
    colors={
        "red": "#c0392b",
        "orange": "#d97706",
        "yellow": "#b58900",
        "blue": "#2f6fdb",
        "green": "#2e8b57",
        "violet": "#7c5cc4",
        "gray": "#8592a3",
    },
)
DARK: Final = Palette(
    colors={
        "red": "#f0766a",
        "orange": "#f0a04b",
        "yellow": "#e3c15a",
        "blue": "#6ea3f7",
        "green": "#5cc48d",
        "violet": "#a78bea",
        "gray": "#8794a6",
    },
)

TEXT: Final = "#000037"
"""Streamlit puts the strongest text color of the reader's theme in its place, also when the theme changes."""

_FEW: Final = 10
"""Below it every whole number is marked on an axis of counts."""
_ROW: Final = 34
"""Pixels of one bar."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure with the sentence that stands for it where it cannot be seen."""

    figure: Json
    alt: str


def palette(theme: str | None) -> Palette:
    """Return the colors of the reader's theme."""
    return DARK if theme == "dark" else LIGHT


def places(lines: Sequence[LedgerLine], colors: Palette) -> Drawing:
    """Return where received amounts went, as bands from each line to the places; widths in the group's currency."""
    names = [_name(line) for line in lines]
    links = [
        (source, target, getattr(line, place))
        for source, line in enumerate(lines)
        for target, place in enumerate(words.PLACES, start=len(lines))
        if getattr(line, place).group and getattr(line, place).group.minor
    ]
    shades = [colors.colors[word.color] for word in words.PLACES.values()]
    labels = [*names, *(word.label for word in words.PLACES.values())]
    said = [f"{labels[source]} → {labels[target]}: {sentences.money(amount)}" for source, target, amount in links]
    sankey = {
        "type": "sankey",
        "arrangement": "snap",
        "textfont": {"color": TEXT, "shadow": "none"},
        "node": {
            "label": labels,
            "color": [colors.colors["gray"]] * len(lines) + shades,
            "line": {"width": 0},
            "pad": 18,
            "thickness": 14,
            "hovertemplate": "%{label}<extra></extra>",
        },
        "link": {
            "source": [source for source, _, _ in links],
            "target": [target for _, target, _ in links],
            "value": [abs(amount.group.minor) for _, _, amount in links],
            "color": [_see_through(shades[target - len(lines)]) for _, target, _ in links],
            "customdata": said,
            "hovertemplate": "%{customdata}<extra></extra>",
        },
    }
    layout = _layout(height=max(260, 60 + _ROW * len(lines)))
    return Drawing({"data": [sankey], "layout": layout}, f"Where received amounts are. {'; '.join(said)}.")


def promises(lines: Sequence[SlaLine], colors: Palette) -> Drawing:
    """Return open documents per line as bars: breached, at risk, on time."""
    names = [f"{words.flow(line.flow)}, {words.entity(line.legal_entity_id)}" for line in lines]
    longest = max(line.breached.count + line.at_risk.count + line.on_time.count for line in lines)
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": word.label,
            "y": names,
            "x": [getattr(line, status).count for line in lines],
            "marker": {"color": colors.colors[word.color]},
            "customdata": [sentences.documents(getattr(line, status), line.flow) for line in lines],
            "hovertemplate": "%{y}<br>" + word.label + ": %{customdata}<extra></extra>",
        }
        for status, word in words.SLA.items()
    ]
    layout = _layout(height=90 + _ROW * len(lines)) | {
        "barmode": "stack",
        "bargap": 0.35,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        "xaxis": {
            "title": {"text": "Open documents"},
            "tickformat": ",d",
            "dtick": 1 if longest < _FEW else None,
        },
        "yaxis": {"autorange": "reversed", "automargin": True},
    }
    said = "; ".join(
        f"{name}: {line.breached.count} breached, {line.at_risk.count} at risk, {line.on_time.count} on time"
        for name, line in zip(names, lines, strict=True)
    )
    return Drawing({"data": bars, "layout": layout}, f"Open documents by SLA status. {said}.")


def story(entries: Sequence[LineageEntry], colors: Palette, zone: tzinfo) -> Drawing:
    """Return a document's way from source to ledger: one lane per kind of entry, in the order of events."""
    lanes = [word for kind, word in words.ENTRIES.items() if any(entry.kind == kind for entry in entries)]
    steps = list(range(1, len(entries) + 1))
    said = [f"{sentences.title_of(entry)}<br>{sentences.clock(entry.at, zone)}" for entry in entries]
    dots = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": steps,
        "y": [words.word_of(words.ENTRIES, entry.kind).label for entry in entries],
        "line": {"color": _see_through(colors.colors["gray"]), "width": 2, "shape": "hvh"},
        "marker": {"size": 13, "color": [colors.colors[sentences.color_of(entry)] for entry in entries]},
        "customdata": said,
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    layout = _layout(height=70 + _ROW * len(lanes)) | {
        "showlegend": False,
        "xaxis": {"showgrid": False, "zeroline": False, "tickvals": steps, "ticktext": _times(entries)},
        "yaxis": {
            "categoryorder": "array",
            "categoryarray": [word.label for word in lanes],
            "autorange": "reversed",
            "automargin": True,
        },
    }
    alt = "; ".join(sentences.title_of(entry) for entry in entries)
    return Drawing({"data": [dots], "layout": layout}, f"The way of the document, in order. {alt}.")


def _times(entries: Sequence[LineageEntry]) -> list[str]:
    """Return what stands under each step: how much later it happened, where that can be seen."""
    return [sentences.after(entry.since_previous_seconds) for entry in entries]


def _name(line: LedgerLine) -> str:
    return f"{words.entity(line.legal_entity_id)}, {line.currency}"


def _layout(*, height: int) -> Json:
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "font": {"color": TEXT, "family": "Inter, sans-serif", "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"align": "left"},
    }


def _see_through(color: str) -> str:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.45)"
