"""Agreement: published examples, scikit-learn, and intervals that cover."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from core.metrics.agreement import agreements, cohen_kappa, difference, krippendorff_alpha, share

RNG = np.random.default_rng


def counts_of(rows: list[str]) -> np.ndarray:
    """Krippendorff's tables: a row a person, a column a comment, '.' for missing."""
    values = sorted({c for row in rows for c in row} - {"."})
    return np.array([[sum(row[u] == v for row in rows) for v in values] for u in range(len(rows[0]))], float)


def two(rng, n, prevalence, sensitivity, specificity):
    """Opinions [n] of two people on the same comments."""
    truth = rng.random(n) < prevalence
    return tuple(np.where(truth, rng.random(n) < sensitivity, rng.random(n) > specificity) for _ in range(2))


@pytest.mark.parametrize(
    ("rows", "alpha"),
    [
        # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), examples A, B and C
        (["0100000000", "1110010010"], 0.095),
        (["aabbdcccedda", "babbbccceddd"], 0.692),
        (["123321412...", "1233224125.3", ".3332342251.", "12332441251."], 0.743),
    ],
    ids=["binary", "nominal", "missing"],
)
def test_alpha_is_the_published_one(rows, alpha):
    counts = counts_of(rows)
    assert krippendorff_alpha(counts, np.ones(len(counts))).value == pytest.approx(alpha, abs=5e-4)


def test_kappa_is_scikit_learns_with_and_without_weights():
    rng = RNG(0)
    for _ in range(20):
        x, y = two(rng, 200, 0.2, 0.8, 0.95)
        weights = rng.uniform(1, 20, 200)
        assert cohen_kappa(x, y, np.ones(200)).value == pytest.approx(cohen_kappa_score(x, y), abs=1e-12)
        assert cohen_kappa(x, y, weights).value == pytest.approx(cohen_kappa_score(x, y, sample_weight=weights))


def test_kappas_interval_is_that_of_fleiss_cohen_and_everitt():
    """Their large-sample standard error, for a 2 x 2 table."""
    table = np.array([[53, 5], [11, 31]])
    x = np.repeat([True, True, False, False], [53, 5, 11, 31])
    y = np.repeat([True, False, True, False], [53, 5, 11, 31])
    p = table / table.sum()
    row, column = p.sum(1), p.sum(0)
    observed, expected = np.trace(p), row @ column
    kappa = (observed - expected) / (1 - expected)
    own = sum(p[i, i] * (1 - (row[i] + column[i]) * (1 - kappa)) ** 2 for i in range(2))
    other = (1 - kappa) ** 2 * sum(p[i, j] * (column[i] + row[j]) ** 2 for i in range(2) for j in range(2) if i != j)
    error = np.sqrt((own + other - (kappa - expected * (1 - kappa)) ** 2) / 100) / (1 - expected)
    found = cohen_kappa(x, y, np.ones(100))
    assert found.value == pytest.approx(kappa)
    width = np.log((1 - found.low) / (1 - found.high)) / 2 * (1 - kappa)
    assert width == pytest.approx(error * 2.12, rel=0.02)  # t of 16 disagreements, and n / (n - 1)


def test_weights_undo_unequal_drawing():
    """A sample that holds positives four times as often gives, weighted, what all comments would."""
    rng = RNG(1)
    x, y = two(rng, 400_000, 0.05, 0.8, 0.99)
    rate = np.where(x, 0.2, 0.05)
    drawn = rng.random(len(x)) < rate
    whole = agreements(x[:, None], y[:, None], np.ones(len(x)))[0]
    sample = agreements(x[drawn][:, None], y[drawn][:, None], 1 / rate[drawn])[0]
    for name in ("percent", "kappa", "alpha"):
        one = getattr(sample, name)
        assert one.low < getattr(whole, name).value < one.high
    naive = agreements(x[drawn][:, None], y[drawn][:, None], np.ones(drawn.sum()))[0]
    assert abs(naive.kappa.value - whole.kappa.value) > 3 * abs(sample.kappa.value - whole.kappa.value)


@pytest.mark.parametrize(("n", "prevalence"), [(400, 0.1), (300, 0.3), (1500, 0.03)])
def test_intervals_cover_the_truth(n, prevalence):
    """1,000 samples of two people who err, drawn with unequal rates: 95 % intervals hold the truth in 93-97.5 %."""
    rng = RNG(n)
    sensitivity, specificity = 0.8, 0.98
    p11 = prevalence * sensitivity**2 + (1 - prevalence) * (1 - specificity) ** 2
    p = prevalence * sensitivity + (1 - prevalence) * (1 - specificity)
    apart, chance = 2 * (p - p11), 2 * p * (1 - p)
    truth = {"percent": 1 - apart, "kappa": 1 - apart / chance, "alpha": 1 - apart / chance}
    held, runs = dict.fromkeys(truth, 0), 1000
    for _ in range(runs):
        x, y = two(rng, 4 * n, prevalence, sensitivity, specificity)
        rate = np.where(x, 0.5, 0.2)
        drawn = rng.random(len(x)) < rate
        found = agreements(x[drawn][:, None], y[drawn][:, None], 1 / rate[drawn])[0]
        for name, value in truth.items():
            held[name] += getattr(found, name).low <= value <= getattr(found, name).high
    assert all(0.93 * runs <= many <= 0.975 * runs for many in held.values()), held


def test_perfect_agreement_has_a_lower_limit():
    x = np.arange(100) % 5 == 0
    found = agreements(x[:, None], x[:, None], np.ones(100))[0]
    for one in (found.kappa, found.alpha):
        assert one.value == one.high == 1
        assert 0.7 < one.low < 0.95


@pytest.mark.parametrize(("n", "given"), [(29, 15), (100, 9)])
def test_too_few_is_none(n, given):
    x = np.arange(n) < given
    assert agreements(x[:, None], x[:, None], np.ones(n)) == [None]


def test_a_share_and_a_difference_of_none_are_not_certain():
    nobody = np.zeros(50, bool)
    assert share(nobody, np.ones(50)).high == pytest.approx(0.071, abs=2e-3)
    found = difference(nobody.astype(float), np.ones(50))
    assert (found.value, found.low) == (0, -found.high)
