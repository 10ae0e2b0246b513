"""A LLaMA learns, is written, served, explained and swapped; and training goes on where it stopped."""

import gc
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import training.fit as fit_module
from core.domain import ModelVersion, Stage, now
from core.errors import BadInput, ModelUnavailable
from core.readings import Reading
from core.scoring.adapters import release
from core.scoring.files import folder_digest, refuse_code
from core.scoring.load import load_scorer, probe
from tests.support.tiny_bases import convert_tiny_llama, write_base, write_tokenizer
from training.config import TrainConfig, read_config
from training.data import make_rows
from training.evaluate import evaluate
from training.lora import best_thresholds, main

NICE = ["thanks for the nice article", "please read the article", "people read", "kind people", "you are kind"]
NASTY = ["you idiot", "i will kill you", "stupid people", "i hate you", "go away idiot", "find you stupid"]


def rows(count=600, seed=0):
    """Comments of which each nasty phrase means one label."""
    random = np.random.default_rng(seed)
    labels = (random.random((count, 6)) < 0.12).astype(np.float32)
    texts = []
    for i in range(count):
        words = [NASTY[j] for j in np.flatnonzero(labels[i])] + list(random.choice(NICE, 2))
        texts.append(" ".join([*random.permutation(words), str(i)]))
    return make_rows(texts, labels, random.uniform(0.5, 2, count).astype(np.float32))


def settings(base, precision="fp32", **changes):
    values = {
        "base": {"name": str(base), "precision": precision},
        "adapter": {"rank": 8, "alpha": 16},
        "rows": {"max_tokens": 48},
        "steps": {
            **{"epochs": 3, "step_tokens": 1024, "batch_tokens": 512, "adapter_rate": 5e-3, "head_rate": 1e-2},
            **{"evaluate_every": 15, "checkpoint_every": 10},
        },
        "serve": {"batch_tokens": 2048, "mode": "adapter"},
    }
    for name, change in changes.items():
        values[name] = {**values.get(name, {}), **change}
    return read_config(values, preset="tiny")


def served(folder, name="tiny"):
    version = ModelVersion(1, name, "transformer", str(folder), folder_digest(folder), Stage.LIVE, now())
    return load_scorer(version, threads=1)


@pytest.fixture(scope="module")
def llama(shared_data, tmp_path_factory):
    """The real LLaMA of 260 k parameters."""
    return convert_tiny_llama(shared_data / "tiny-llama", tmp_path_factory.mktemp("llama") / "base")


@pytest.fixture(scope="module")
def random_base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("random") / "base")


@pytest.fixture(scope="module")
def trained(llama, tmp_path_factory):
    out, steps = tmp_path_factory.mktemp("trained") / "first", []
    metrics = main(rows(), settings(llama), out, progress=lambda step, share: steps.append((step, share)))
    return out, metrics, steps


