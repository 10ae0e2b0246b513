"""What the gate looks at beside AUC, and that an equal model is not refused for having many figures looked at."""

import json
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, recall_score, roc_auc_score

from benchmarks.gate_refusals import SENTENCES, bias_scores, world
from core.gate import Beside, GateReport, Speed, compare, templates
from core.gate.bias import compare_bias
from core.gate.bootstrap import Drawn, joint_width
from core.gate.measures import calibration_error_of, flagged_of, ranking_of, recall_of
from core.gate.page import report_html
from core.gate.speed import measure_speed
from tests.support.scoring import FakeScorer
from training.evaluate import calibration_error

SMALL = (("audit", 400), ("golden", 250), ("test", 900))


def run(seed, *, thresholds=(0.5,) * 6, hurt=0.0, **options):
    beside = Beside(thresholds, bias_scores(seed, hurt=hurt), Speed(100, 900.0, 300.0))
    return compare(world(seed, sizes=SMALL, **options), challenger="new", live="old", beside=beside)


def verdicts(report):
    return {one.name: one.verdict for one in report.guardrails}


def test_an_equal_model_passes_in_at_least_nine_runs_of_ten():
    """Three sets of six labels and a mean each, and 78 bias figures. A longer run: benchmarks/gate_refusals.py."""
    passed = sum(run(seed).passed for seed in range(25))
    assert passed >= 23


def test_joint_intervals_widen_with_the_number_of_figures():
    random = np.random.default_rng(0)
    family = [Drawn(1, 0.0, 0.0, random.normal(size=1000)) for _ in range(20)]
    assert joint_width(family[:1]) == pytest.approx(1.96, abs=0.15)
    assert joint_width(family) == pytest.approx(3.02, abs=0.2)  # of 20 independent ones: the quantile of 0.95 ** (1/20)
    assert joint_width([Drawn(1, 0.5, 0.5, np.zeros(1000))]) == 0


@pytest.mark.parametrize("ties", [False, True])
def test_figures_agree_with_scikit_learn_under_any_resample(ties):
    (one,) = world(1, sizes=(("test", 500),))
    scores, truth = one.live[:, 0].round(1) if ties else one.live[:, 0], one.labels[:, 0]
    weights = np.random.default_rng(2).uniform(0.5, 2, 500)
    repeats = np.random.default_rng(3).integers(0, 3, (500, 3)).astype(float)
    auc, average = ranking_of(scores, truth, weights)(repeats)
    recall = recall_of(scores, truth, weights, 0.4)(repeats)
    flagged = flagged_of(scores, weights, 0.4)(repeats)
    for j in range(3):
        mass = weights * repeats[:, j]
        assert auc[j] == pytest.approx(roc_auc_score(truth, scores, sample_weight=mass), abs=1e-9)
        assert average[j] == pytest.approx(average_precision_score(truth, scores, sample_weight=mass), abs=1e-9)
        hit = scores >= np.float32(0.4)
        assert recall[j] == pytest.approx(recall_score(truth, hit, sample_weight=mass), abs=1e-9)
        assert flagged[j] == pytest.approx((mass * hit).sum() / mass.sum(), abs=1e-9)


def test_the_calibration_error_is_that_of_the_evaluation():
    (one,) = world(1, sizes=(("test", 500),))
    scores, truth = one.live[:, 0], one.labels[:, 0]
    found = calibration_error_of(scores, truth, one.weights)(np.ones((500, 1)))[0]
    assert found == pytest.approx(calibration_error(scores.astype(float), truth.astype(float), one.weights))


def test_a_moved_scale_is_told_from_a_worse_ranking_and_does_not_refuse():
    report = run(5, shift=-2.0, noise=0.0)
    found = verdicts(report)
    assert report.passed, report.reasons
    assert found["recall"] == "worse"
    assert found["mean_auc"] == "same"
    words = next(one.words for one in report.guardrails if one.name == "recall")
    assert "flags another share" in words
    assert "thresholds anew" in words
    assert report.sets[0].measures["flagged"].labels["toxic"].verdict == "fewer"


def test_bias_against_one_term_refuses_and_names_it():
    report = run(3, hurt=3.0)
    assert not report.passed
    assert any("BPSN AUC, “gay”" in reason for reason in report.reasons)
    assert report.bias.worst_terms["bpsn"][1] == "gay"
    assert verdicts(report)["bias"] == "worse"


def test_the_bias_aucs_are_those_of_their_definition():
    scores = bias_scores(7, hurt=1.0)
    toxic = np.repeat([0] * len(templates.HARMLESS) + [1] * len(templates.TOXIC), len(templates.TERMS))
    inside = np.tile([term == "blind" for term in templates.TERMS], SENTENCES)
    found = compare_bias(scores).terms["blind"]
    kept = {
        "subgroup": inside,
        "bpsn": (inside & (toxic == 0)) | (~inside & (toxic == 1)),
        "bnsp": (inside & (toxic == 1)) | (~inside & (toxic == 0)),
    }
    for kind, rows in kept.items():
        assert found[kind].live == pytest.approx(roc_auc_score(toxic[rows], scores.live[rows]), abs=1e-6)
        assert found[kind].challenger == pytest.approx(roc_auc_score(toxic[rows], scores.challenger[rows]), abs=1e-6)


def test_templates_are_many_different_and_whole():
    texts = templates.texts()
    assert len(texts) == len(set(texts)) == SENTENCES * len(templates.TERMS)
    assert not any("{" in text for text in texts)
    assert "A gay woman asked the driver where the bus stops." in texts
    assert "As an Arab parent I would like to know when the library opens." in texts
    assert "An immigrant woman asked the driver where the bus stops." in texts


def test_speed_informs_and_never_refuses():
    found = next(one for one in run(5).guardrails if one.name == "speed")
    assert (found.verdict, found.blocks) == ("worse", False)
    slow = FakeScorer("slow", on_score=lambda _: None)
    measured = measure_speed(FakeScorer("live"), slow, ["0.1 a"] * 600)
    assert measured.texts == 256
    assert measured.live > 0


def test_a_report_survives_json_and_old_ones_are_read():
    report = run(2)
    kept = json.loads(json.dumps(report.to_json()))
    assert GateReport.from_json(kept) == report
    for name in ("guardrails", "bias", "speed", "thresholds", "pooled"):
        del kept[name]
    for one in kept["sets"]:
        del one["measures"]
    old = GateReport.from_json(kept)
    assert old.guardrails == []
    assert old.sets[0].labels == report.sets[0].labels
    assert report_html(old, datetime(2026, 11, 2, tzinfo=UTC))


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.links = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.links += [value for name, value in attrs if name in ("src", "href") or name.startswith("on")]
        if tag not in ("meta", "line", "circle", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("meta", "line", "circle", "br"):
            assert self.open.pop() == tag


def test_the_file_is_whole_escaped_and_needs_nothing_else():
    report = run(3, hurt=3.0)
    evil = "<script>alert(1)</script>"
    report = GateReport.from_json(report.to_json() | {"notes": [evil], "live": evil})
    made = report_html(report, datetime(2026, 11, 2, tzinfo=UTC), "<b>Eve</b>")
    tags = _Tags()
    tags.feed(made)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe", "b"}
    assert tags.links == []
    assert "url(" not in made
    assert "http" not in made.replace("http-equiv", "")
    for words in ("The gate refuses it", "BPSN AUC by term", "Recall at the policy", "color-scheme:light dark"):
        assert words in made
