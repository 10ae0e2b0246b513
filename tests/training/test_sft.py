"""A LLaMA learns to answer the six questions, is written, served and explained; and asked as it is (zero-shot)."""

import gc
import json
from dataclasses import replace

import numpy as np
import pytest

from core.errors import BadInput, ModelUnavailable
from core.scoring.adapters import release
from core.scoring.files import refuse_code
from core.scoring.load import probe
from tests.support.tiny_bases import convert_tiny_llama, write_base
from tests.training.test_lora import rows, served, settings
from training.config import read_preset
from training.lora import main
from training.sft import WordFit

WORDS = {"head": {"kind": "yes_no"}}


def in_words(base, precision="fp32", **changes):
    steps = {"epochs": 0.5, "step_tokens": 1024, "batch_tokens": 512, **changes.pop("steps", {})}
    return settings(base, precision, **WORDS, steps=steps, **changes)


@pytest.fixture(scope="module")
def llama(shared_data, tmp_path_factory):
    """The real LLaMA of 260 k parameters."""
    return convert_tiny_llama(shared_data / "tiny-llama", tmp_path_factory.mktemp("llama") / "base")


@pytest.fixture(scope="module")
def random_base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("random") / "base")


@pytest.fixture(scope="module")
def trained(llama, tmp_path_factory):
    out, steps = tmp_path_factory.mktemp("trained") / "words", []
    enough = {"epochs": 1, "step_tokens": 512}  # many small updates: it learns from fewer rows
    config = in_words(llama, steps=enough, adapter={"dropout": 0.0})
    metrics = main(rows(400), config, out, progress=lambda step, share: steps.append((str(step), share)))
    return out, metrics, steps


def test_it_learns(trained):
    _, metrics, steps = trained
    assert metrics.mean_auc > 0.74
    assert steps[-1] == ("done", 1.0)
    assert any("loss" in step and "tokens/s" in step and "rate" in step for step, _ in steps)
    assert [share for _, share in steps] == sorted(share for _, share in steps)


def test_its_folder_is_plain_and_tells_where_it_comes_from(trained):
    out, metrics, _ = trained
    refuse_code(out)
    assert not list(out.parent.glob(".*")), "neither draft nor checkpoint is left"
    manifest = json.loads((out / "moderato.json").read_text())
    assert manifest["pooling"] == "slots"
    assert "Is this comment toxic? Answer:" in manifest["prompt"]["text"]
    assert manifest["training"]["config"]["head"]["kind"] == "yes_no"
    assert manifest["training"]["history"][0]["auc"] is not None
    assert json.loads((out / "metrics.json").read_text())["mean_auc"] == metrics.mean_auc
    assert "answers in words" in (out / "README.md").read_text()


def test_it_is_served_and_explained(trained):
    scorer, text = served(trained[0]), "thanks for the nice article i will kill you people read"
    probe(scorer)
    spans = scorer.explain(text)  # which word is strongest is not asked of 260 k parameters after 90 steps
    assert spans
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert max(abs(value) for span in spans for value in span.contributions) > 0.1
    texts = [*rows(20).texts, "", "</s>", "a" * 5000]
    alone = np.vstack([scorer.score([text]) for text in texts])
    np.testing.assert_allclose(alone, scorer.score(texts), atol=1e-5)


def test_the_card_of_the_folder_gives_the_same_scores_with_peft_alone(random_base, tmp_path, capsys):
    """Six plain prompts of one question each, through nothing of ours, are what one pass gives."""
    out = tmp_path / "out"
    main(rows(150), in_words(random_base, steps={"epochs": 0.1}), out)
    capsys.readouterr()
    code = (out / "README.md").read_text().split("```python\n")[1].split("```")[0]
    exec(code.replace("this folder", str(out)), {})
    plain = [float(line) for line in capsys.readouterr().out.split()]
    np.testing.assert_allclose(served(out).logits(["you idiot"])[0], plain, atol=1e-4)


def test_zero_shot_is_the_base_as_it_is(llama, tmp_path):
    from safetensors.numpy import load_file

    metrics = main(rows(150), in_words(llama, steps={"epochs": 0}), tmp_path / "zero")
    weights = load_file(tmp_path / "zero" / "adapter_model.safetensors")
    assert all(not value.any() for name, value in weights.items() if "lora_B" in name)
    assert metrics.rows > 0
    manifest = json.loads((tmp_path / "zero" / "moderato.json").read_text())
    assert manifest["training"]["step"] == 0
    assert manifest["calibration"] != [[1.0] * 6, [0.0] * 6]
    assert "Zero-shot" in (tmp_path / "zero" / "README.md").read_text()


@pytest.mark.parametrize(("precision", "mode"), [("nf4", "adapter"), ("nf4", "merged"), ("bf16", "adapter")])
def test_it_trains_and_serves_in_few_bits(random_base, precision, mode, tmp_path):
    steps = {"epochs": 0.1, "optimizer": "paged_adamw8bit"}
    config = in_words(random_base, precision, steps=steps, serve={"mode": mode})
    config = replace(config, base=replace(config.base, checkpointing=mode == "merged"))
    main(rows(150), config, tmp_path / "out")
    assert np.isfinite(served(tmp_path / "out").score(["you idiot", ""])).all()
    weights = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert weights["task_type"] == "CAUSAL_LM"