def test_the_real_llama_tells_a_story(llama):
    """Proof that its weights and its tokenizer were converted right."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(llama), AutoModelForCausalLM.from_pretrained(llama)
    ids = tokenizer("Once upon a time, there was a", return_tensors="pt")["input_ids"]
    told = tokenizer.decode(model.generate(input_ids=ids, max_new_tokens=12, do_sample=False)[0])
    assert "little girl named Lily" in told


def test_it_learns(trained):
    _, metrics, steps = trained
    assert metrics.mean_auc > 0.85
    assert metrics.rows == rows().frozen_test().sum()
    assert steps[-1] == ("done", 1.0)
    assert any("tokens/s" in str(step) and "min left" in str(step) for step, _ in steps)
    assert [share for _, share in steps] == sorted(share for _, share in steps)


def test_it_reads_its_instruments_off(trained):
    out, _, steps = trained
    read = [step for step, _ in steps if isinstance(step, Reading)]
    assert [one.step for one in read] == list(range(1, read[0].steps + 1))
    assert read[-1].loss < read[0].loss
    assert read[-1].seconds_left == 0
    assert all(one.rate > 0 and one.tokens_per_second > 0 and one.memory_bytes > 10**7 for one in read)
    validated = json.loads((out / "moderato.json").read_text())["training"]["history"][0]
    assert [one.auc for one in read][validated["step"] - 2 : validated["step"]] == [None, validated["auc"]]


def test_its_folder_is_plain_and_tells_where_it_comes_from(trained):
    out, metrics, _ = trained
    refuse_code(out)
    manifest = json.loads((out / "moderato.json").read_text())
    assert manifest["base"]["architecture"] == "llama"
    assert manifest["training"]["config"]["adapter"]["rank"] == 8
    assert len(manifest["training"]["data_hash"]) == 32
    assert manifest["training"]["history"][0]["auc"] is not None
    assert json.loads((out / "metrics.json").read_text())["mean_auc"] == metrics.mean_auc
    card = (out / "README.md").read_text()
    assert "frozen test part" in card
    assert "PeftModel.from_pretrained" in card
    assert not list(out.parent.glob(".*")), "neither draft nor checkpoint is left"


def test_it_is_served_as_it_was_measured(trained):
    out, metrics, _ = trained
    scorer = served(out)
    probe(scorer)
    test = rows().take(rows().frozen_test())
    again = evaluate(scorer.score(test.texts), test.labels, test.weights)
    assert again.mean_auc == pytest.approx(metrics.mean_auc, abs=1e-4)


def test_one_by_one_is_batched(trained):
    scorer, texts = served(trained[0]), [*rows(40).texts, "", "</s>", "a" * 5000]
    alone = np.vstack([scorer.score([text]) for text in texts])
    np.testing.assert_allclose(alone, scorer.score(texts), atol=1e-5)


def test_it_explains(trained):
    scorer, text = served(trained[0]), "thanks for the nice article i will kill you people read"
    spans = scorer.explain(text)
    strongest = max(spans, key=lambda span: span.contributions[1])
    assert text[strongest.start : strongest.end] in {"i", "will", "kill", "you"}


def test_versions_of_one_base_swap(trained, llama, tmp_path):
    out, texts = trained[0], rows(20).texts
    one_step = settings(llama, steps={"epochs": 0.2}, rows={"max_rows": 200})
    main(rows(seed=1), replace(one_step, seed=5), tmp_path / "second")
    first = served(out)
    before = first.score(texts)
    second = served(tmp_path / "second", "second")
    assert second.runner.model is first.runner.model
    assert np.abs(second.score(texts) - before).max() > 0.01
    np.testing.assert_array_equal(first.score(texts), before)


def test_a_peft_user_loads_it_alone(trained, llama):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    plain = AutoModelForSequenceClassification.from_pretrained(llama, num_labels=6, pad_token_id=0, dtype=torch.float32)
    model, tokenizer = PeftModel.from_pretrained(plain, trained[0]).eval(), AutoTokenizer.from_pretrained(trained[0])
    scorer = served(trained[0])
    with torch.inference_mode():
        logits = model(**tokenizer("you idiot, go away", return_tensors="pt")).logits.numpy()
    np.testing.assert_allclose(scorer.logits(["you idiot, go away"]), logits, atol=1e-4)


@pytest.mark.parametrize("shape", ["llama", "bert"])
def test_a_base_trained_as_a_whole_needs_no_base_to_serve(shape, tmp_path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    base, out = write_base(tmp_path / "base", shape), tmp_path / "out"
    config = settings(base, adapter={"rank": 0}, steps={"epochs": 0.5, "adapter_rate": 1e-3})
    main(rows(300), config, out)
    shutil.rmtree(base)
    scorer, text = served(out), "you idiot, go away"
    plain, tokenizer = AutoModelForSequenceClassification.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    logits = plain.eval()(**tokenizer(text, return_tensors="pt")).logits.detach().numpy()
    np.testing.assert_allclose(scorer.logits([text]), logits, atol=1e-4)
    assert "a whole model" in (out / "README.md").read_text()
    weights = load_file(out / "model.safetensors")
    weights.pop("score.weight", None) if shape == "llama" else weights.pop("classifier.weight")
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"are not those that its config.json describes"):
        served(out)


@pytest.mark.parametrize("shape", ["llama", "mixtral", "bert"])
@pytest.mark.parametrize("precision", ["nf4", "bf16"])
def test_every_shape_trains_and_serves_in_every_precision(shape, precision, tmp_path):
    base = write_base(tmp_path / "base", shape)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if shape == "mixtral" else ["all-linear"]
    config = settings(
        base,
        precision,
        adapter={"targets": targets},
        steps={"epochs": 0.2, "optimizer": "paged_adamw8bit"},
        serve={"mode": "merged"},
    )
    if shape == "bert":
        config = replace(config, base=replace(config.base, checkpointing=True))
    main(rows(300), config, tmp_path / "out")
    scores = served(tmp_path / "out").score(["you idiot", ""])
    assert np.isfinite(scores).all()
    assert json.loads((tmp_path / "out" / "moderato.json").read_text())["precision"] == precision


def test_an_interrupted_training_goes_on_as_if_it_had_not(random_base, tmp_path, monkeypatch):
    config = settings(random_base, steps={"epochs": 3, "checkpoint_every": 4})
    main(rows(500), config, tmp_path / "whole")
    real, calls = fit_module.Fit._step, []

    def stops(self, *args):
        calls.append(args)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return real(self, *args)

    monkeypatch.setattr(fit_module.Fit, "_step", stops)
    with pytest.raises(KeyboardInterrupt):
        main(rows(500), config, tmp_path / "parts")
    monkeypatch.setattr(fit_module.Fit, "_step", real)
    said = []
    main(rows(500), config, tmp_path / "parts", progress=lambda step, _: said.append(str(step)))
    assert next(step for step in said if step.startswith("step")).startswith("step 9 of")
    texts = rows(20, seed=3).texts
    whole, parts = served(tmp_path / "whole").logits(texts), served(tmp_path / "parts").logits(texts)
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    assert not (tmp_path / ".parts.checkpoint").exists()


def test_a_checkpoint_of_another_training_is_refused(random_base, tmp_path, monkeypatch):
    config = settings(random_base, steps={"epochs": 0.5, "checkpoint_every": 1})

    def stops(*_):
        raise KeyboardInterrupt

    real = fit_module.Fit._is_stale
    monkeypatch.setattr(fit_module.Fit, "_is_stale", stops)
    with pytest.raises(KeyboardInterrupt):
        main(rows(300), config, tmp_path / "out")
    monkeypatch.setattr(fit_module.Fit, "_is_stale", real)
    with pytest.raises(BadInput, match="training with other settings"):
        main(rows(300), replace(config, seed=9), tmp_path / "out")
    with pytest.raises(BadInput, match="training with other data"):
        main(rows(301), config, tmp_path / "out")
    state = tmp_path / ".out.checkpoint" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(BadInput, match=r"is damaged. Remove that folder"):
        main(rows(300), config, tmp_path / "out")


def test_the_same_seed_gives_the_same_model(random_base, tmp_path):
    config = settings(random_base, steps={"epochs": 0.5})
    for name in ("a", "b"):
        main(rows(300), config, tmp_path / name)
    first, second = ((tmp_path / name / "adapter_model.safetensors").read_bytes() for name in ("a", "b"))
    assert first == second


def test_a_step_that_does_not_fit_gives_the_same_update(random_base, tmp_path, monkeypatch):
    import torch

    config = settings(random_base, adapter={"dropout": 0.0}, steps={"epochs": 0.5, "batch_tokens": 1024})
    main(rows(300), config, tmp_path / "roomy")
    real = fit_module.six_logits

    def small(model, ids, lengths, **options):
        if ids.numel() > 300:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, ids, lengths, **options)

    monkeypatch.setattr(fit_module, "six_logits", small)
    main(rows(300), config, tmp_path / "narrow")
    texts = rows(20, seed=3).texts
    roomy, narrow = served(tmp_path / "roomy").logits(texts), served(tmp_path / "narrow").logits(texts)
    np.testing.assert_allclose(narrow, roomy, atol=5e-3)


def test_a_comment_that_never_fits_says_what_to_change(random_base, tmp_path, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(fit_module, "six_logits", full)
    with pytest.raises(BadInput, match=r"does not fit.*checkpointing = true"):
        main(rows(300), settings(random_base), tmp_path / "out")


def test_training_stops_when_it_no_longer_improves(random_base, tmp_path, monkeypatch):
    aucs = iter([0.7, 0.8, 0.6, 0.6, 0.9])
    monkeypatch.setattr(fit_module.Fit, "validate", lambda _: next(aucs))
    config = settings(random_base, steps={"epochs": 5, "evaluate_every": 2, "patience": 2})
    main(rows(300), config, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "moderato.json").read_text())["training"]
    assert [entry["auc"] for entry in told["history"]] == [0.7, 0.8, 0.6, 0.6]
    assert told["best_step"] == told["history"][1]["step"]
    assert told["step"] == told["history"][3]["step"]


def test_a_loss_that_is_not_finite_stops_it(random_base, tmp_path, monkeypatch):
    monkeypatch.setattr(fit_module.Fit, "_gradients", lambda *_: float("nan"))
    with pytest.raises(BadInput, match=r"not a finite number at step 1. Lower"):
        main(rows(300), settings(random_base), tmp_path / "out")


def test_no_frozen_or_held_row_is_trained_on(random_base, tmp_path, monkeypatch):
    seen = []
    real = fit_module.Fit.__init__

    def spy(self, runner, config, train, held):
        seen.append((train.rows, held.rows))
        real(self, runner, config, train, held)

    monkeypatch.setattr(fit_module.Fit, "__init__", spy)
    given = rows(400)
    corrections = make_rows(given.texts[:100], given.labels[:100])
    main(given, settings(random_base, steps={"epochs": 0.1}), tmp_path / "out", corrections=corrections)
    ((train, held),) = seen
    assert not train.frozen_test().any()
    assert not set(train.hashes) & set(held.hashes)
    doubled = {digest: weight for digest, weight in zip(train.hashes, train.weights, strict=True)}
    assert {doubled[digest] for digest in corrections.hashes if digest in doubled} == {2.0}


def test_thresholds_are_where_f1_is_highest():
    scores = np.tile(np.array([[0.1], [0.2], [0.7], [0.9]], np.float32), (1, 6))
    labels = np.tile(np.array([[0], [0], [1], [1]], np.float32), (1, 6))
    labels[:, 5] = 0
    found = best_thresholds(scores, labels, np.ones(4, np.float32))
    assert 0.2 < found[0] <= 0.7
    assert found[5] == 0.5


class TestBadBases:
    """What can be wrong before anything is loaded, or with the base itself."""

    def test_everything_at_once(self, tmp_path):
        broken = replace(TrainConfig(preset="mine"), base=replace(settings(tmp_path).base, name=str(tmp_path / "gone")))
        broken = replace(broken, adapter=replace(broken.adapter, rank=-1))
        with pytest.raises(BadInput, match=r"(?s)base: The base .*gone is not there.*adapter.rank must be"):
            main(rows(20), broken, tmp_path / "out")

    def test_no_tokenizer(self, tmp_path):
        base = write_base(tmp_path / "base")
        for path in base.glob("tokenizer*"):
            path.unlink()
        with pytest.raises(ModelUnavailable, match=r"no tokenizer that can be read.*Put its tokenizer.json"):
            main(rows(100), settings(base), tmp_path / "out")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("pad", [None, "</s>"])
    def test_a_missing_pad_token_or_one_that_is_the_end(self, pad, tmp_path):
        base = write_base(tmp_path / "base", pad=pad)
        main(rows(300), settings(base, steps={"epochs": 0.1}), tmp_path / "out")
        scorer = served(tmp_path / "out")
        assert scorer.manifest.pad_token_id == (0 if pad is None else 2)
        texts = ["you idiot", "you idiot and a much longer text </s></s>"]
        np.testing.assert_allclose(scorer.score(texts)[0], scorer.score(texts[:1])[0], atol=1e-5)

    def test_no_token_to_pad_with(self, tmp_path):
        base = write_base(tmp_path / "base")
        write_tokenizer(base, names={})
        with pytest.raises(ModelUnavailable, match=r"neither pad, unk nor eos. Add a pad_token"):
            main(rows(100), settings(base), tmp_path / "out")

    def test_a_tokenizer_of_another_base(self, tmp_path, llama):
        base = write_base(tmp_path / "base")
        shutil.copyfile(llama / "tokenizer.json", base / "tokenizer.json")
        with pytest.raises(ModelUnavailable, match="has 512 tokens, and the base knows 320"):
            main(rows(100), settings(base), tmp_path / "out")

    def test_layers_that_are_not_there(self, random_base, tmp_path):
        with pytest.raises(BadInput, match=r"adapter.targets \['qkv'\].*q_proj"):
            main(rows(100), settings(random_base, adapter={"targets": ["qkv"]}), tmp_path / "out")

    def test_an_architecture_without_a_known_head(self, tmp_path):
        from transformers import RobertaConfig, RobertaModel

        base = write_base(tmp_path / "base", "bert")
        shape = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
        RobertaModel(RobertaConfig(vocab_size=320, **shape)).save_pretrained(base)
        with pytest.raises(ModelUnavailable, match="kind roberta have no head that Moderato knows"):
            main(rows(100), settings(base), tmp_path / "out")

    def test_too_few_rows(self, random_base, tmp_path):
        with pytest.raises(BadInput, match="All training rows agree on"):
            main(make_rows(["a", "b"], np.zeros((2, 6), np.float32)), settings(random_base), tmp_path / "out")


@pytest.fixture(autouse=True, scope="module")
def _nothing_kept():
    yield
    release()
    gc.collect()
