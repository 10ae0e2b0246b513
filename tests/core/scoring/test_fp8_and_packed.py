"""Two ways to score quicker on a GPU, on the CPU: fp8 is close to bf16, and packed texts do not see one another."""

import json

import numpy as np
import pytest

from core.errors import ModelUnavailable
from core.scoring import fp8
from core.scoring.adapters import release
from core.scoring.bases import load_base
from core.scoring.batching import Budget
from core.scoring.forward import Runner
from core.scoring.packed import plan_packed, require_apart
from core.scoring.transformer import TransformerScorer
from tests.support.tiny_bases import write_base
from tests.support.versions import write_version

ROWS = [np.random.default_rng(i).integers(3, 320, size).tolist() for i, size in enumerate([1, 5, 40, 17, 2, 90, 33, 8])]
TEXTS = ["you idiot", "thanks for the nice article " * 9, "", "go away"]


@pytest.fixture(scope="module", autouse=True)
def _nothing_kept():
    yield
    release()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base") / "llama")


def runner_of(model, **options):
    return Runner(model, "cpu", causal=True, autocast=False, pad=0, budget=Budget(128), **options)


@pytest.mark.parametrize("shape", ["llama", "mixtral"])
def test_packed_is_one_by_one(shape, tmp_path):
    model = load_base(write_base(tmp_path / "base", shape), precision="fp32", device="cpu")
    packed = runner_of(model, packed=True)
    alone = np.vstack([runner_of(model).logits([row]) for row in ROWS])
    assert np.abs(alone - alone[0]).max() > 0.1
    np.testing.assert_allclose(packed.logits(ROWS), alone, atol=1e-5)
    require_apart(packed)


def test_packed_groups_hold_no_more_than_they_may():
    lengths = [len(row) for row in ROWS]
    groups = plan_packed(lengths, 64)
    assert sorted(row for group in groups for row in group) == list(range(len(ROWS)))
    assert all(len(group) == 1 or sum(lengths[row] for row in group) <= 64 for group in groups)
    assert plan_packed([], 64) == []


def test_texts_that_would_see_one_another_are_refused(base, monkeypatch):
    model = load_base(base, precision="fp32", device="cpu")
    real = model.base_model.forward

    def masked(input_ids, position_ids, use_cache):
        import torch

        return real(input_ids=input_ids, position_ids=position_ids, attention_mask=torch.ones_like(input_ids))

    packed = runner_of(model, packed=True)
    require_apart(packed)
    monkeypatch.setattr(model.base_model, "forward", masked)
    with pytest.raises(ModelUnavailable, match="see one another"):
        require_apart(packed)


def test_a_version_is_served_packed(base, tmp_path):
    write_version(tmp_path / "v", base, serving="merged")
    sorted_scores = TransformerScorer.load(tmp_path / "v", name="v").score(TEXTS)
    change(tmp_path / "v", batching="packed")
    np.testing.assert_allclose(TransformerScorer.load(tmp_path / "v", name="v").score(TEXTS), sorted_scores, atol=1e-2)
    change(tmp_path / "v", pooling="first")
    with pytest.raises(ModelUnavailable, match="unusable batching"):
        TransformerScorer.load(tmp_path / "v", name="v")


def test_fp8_is_close_to_bf16(base, tmp_path):
    write_version(tmp_path / "v", base, precision="bf16", serving="merged")
    wanted = TransformerScorer.load(tmp_path / "v", name="v").logits(TEXTS)
    change(tmp_path / "v", serving="fp8")
    scorer = TransformerScorer.load(tmp_path / "v", name="v")
    found = scorer.logits(TEXTS)
    assert "float8_e4m3fn" in str(scorer.runner.model.model.layers[0].mlp.up_proj.weight.dtype)
    # e4m3 rounds by about 2.6 % (root mean square), a product by 3.7 %, and 14 layers with large random weights, in
    # which nothing cancels, by about 14 %
    assert 0 < np.linalg.norm(found - wanted) / np.linalg.norm(wanted) < 0.2


def test_a_product_in_fp8_is_close():
    import torch

    torch.manual_seed(0)
    linear, given = torch.nn.Linear(256, 64), torch.randn(7, 3, 256) * torch.tensor([1e-3, 1, 1e3])[:, None]
    wanted = linear(given).detach()
    fp8.convert(linear)
    found = linear(given)
    assert found.shape == wanted.shape
    assert ((found - wanted).norm(dim=-1) / wanted.norm(dim=-1)).max() < 0.06


@pytest.mark.parametrize("device", ["mps", "cuda", "xpu"])
def test_a_device_without_fp8_is_refused(device, monkeypatch):
    import torch

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0))
    with pytest.raises(ModelUnavailable, match=rf"8\.9 or more.*{device} is none. Use serve.mode merged"):
        fp8.check_fp8(device)


def test_experts_are_refused_in_fp8(tmp_path):
    model = load_base(write_base(tmp_path / "base", "mixtral"), precision="bf16", device="cpu")
    with pytest.raises(ModelUnavailable, match="fused experts"):
        fp8.to_fp8(model)


def change(folder, **values):
    known = json.loads((folder / "moderato.json").read_text())
    (folder / "moderato.json").write_text(json.dumps({**known, **values}))
