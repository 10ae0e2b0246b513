"""Make the second model that ships: a trained minilm in int8, blended with the shipped starter.

    python -m training.careful --encoder FOLDER --data train.csv.gz --out models/careful

FOLDER is what `moderato train minilm --data train.csv.gz --out FOLDER` wrote. Run it again after a new starter: the
blend names the starter that it was fitted with by its digest, and refuses another.
"""

import argparse
import shutil
import time
from pathlib import Path
from typing import Any, Final

from core.scoring.blend import Blend, BlendScorer, write_blend
from core.scoring.files import folder_digest, relative, resolve
from core.scoring.load import load_member
from core.scoring.members import Member
from core.scoring.onnx_encoder import OnnxScorer
from core.scoring.starter import StarterScorer
from training.blend import fit_blend, held_back
from training.compress import compress
from training.data import LabelledRows, read_rows
from training.evaluate import Metrics, evaluate
from training.starter_card import table
from training.starter_files import write_json, written_whole

STARTER: Final = "models/starter"
_RESAMPLES: Final = 1000
_THREADS: Final = 2
_CARD = """# Careful model

Six calibrated probabilities for a comment, on a CPU, without torch: the mean of two models' logits, label by label.

| member | share of {labels} |
|---|---|
| `minilm`: a MiniLM-L6 encoder (22.7 M parameters) in int8 ONNX, trained whole on six labels | {shares} |
| `starter`: the model in `models/starter` | the rest |

Better than the starter, and slower: {speed:,.0f} comments/s on {threads} cores (the starter: {starter_speed:,.0f}). It
ships as a challenger: put it live on the Models page, or with `moderato promote careful`. `moderato cascade starter
careful --name both --data FILE` makes a version that asks it only where the starter is unsure.

Measured on {rows:,} rows of the frozen test part, which no training sees, with 95 % bootstrap intervals (all figures:
`metrics.json`):

| label | ROC AUC (95 %) | average precision | calibration error |
|---|---|---|---|
{table}

| weighted mean AUC on the same rows | |
|---|---|
| careful | {careful_mean:.4f} |
| its encoder alone | {encoder_mean:.4f} |
| starter | {starter_mean:.4f} |

**Made with** `moderato train minilm` ({trained}) and `python -m training.careful`.
Shares and calibration were fitted on {held:,} rows that neither member was trained on. Data: Jigsaw Toxic Comment rows
(labels CC0; the comments are from Wikipedia, CC BY-SA 3.0), weighted as the full set. Base: all-MiniLM-L6-v2
(Apache-2.0, see LICENSE).

**What it is not.** English only. It reads {max_tokens} word pieces of a comment, the head and the tail. It carries the
bias of its data: some identity terms raise its scores, see docs/models.md for figures, and for how it fares on tweets
and on hate written in emoji.
"""


def make(encoder: Path, rows: LabelledRows, out: Path) -> Metrics:
    """Write the folder `out`; figures on the frozen rows. Raises BadInput, ModelUnavailable."""
    held, test = held_back(rows), rows.take(rows.frozen_test())
    with written_whole(out) as draft:
        (draft / "minilm").mkdir()
        compress(encoder, draft / "minilm", name="minilm")
        first = OnnxScorer.load(draft / "minilm", name="minilm", threads=_THREADS)
        second = StarterScorer.load(resolve(STARTER), name="starter", threads=_THREADS)
        starter = Member("starter", "starter", relative(resolve(STARTER)), folder_digest(resolve(STARTER)))
        members = [Member.within(draft, "minilm", "onnx"), starter]
        blend = fit_blend(members, [first.score(held.texts), second.score(held.texts)], held, mode="logit")
        write_blend(draft, blend)
        scorer = BlendScorer.load(draft, name="careful", load_member=load_member(_THREADS))
        parts, speeds = _timed([first, second], test)
        metrics, *others = (
            evaluate(scores, test.labels, test.weights, resamples=_RESAMPLES)
            for scores in (scorer.combine(parts), *parts)
        )
        write_json(draft / "metrics.json", metrics.to_json())
        if (out / "LICENSE").is_file():
            shutil.copyfile(out / "LICENSE", draft / "LICENSE")  # the base's
        _write_card(draft, metrics, others, blend, speeds, first, len(held))
    return metrics


def _timed(scorers: list[Any], test: LabelledRows) -> tuple[list[Any], list[float]]:
    parts, seconds = [], []
    for scorer in scorers:
        began = time.monotonic()
        parts.append(scorer.score(test.texts))
        seconds.append(time.monotonic() - began)
    return parts, [len(test) / sum(seconds), len(test) / seconds[1]]


def _write_card(
    folder: Path,
    metrics: Metrics,
    others: list[Metrics],
    blend: Blend,
    speeds: list[float],
    encoder: OnnxScorer,
    held: int,
) -> None:
    trained = encoder.manifest.trained
    card = _CARD.format(
        labels="toxic, severe_toxic, obscene, threat, insult, identity_hate",
        shares=", ".join(f"{share:.2f}" for share in blend.shares),
        speed=speeds[0],
        starter_speed=speeds[1],
        threads=_THREADS,
        rows=metrics.rows,
        table=table(metrics),
        careful_mean=metrics.mean_auc,
        encoder_mean=others[0].mean_auc,
        starter_mean=others[1].mean_auc,
        trained=f"{trained['rows']:,} rows, the weights of step {trained['best_step']:,} of {trained['step']:,}",
        held=held,
        max_tokens=encoder.manifest.max_tokens,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def main() -> None:
    """Parse, make, print."""
    from core.figures_text import metrics_text

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=resolve("models/careful"))
    asked = parser.parse_args()
    print(metrics_text(make(asked.encoder, read_rows(asked.data), asked.out).to_json()))


if __name__ == "__main__":
    main()
