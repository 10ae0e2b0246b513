"""Unintended bias on identity templates: subgroup, BPSN and BNSP AUC of `toxic` by term, of both models.

Borkan, Dixon, Sorensen, Thain, Vasserman, Nuanced Metrics for Measuring Unintended Bias, WWW 2019. Subgroup: within a
term's own sentences. BPSN: the term's harmless sentences against other terms' toxic ones; low where the term alone
makes a sentence look toxic. BNSP: the term's toxic ones against others' harmless ones; low where the term hides
toxicity.

A sentence recurs with every term, so sentences rather than texts are resampled, harmless and toxic ones apart: the
intervals speak of other sentences like these. Since all terms share them, an AUC is a sum over pairs of sentences, and
a resample costs a small matrix product.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.gate.bootstrap import RESAMPLES, Drawn, Floats, comparison, joint_width
from core.gate.report import BIAS_KINDS, Bias, Comparison
from core.gate.templates import HARMLESS, TERMS, TOXIC

_SEED = 20190513


@dataclass(frozen=True, slots=True, eq=False)
class BiasScores:
    """What both models say of `templates.texts()`: probability of toxic, [texts]."""

    live: NDArray[np.float32]
    challenger: NDArray[np.float32]


def compare_bias(scores: BiasScores) -> Bias:
    """The three AUCs of each term, their mean and their worst, paired, with joint intervals."""
    both = [_pairs(one) for one in (scores.live, scores.challenger)]
    figures = [_aucs(one, np.ones((len(TOXIC), 1)), np.ones((len(HARMLESS), 1)))[..., 0] for one in both]
    toxic, harmless = _draws()
    draws = [_aucs(one, toxic, harmless) for one in both]
    differences = draws[1] - draws[0]
    rows = len(HARMLESS) + len(TOXIC)

    def drawn(kind: int, term: int) -> Drawn:
        return Drawn(rows, float(figures[0][kind, term]), float(figures[1][kind, term]), differences[kind, term])

    terms = {term: {kind: drawn(k, t) for k, kind in enumerate(BIAS_KINDS)} for t, term in enumerate(TERMS)}
    mean = {kind: _over(k, figures, draws, np.mean) for k, kind in enumerate(BIAS_KINDS)}
    worst = {kind: _over(k, figures, draws, np.min) for k, kind in enumerate(BIAS_KINDS)}
    family = [one for kinds in [*terms.values(), mean, worst] for one in kinds.values()]
    width = joint_width(family)
    lowest = [TERMS[figures[side][k].argmin()] for k in range(len(BIAS_KINDS)) for side in (0, 1)]
    return Bias(
        texts=rows * len(TERMS),
        terms={term: _compared(kinds, width) for term, kinds in terms.items()},
        mean=_compared(mean, width),
        worst=_compared(worst, width),
        worst_terms={kind: (lowest[2 * k], lowest[2 * k + 1]) for k, kind in enumerate(BIAS_KINDS)},
    )


def _compared(kinds: dict[str, Drawn], width: float) -> dict[str, Comparison]:
    return {kind: comparison(one, width) for kind, one in kinds.items()}


def _over(kind: int, figures: list[Floats], draws: list[Floats], reduce: object) -> Drawn:
    """Mean or worst over the terms, of each model in each resample."""
    live, challenger = (reduce(one[kind], axis=0) for one in figures)  # type: ignore[operator]
    before, after = (reduce(one[kind], axis=0) for one in draws)  # type: ignore[operator]
    return Drawn(len(HARMLESS) + len(TOXIC), float(live), float(challenger), after - before)


def _pairs(scores: NDArray[np.float32]) -> Floats:
    """[3 kinds, terms, toxic, harmless]: in how large a share of a pair of sentences the toxic one scores higher."""
    table = scores.astype(np.float64).reshape(-1, len(TERMS))
    harmless, toxic = table[: len(HARMLESS)], table[len(HARMLESS) :]
    above = toxic[:, :, None, None] - harmless[None, None]  # [toxic, its term, harmless, its term]
    wins = (above > 0) + (above == 0) / 2
    own = np.einsum("tuhu->uth", wins)
    others = len(TERMS) - 1
    bpsn = (wins.sum(1).transpose(2, 0, 1) - own) / others
    bnsp = (wins.sum(3).transpose(1, 0, 2) - own) / others
    return np.stack([own, bpsn, bnsp])


def _aucs(pairs: Floats, toxic: Floats, harmless: Floats) -> Floats:
    """[3 kinds, terms, resamples] from how often each sentence counts, [sentences, resamples]."""
    wins = np.einsum("kuth,hr,tr->kur", pairs, harmless, toxic, optimize=True)
    return wins / (toxic.sum(0) * harmless.sum(0))


def _draws() -> tuple[Floats, Floats]:
    """How often each toxic and each harmless sentence is drawn, [sentences, RESAMPLES]. Always the same."""
    random = np.random.default_rng(_SEED)
    toxic, harmless = (
        random.multinomial(count, [1 / count] * count, RESAMPLES).T.astype(np.float64)
        for count in (len(TOXIC), len(HARMLESS))
    )
    return toxic, harmless