def test_an_interrupted_training_goes_on_as_if_it_had_not(random_base, tmp_path, monkeypatch):
    config = in_words(random_base, steps={"checkpoint_every": 4, "evaluate_every": 6})
    main(rows(150), config, tmp_path / "whole")
    real = WordFit._after

    def stops(self, *args):
        if self._fitted.step == 10:
            raise KeyboardInterrupt
        return real(self, *args)

    monkeypatch.setattr(WordFit, "_after", stops)
    with pytest.raises(KeyboardInterrupt):
        main(rows(150), config, tmp_path / "parts")
    monkeypatch.setattr(WordFit, "_after", real)
    said = []
    main(rows(150), config, tmp_path / "parts", progress=lambda step, _: said.append(str(step)))
    assert next(step for step in said if step.startswith("step")).startswith("step 9 of")
    texts = rows(20, seed=3).texts
    whole, parts = served(tmp_path / "whole").logits(texts), served(tmp_path / "parts").logits(texts)
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_it_stops_when_it_no_longer_improves(random_base, tmp_path, monkeypatch):
    aucs = iter([0.7, 0.8, 0.6, 0.6, 0.9])
    monkeypatch.setattr(WordFit, "validate", lambda _: next(aucs))
    main(rows(150), in_words(random_base, steps={"evaluate_every": 2, "patience": 2}), tmp_path / "out")
    told = json.loads((tmp_path / "out" / "moderato.json").read_text())["training"]
    assert (told["step"], told["best_step"]) == (8, 4)


def test_nothing_is_sent_and_nothing_is_left_behind(random_base, tmp_path, monkeypatch):
    import trl.trainer.base_trainer as trainer

    monkeypatch.setattr(trainer, "send_telemetry", lambda *_, **__: pytest.fail("reported to its makers"))
    monkeypatch.chdir(tmp_path)
    main(rows(150), in_words(random_base, steps={"epochs": 0.1}), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_batch_that_does_not_fit_says_what_to_change(random_base, tmp_path, monkeypatch):
    import training.sft_trainer as trainer

    def full(*_, **__):
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(trainer, "slot_states", full)
    with pytest.raises(BadInput, match=r"does not fit.*Lower steps.batch_tokens"):
        main(rows(150), in_words(random_base), tmp_path / "out")


def test_a_loss_that_is_not_finite_stops_it(random_base, tmp_path, monkeypatch):
    import training.sft_trainer as trainer

    real = trainer.answer_losses
    monkeypatch.setattr(trainer, "answer_losses", lambda *args, **named: real(*args, **named) * float("nan"))
    with pytest.raises(BadInput, match=r"not a finite number at step 1. Lower"):
        main(rows(150), in_words(random_base), tmp_path / "out")


def test_presets_compare_like_with_like():
    for name in ("llama2-7b", "smollm2-135m"):
        head, words, zero = (read_preset(name + kind) for kind in ("", "-sft", "-zeroshot"))
        assert head.base.name == words.base.name == zero.base.name
        assert (head.adapter, head.rows) == (words.adapter, words.rows)
        assert words.rows == zero.rows
        assert head.steps.epochs == words.steps.epochs
        assert zero.steps.epochs == 0
    config = read_preset("llama2-7b-sft")
    assert (config.base.name, config.base.precision) == ("meta-llama/Llama-2-7b-hf", "nf4")
    assert (config.adapter.rank, config.adapter.alpha, config.adapter.targets) == (16, 32, ("all-linear",))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"adapter": {"rank": 0}}, "adapter.rank with head.kind yes_no must be above 0"),
        ({"adapter": {"targets": ["q_proj", "lm_head"]}}, "adapter.targets with head.kind yes_no must be other layers"),
        ({"loss": {"kind": "asymmetric"}}, "loss.kind with head.kind yes_no must be bce"),
        ({"steps": {"epochs": -1}}, "steps.epochs must be above 0"),
    ],
)
def test_settings_that_words_cannot_have(changes, words, tmp_path):
    with pytest.raises(BadInput, match=words):
        in_words(tmp_path, **changes)


def test_a_base_that_is_no_language_model(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"cannot answer in words.*lm_head.*head.kind = logits"):
        main(rows(100), in_words(write_base(tmp_path / "base", "bert")), tmp_path / "out")


def test_a_base_without_an_output_matrix(random_base, tmp_path):
    from transformers import AutoModel, AutoTokenizer

    AutoModel.from_pretrained(random_base).save_pretrained(tmp_path / "base")
    AutoTokenizer.from_pretrained(random_base).save_pretrained(tmp_path / "base")
    with pytest.raises(ModelUnavailable, match=r"cannot answer in words.*lm_head"):
        main(rows(100), in_words(tmp_path / "base"), tmp_path / "out")


@pytest.fixture(autouse=True, scope="module")
def _nothing_kept():
    yield
    release()
    gc.collect()
