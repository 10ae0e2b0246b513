"""The script of chart_gallery.py. The query parameter `turn` changes the numbers, as a ledger does."""

import numpy as np
import streamlit as st

from core.labels import LABEL_TITLES
from pages.shared.charts import Mark, bars, draw_chart, lines, points, steps

HOSTILE = "<img src=x onerror=alert(1)> **bold** [a](http://x)"
TITLES = list(LABEL_TITLES.values())

st.set_page_config(layout="wide")
turn = st.number_input("turn", 0, 100, 0, key="turn")
PAIRS = ["Ada / Grace", "Ada / " + "W" * 40, "Grace / Wim"]
STEPS = np.arange(1800)
days = np.arange("2026-10-01", "2026-11-10", dtype="datetime64[D]")
wave = 0.6 + 0.2 * np.sin(np.arange(len(days)) / 6) + 0.01 * turn
holes = [None if k in (10, 11) else value for k, value in enumerate(wave - 0.25)]

left, right = st.columns(2)
with left:
    draw_chart(
        lines(
            days,
            {"Threat": wave, HOSTILE: holes},
            bands={"Threat": (wave - 0.1, wave + 0.1)},
            y_title="Krippendorff's alpha",
            x_title="Day",
            marks=[Mark(name="new policy", x=float(days[20].astype("datetime64[s]").astype(int)))],
        ),
        "bands",
        "Do people agree more than they did?",
    )
    draw_chart(
        points(
            TITLES,
            {"Blind": np.linspace(0.5, 0.9, 6), "Assisted": np.linspace(0.6, 0.93, 6)},
            errors={
                "Blind": (np.linspace(0.4, 0.85, 6), np.linspace(0.6, 0.95, 6)),
                "Assisted": (np.linspace(0.55, 0.9, 6), np.linspace(0.65, 0.95, 6)),
            },
            y_title="Kappa",
        ),
        "categories",
        "How well do people agree, by label?",
    )
    edges = np.linspace(0, 1, 33)
    draw_chart(
        steps(
            edges,
            {
                "Reference": 400 * np.exp(-4 * edges[:-1]) // 1,
                "Today": 300 * np.exp(-3 * edges[:-1]) // 1,
            },
            x_title="Score",
            y_title="Comments",
            y_unit="count",
            marks=[Mark(name="threshold 0.5", x=0.5)],
        ),
        "steps",
        "Did the scores move?",
    )
    draw_chart(lines([], {}, x_title="Step"), "empty", "What if there is nothing?")
with right:
    draw_chart(
        bars(
            ["Ada / Grace", "Ada / " + "W" * 40, "Grace / Wim"],
            {"Both": [12, 40, 3], "One only": [4, 18, 9]},
            y_unit="count",
        ),
        "bars",
        "Who disagrees with whom?",
    )
    rates = np.logspace(-5, -0.3, 60)
    draw_chart(
        lines(
            rates,
            {label: np.minimum(1, rates ** (0.2 + 0.05 * k)) for k, label in enumerate(TITLES)},
            x_scale="log",
            y_scale="log",
            x_unit="share",
            y_unit="share",
            x_title="Flagged",
            y_title="Found",
            colours={title: k for k, title in enumerate(TITLES)},
        ),
        "log",
        "How much is found by flagging little?",
    )
    shared = {"x_title": "Step", "x_unit": "count", "x_range": (0, 1800), "group": "g"}
    draw_chart(lines(STEPS, {"Loss": 1 / (1 + STEPS / 50)}, **shared), "loss", "Does the loss fall?")
    draw_chart(lines([300.0], {"AUC": [0.91]}, **shared), "auc", "And the AUC?")
    draw_chart(points([0.2], {"One": [0.5]}, errors={"One": ([0.1], [0.9])}), "one", "What if there is one point?")
