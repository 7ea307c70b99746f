"""Figures draw what the answers say, in the colors of the theme, with a sentence in their place."""

import tomllib
from datetime import UTC, timedelta
from pathlib import Path

import plotly.graph_objects as go
import pytest
from streamlit.elements.lib.streamlit_plotly_theme import GRAY_90

import monitor_ui
from monitor_ui import figures
from monitor_ui.figures import DARK, LIGHT, Drawing, Palette
from tests.monitor_ui.factories import NOW, amount, entry, ledger_line, sla_line, stands, totals

LINE = ledger_line(received=stands(1200, 3), posted=stands(1000, 2), blocked=stands(-200, 1))
BUSY = sla_line(breached=totals(amount(500)), on_time=totals(amount(900, count=2)))
STORY = [
    entry("received", at=NOW),
    entry("step", name="bind", reason="held", at=NOW),
    entry(to_state="on_hold", reason="master_data", at=NOW + timedelta(seconds=90), since_previous_seconds=90),
]
DRAWINGS = [
    figures.places([LINE], LIGHT),
    figures.promises([BUSY], LIGHT),
    figures.story(STORY, DARK, UTC),
]


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_plotly_accepts_the_figure_and_a_sentence_stands_for_it(drawing: Drawing) -> None:
    go.Figure(drawing.figure)
    assert drawing.alt.endswith(".")


def test_the_bands_lead_to_the_places_that_hold_something() -> None:
    (sankey,) = figures.places([LINE], LIGHT).figure["data"]
    labels = sankey["node"]["label"]

    ends = [(labels[s], labels[t]) for s, t in zip(sankey["link"]["source"], sankey["link"]["target"], strict=True)]
    assert ends == [("DE01, EUR", "Blocked"), ("DE01, EUR", "Posted")]
    assert sankey["link"]["value"] == [200, 1000]
    assert sankey["link"]["customdata"] == ["DE01, EUR → Blocked: -2.00 EUR", "DE01, EUR → Posted: 10.00 EUR"]


def test_breaches_stand_first_in_a_bar() -> None:
    bars = figures.promises([BUSY], LIGHT).figure["data"]

    assert [(bar["name"], bar["x"]) for bar in bars] == [("Breached", [1]), ("At risk", [0]), ("On time", [2])]


def test_the_story_keeps_the_order_of_events() -> None:
    figure = figures.story(STORY, LIGHT, UTC).figure

    (dots,) = figure["data"]
    assert dots["y"] == ["Received", "Check", "Change of state"]
    assert dots["marker"]["color"] == [LIGHT.colors[name] for name in ("blue", "orange", "orange")]
    assert figure["layout"]["xaxis"]["ticktext"] == ["", "", "+ 1 min 30 s"]


@pytest.mark.parametrize(("name", "palette"), [("light", LIGHT), ("dark", DARK)])
def test_figures_have_the_colors_of_the_theme(name: str, palette: Palette) -> None:
    root = Path(monitor_ui.__file__).parent
    theme = tomllib.loads((root / ".streamlit" / "config.toml").read_text())["theme"]

    assert dict(palette.colors) == {color: theme[name][f"{color}Color"] for color in palette.colors}
    assert figures.palette(name) is palette


def test_texts_of_figures_follow_the_theme_by_themselves() -> None:
    assert figures.TEXT == GRAY_90


def test_without_a_known_theme_the_light_one_is_taken() -> None:
    assert figures.palette(None) is LIGHT
