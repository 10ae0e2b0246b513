"""The model card that goes with every trained transformer."""

from pathlib import Path
from typing import Any

from core.scoring.manifest import Manifest
from training.evaluate import Metrics
from training.starter_card import table

_CARD = """# {preset}: {what} with six logits

Six calibrated probabilities for a comment. {held}

- base: `{base}` ({architecture}, held in {precision}; samples of its weights digest to `{digest}`). {kept}
- tokenizer: `tokenizer.json`, SHA-256 `{tokenizer}`
- at most {max_tokens} tokens of a comment, head and tail; {pooling}

Trained with `moderato train {preset}` on {rows:,} rows (data hash `{data_hash}`), {step} steps, the adapter of step
{best_step} kept; {seconds:,.0f} s of updates at {speed:,.0f} tokens/s on {device}. All settings: `moderato.json`.

Measured as it is served on {tested:,} rows of the frozen test part, which no training sees (all figures:
`metrics.json`):

| label | ROC AUC (95 %) | average precision | calibration error |
|---|---|---|---|
{table}

{loading}{note}"""
_WITH_PEFT = """With PEFT alone (probabilities before calibration are the sigmoid of these logits):

```python
import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

base = AutoModelForSequenceClassification.from_pretrained(
    "{base}", num_labels=6, pad_token_id={pad}, dtype=torch.float32, problem_type="multi_label_classification"
)
model = PeftModel.from_pretrained(base, "this folder").eval()
tokenizer = AutoTokenizer.from_pretrained("this folder")
```
"""
_WHOLE = """With transformers alone (probabilities before calibration are the sigmoid of these logits):

```python
from transformers import AutoModelForSequenceClassification, AutoTokenizer

model = AutoModelForSequenceClassification.from_pretrained("this folder").eval()
tokenizer = AutoTokenizer.from_pretrained("this folder")
```
"""
_KINDS = {
    "adapter": {
        "what": "a LoRA adapter",
        "held": "An adapter and a head (fp32, in `adapter_model.safetensors`) on",
        "kept": "The base is not in\n  this folder and keeps its own licence.",
    },
    "whole": {
        "what": "a whole model",
        "held": "All weights (fp32, in `model.safetensors`), trained from",
        "kept": "Its licence holds for\n  these weights too.",
    },
}
"""What the card says, by `Manifest.weights`."""
_OTHER_PRECISION = """
The base was held in {precision} in training: load it so (for nf4 with `BitsAndBytesConfig`), or the logits move.
"""
_POOLING = {"last": "the last token's state goes into the head", "first": "the pooled [CLS] goes into the head"}


def write_transformer_card(folder: Path, manifest: Manifest, metrics: Metrics, facts: dict[str, Any]) -> None:
    """Write README.md."""
    note = "" if manifest.precision == "fp32" else _OTHER_PRECISION.format(precision=manifest.precision)
    loading = (
        _WHOLE if manifest.weights == "whole" else _WITH_PEFT.format(base=manifest.base.name, pad=manifest.pad_token_id)
    )
    card = _CARD.format(
        **_KINDS[manifest.weights],
        loading=loading,
        base=manifest.base.name,
        architecture=manifest.base.architecture,
        precision=manifest.precision,
        digest=manifest.base.digest[:16],
        tokenizer=manifest.tokenizer[:16],
        max_tokens=manifest.max_tokens,
        pooling=_POOLING[manifest.pooling],
        tested=metrics.rows,
        table=table(metrics),
        note=note,
        **facts,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
