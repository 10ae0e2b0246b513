"""Any sequence classifier of Hugging Face with our adapter and head: LLaMA-2 7B in 4 bits, and small ones like it."""

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput, ModelUnavailable
from core.labels import LABELS
from core.scoring.adapters import Served, serve
from core.scoring.batching import WINDOW, Budget, prepared_ahead, windows
from core.scoring.forward import Runner, is_out_of_memory, pick_device
from core.scoring.logits import sigmoid
from core.scoring.manifest import MANIFEST, Manifest, read_manifest, unusable
from core.scoring.occlusion import cut_out, find_stretches, to_spans
from core.scoring.packed import require_apart
from core.scoring.prompt import read_prompt
from core.scoring.protocol import Scores, Span
from core.scoring.quantization import Precision
from core.scoring.slots import SlotRunner
from core.scoring.tokens import TOKENIZER, TextTokenizer


class TransformerScorer:
    """A loaded version. `score` and `explain` change nothing, so threads may share one."""

    def __init__(self, name: str, manifest: Manifest, tokenizer: TextTokenizer, runner: Runner) -> None:
        self.name = name
        self.manifest = manifest
        self.tokenizer = tokenizer
        self.runner = runner

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        name: str,
        threads: int = 1,
        precision: Precision | None = None,
        device: str | None = None,
    ) -> "TransformerScorer":
        """Load a folder onto `device`, the best there is by default; `threads` is for a CPU.

        Raises ModelUnavailable that names the file and the next step, BadInput for a precision or device that cannot
        be: `precision`, where given, must be the one of the training.
        """
        manifest = read_manifest(folder)
        if precision not in (None, manifest.precision):
            raise BadInput(
                f"Model {name} was trained on a base in {manifest.precision} and would answer otherwise on one in "
                f"{precision}. Serve it in {manifest.precision}, or train it again in {precision}."
            )
        tokenizer = load_tokenizer(folder, manifest)
        device = device or pick_device()
        if device == "cpu":
            import torch

            torch.set_num_threads(threads)
        try:
            served = serve(folder, manifest, device=device)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise ModelUnavailable(
                f"Model {name} does not fit into the memory of {device}. Free memory there, or promote a smaller one."
            ) from error
        check_vocabulary(served.model, tokenizer, manifest, folder)
        runner = _runner(served, manifest, device, folder)
        if runner.packed:
            require_apart(runner)
        return cls(name, manifest, tokenizer, runner)._dropping(served)

    def score(self, texts: Sequence[str]) -> Scores:
        """Probabilities, float32 [n, 6], of any texts. What else is in the batch makes no difference beyond rounding:
        1e-5 in fp32, about 0.01 in bf16."""
        slope, intercept = self.manifest.platt()
        logits = self.logits(texts) * slope + intercept
        return sigmoid(logits)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Logits before calibration, float32 [n, 6]."""
        encoded = prepared_ahead(windows(texts, WINDOW), self.tokenizer.encode)
        parts = [self.runner.logits(rows) for rows in encoded]
        return np.concatenate([np.empty((0, len(LABELS)), np.float32), *parts])

    def explain(self, text: str) -> list[Span]:
        """Stretches of the original text, by code point, and what leaving each out takes from each label's logit."""
        tokens = self.tokenizer.explain(text)
        stretches = find_stretches(text, tokens)
        if not stretches:
            return []
        logits = self.runner.logits([tokens.ids, *cut_out(tokens, stretches, self.tokenizer.empty)])
        return to_spans(stretches, (logits[0] - logits[1:]) * self.manifest.platt()[0])

    def _dropping(self, served: Served) -> "TransformerScorer":
        """Let the base forget this version's adapter together with this object."""
        if served.shared and served.adapter:
            weakref.finalize(self, served.shared.drop, served.adapter).atexit = False
        return self


def load_tokenizer(folder: Path, manifest: Manifest) -> TextTokenizer:
    """The folder's tokenizer, bare where a prompt stands around each text; raises ModelUnavailable if it is not the
    one of the training."""
    tokenizer = TextTokenizer.load(folder, max_tokens=manifest.max_tokens, causal=manifest.causal)
    if tokenizer.digest != manifest.tokenizer:
        raise unusable(folder / TOKENIZER, "is not the tokenizer that this model was trained with")
    return tokenizer.bare() if manifest.in_words else tokenizer


def check_vocabulary(model: object, tokenizer: TextTokenizer, manifest: Manifest, folder: Path) -> None:
    """Raise ModelUnavailable if the tokenizer gives, or the padding is, a number for which the base has no vector."""
    known = model.config.vocab_size  # type: ignore[attr-defined]
    if manifest.pad_token_id >= known:
        raise unusable(
            folder / MANIFEST, f"has pad_token_id {manifest.pad_token_id}, and the base knows 0 to {known - 1}"
        )
    if (wanted := tokenizer.backend.get_vocab_size()) > known:
        raise unusable(folder / TOKENIZER, f"has {wanted} tokens, and the base knows {known}")


def build_runner(model: Any, manifest: Manifest, device: str, folder: Path, *, autocast: bool) -> Runner:
    """How the folder's kind of model gets from token ids to six logits. Raises ModelUnavailable for a bad prompt."""
    budget = Budget(manifest.batch_tokens)
    if not manifest.in_words:
        return Runner(model, device, manifest.causal, autocast, manifest.pad_token_id, budget)
    prompt = read_prompt(manifest.prompt, folder, known=model.config.vocab_size)
    return SlotRunner(model, device, True, autocast, manifest.pad_token_id, budget, prompt=prompt)


def _runner(served: Served, manifest: Manifest, device: str, folder: Path) -> Runner:
    autocast = manifest.precision != "fp32" and served.adapter is not None
    runner = build_runner(served.model, manifest, device, folder, autocast=autocast)
    runner.adapter, runner.packed = served.adapter, manifest.batching == "packed"
    if served.shared:
        runner.lock = served.shared.lock
    return runner
