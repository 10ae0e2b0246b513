"""The model card that goes with every trained transformer."""

from pathlib import Path
from typing import Any

from core.scoring.manifest import Manifest
from training.evaluate import Metrics
from training.starter_card import table

_CARD = """# {preset}: {what}

Six calibrated probabilities for a comment. {held}

- base: `{base}` ({architecture}, held in {precision}; samples of its weights digest to `{digest}`). {kept}
- tokenizer: `tokenizer.json`, SHA-256 `{tokenizer}`
- at most {max_tokens} tokens of a comment, head and tail; {pooling}

{made} All settings: `moderato.json`.

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
_IN_WORDS = """With PEFT alone (probabilities before calibration are the sigmoid of these scores). `moderato.json`
holds the prompt in token ids; six prompts of one question each score as Moderato's one pass does:

```python
import json
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = AutoModelForCausalLM.from_pretrained("{base}", dtype=torch.float32)
model = PeftModel.from_pretrained(base, "this folder").eval()
tokenizer = AutoTokenizer.from_pretrained("this folder")
prompt = json.load(open("this folder/moderato.json"))["prompt"]
comment = tokenizer("you idiot", add_special_tokens=False)["input_ids"]
for question in prompt["questions"]:
    row = torch.tensor([prompt["opening"] + comment + prompt["middle"] + question])
    logits = model(input_ids=row).logits[0, -1]
    print(float(logits[prompt["yes"]] - logits[prompt["no"]]))
```
"""
_TRAINED = """\
Trained with `moderato train {preset}` on {rows:,} rows (data hash `{data_hash}`), {step} steps, the adapter of step
{best_step} kept; {seconds:,.0f} s of updates at {speed:,.0f} tokens/s on {device}."""
_ZERO_SHOT = """\
Zero-shot: the base as it is, asked and calibrated by `moderato train {preset}`. Nothing was trained, and the adapter is
without effect."""
_KINDS = {
    "adapter": {
        "what": "a LoRA adapter with six logits",
        "held": "An adapter and a head (fp32, in `adapter_model.safetensors`) on",
        "kept": "The base is not in\n  this folder and keeps its own licence.",
    },
    "slots": {
        "what": "a LoRA adapter that answers in words",
        "held": "Each of\nsix fixed questions is answered yes or no. An adapter (fp32, `adapter_model.safetensors`) on",
        "kept": "The base is not in\n  this folder and keeps its own licence.",
    },
    "whole": {
        "what": "a whole model with six logits",
        "held": "All weights (fp32, in `model.safetensors`), trained from",
        "kept": "Its licence holds for\n  these weights too.",
    },
}
"""What the card says, by `Manifest.weights`, or slots for one that answers in words."""
_OTHER_PRECISION = """
The base was held in {precision} in training: load it so (for nf4 with `BitsAndBytesConfig`), or the logits move.
"""
_POOLING = {
    "last": "the last token's state goes into the head",
    "first": "the pooled [CLS] goes into the head",
    "slots": "a score is the logit of yes minus that of no at the end of a question",
}


def write_transformer_card(folder: Path, manifest: Manifest, metrics: Metrics, facts: dict[str, Any]) -> None:
    """Write README.md."""
    note = "" if manifest.precision == "fp32" else _OTHER_PRECISION.format(precision=manifest.precision)
    kind = "slots" if manifest.in_words else manifest.weights
    loading = {"adapter": _WITH_PEFT, "slots": _IN_WORDS, "whole": _WHOLE}[kind]
    made = _TRAINED if facts["step"] else _ZERO_SHOT
    card = _CARD.format(
        **_KINDS[kind],
        loading=loading.format(base=manifest.base.name, pad=manifest.pad_token_id),
        made=made.format(**facts),
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
