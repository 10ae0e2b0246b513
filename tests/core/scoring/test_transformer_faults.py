"""What can be wrong with a transformer's folder, its base or the device: each names the thing and the next step."""

import json
import shutil
from dataclasses import replace

import pytest
from safetensors.numpy import load_file, save_file

from core.domain import ModelVersion, Stage, now
from core.errors import BadInput, ModelUnavailable
from core.scoring.adapters import release
from core.scoring.bases import find_base
from core.scoring.files import folder_digest
from core.scoring.load import load_scorer, probe
from core.scoring.transformer import TransformerScorer
from tests.support.tiny_bases import write_base
from tests.support.versions import write_version


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    base = write_base(root / "base")
    write_version(root / "version", base, serving="merged")
    return root


@pytest.fixture
def root(made, tmp_path):
    """A version and its base, to be spoilt; the version names its own base's folder."""
    shutil.copytree(made, tmp_path / "root")
    edit(
        tmp_path / "root" / "version", base={**manifest(made / "version")["base"], "name": str(tmp_path / "root/base")}
    )
    return tmp_path / "root"


@pytest.fixture
def folder(root):
    return root / "version"


def manifest(folder):
    return json.loads((folder / "moderato.json").read_text())


def edit(folder, **changes):
    (folder / "moderato.json").write_text(json.dumps({**manifest(folder), **changes}))


def version(folder):
    return ModelVersion(1, "llama", "transformer", str(folder), folder_digest(folder), Stage.LIVE, now())


def refuses(folder, words):
    with pytest.raises((ModelUnavailable, BadInput), match=words) as caught:
        load_scorer(version(folder), threads=1)
    assert any(verb in str(caught.value) for verb in ("Restore", "Get ", "Put ", "Use ", "Train", "Remove", "convert"))


def test_a_sound_one_loads(folder):
    probe(load_scorer(version(folder), threads=1))


@pytest.mark.parametrize(
    "name", ["adapter_config.json", "adapter_model.safetensors", "moderato.json", "tokenizer.json"]
)
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    refuses(folder, name)


@pytest.mark.parametrize(
    "name", ["adapter_config.json", "adapter_model.safetensors", "moderato.json", "tokenizer.json"]
)
def test_a_truncated_file(folder, name):
    raw = (folder / name).read_bytes()
    (folder / name).write_bytes(raw[: len(raw) // 2])
    refuses(folder, name)


def test_a_pickle_in_the_folder(folder):
    (folder / "adapter_model.bin").write_bytes(b"\x80\x04.")
    refuses(folder, "adapter_model.bin, which may run code")


def test_another_adapter(folder, tmp_path):
    wide = write_version(tmp_path / "other", write_base(tmp_path / "o", "bert"))
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copyfile(wide / name, folder / name)
    refuses(folder, "adapter_model.safetensors does not")


def test_an_adapter_of_another_kind(folder):
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, "peft_type": "IA3"}))
    refuses(folder, "does not describe a LoRA adapter")


def test_an_adapter_without_its_head(folder):
    weights = load_file(folder / "adapter_model.safetensors")
    save_file({k: v for k, v in weights.items() if "score" not in k}, folder / "adapter_model.safetensors")
    refuses(folder, "adapter_model.safetensors does not fit the base: tensors are missing")


def test_an_adapter_that_is_not_finite(folder):
    weights = load_file(folder / "adapter_model.safetensors")
    first = min(weights)
    save_file({**weights, first: weights[first] * float("nan")}, folder / "adapter_model.safetensors")
    refuses(folder, "not finite")


def test_another_base(root, folder):
    shutil.rmtree(root / "base")
    write_base(root / "base", seed=7)
    refuses(folder, "is not the one that this model was trained on")


def test_a_base_that_is_gone(root, folder):
    shutil.rmtree(root / "base")
    refuses(folder, "is not there")


def test_a_truncated_base(root, folder):
    path = root / "base" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    refuses(folder, "base")


def test_a_base_in_pickles(root, folder):
    (root / "base" / "model.safetensors").rename(root / "base" / "pytorch_model.bin")
    refuses(folder, "no weights in safetensors.*Pickled")


def test_a_base_quantised_otherwise(root, folder):
    path = root / "base" / "config.json"
    stored = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
    path.write_text(json.dumps({**json.loads(path.read_text()), "quantization_config": stored}))
    refuses(folder, "stored in bitsandbytes nf4, and precision fp32")


def test_other_labels(folder):
    edit(folder, labels=["toxic", "spam"])
    refuses(folder, "has the labels.*spam.*not toxic, severe_toxic")


def test_another_format_version(folder):
    edit(folder, version=9)
    refuses(folder, "format version 9")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("precision", "int3"),
        ("pooling", "mean"),
        ("serving", "fast"),
        ("max_tokens", 0),
        ("batch_tokens", "many"),
        ("pad_token_id", None),
        ("calibration", [[1] * 6, [None] * 6]),
        ("calibration", [[-1.0] * 6, [0.0] * 6]),
        ("thresholds", [0.5]),
    ],
)
def test_an_unusable_value(folder, name, value):
    edit(folder, **{name: value})
    refuses(folder, f"unusable {name}")


def test_a_pad_token_that_the_base_does_not_know(folder):
    edit(folder, pad_token_id=5000)
    refuses(folder, "pad_token_id 5000, and the base knows 0 to 319")


def test_another_tokenizer(folder):
    path = folder / "tokenizer.json"
    path.write_text(path.read_text() + "\n")
    refuses(folder, "not the tokenizer that this model was trained with")


def test_no_room_for_a_text(folder):
    edit(folder, max_tokens=2)
    refuses(folder, "no room")


def test_no_memory_for_the_base(folder, monkeypatch):
    import core.scoring.transformer as transformer

    def full(*_, **__):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr(transformer, "serve", full)
    with pytest.raises(ModelUnavailable, match=r"does not fit into the memory of .*promote a smaller one"):
        load_scorer(version(folder), threads=1)


def test_the_device_is_gone(folder, monkeypatch):
    import core.scoring.forward as forward

    scorer = TransformerScorer.load(folder, name="v")
    scorer.runner.device = "cuda"

    def gone(*_, **__):
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(forward, "six_logits", gone)
    monkeypatch.setattr(type(scorer.runner), "_compute", gone)
    with pytest.raises(ModelUnavailable, match=r"cuda does not answer.*Comments wait"):
        scorer.score(["idiot"])


def test_a_gated_base_names_its_licence_page(monkeypatch):
    import httpx
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError

    def gated(*_, **__):
        request = httpx.Request("GET", "https://huggingface.co")
        raise GatedRepoError("gated", response=httpx.Response(403, request=request))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", gated)
    with pytest.raises(ModelUnavailable, match=r"visit https://huggingface.co/meta-llama/Llama-2-7b-hf.*HF_TOKEN"):
        find_base("meta-llama/Llama-2-7b-hf")


def test_a_hub_out_of_reach_says_what_to_copy(monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def away(*_, **__):
        raise LocalEntryNotFoundError("offline")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", away)
    with pytest.raises(ModelUnavailable, match=r"neither on this machine.*--base FOLDER"):
        find_base("meta-llama/Llama-2-7b-hf")


def test_a_starter_lets_go_of_the_last_base(made):
    from core.scoring import adapters
    from core.settings import ROOT

    release()
    TransformerScorer.load(write_version(made / "beside", made / "base", serving="adapter"), name="v")
    assert adapters._KEPT
    starter = ROOT / "models" / "starter"
    load_scorer(replace(version(starter), kind="starter"), threads=1)
    assert not adapters._KEPT
