"""Four bits: what is really in them, that training keeps its gradients, and the way back."""

import pytest

from core.errors import ModelUnavailable
from core.scoring.adapters import release
from core.scoring.bases import load_base
from core.scoring.quantization import bf16_bytes, dequantise, four_bit_share, require_four_bits
from core.scoring.transformer import TransformerScorer
from tests.support.tiny_bases import write_base
from tests.support.versions import write_version

TEXTS = ["", "you are a kind idiot", "go away please", "nice " * 50]


@pytest.fixture(scope="module", params=["llama", "mixtral"])
def base(request, tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base") / request.param, request.param)


def gradients(model, *, eval_first):
    """Gradients of an adapter's weights after one step's forward and backward."""
    import torch
    from peft import LoraConfig, TaskType, get_peft_model

    from core.scoring.forward import six_logits

    torch.manual_seed(0)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    config = LoraConfig(task_type=TaskType.SEQ_CLS, r=4, target_modules=targets, init_lora_weights=False)
    model = get_peft_model(model, config)
    ids, lengths = torch.randint(3, 300, (4, 16)), torch.full((4,), 16)
    if eval_first:
        model.eval()
        with torch.inference_mode():
            six_logits(model, ids, lengths, causal=True, autocast=True)
    model.train()
    six_logits(model, ids, lengths, causal=True, autocast=True).square().mean().backward()
    return {name: weight.grad for name, weight in model.named_parameters() if weight.requires_grad}


def load(base):
    import torch

    torch.manual_seed(0)
    return load_base(base, precision="nf4", device="cpu")


def test_training_after_evaluation_has_the_gradients_of_fresh_training(base):
    """Without the fix of bitsandbytes' re-packing, whole layers lose their gradient here, silently."""
    import torch

    fresh, after = gradients(load(base), eval_first=False), gradients(load(base), eval_first=True)
    assert any("layers.0" in name and gradient.abs().sum() > 0 for name, gradient in fresh.items())
    for name, gradient in fresh.items():
        assert gradient is not None, name
        torch.testing.assert_close(after[name], gradient, rtol=1e-3, atol=1e-5)


def test_the_experts_are_in_four_bits_too(base):
    model = load(base)
    assert four_bit_share(model) > 0.9
    dequantise(model)
    assert four_bit_share(model) == 0


def test_what_is_left_out_is_noticed(base):
    import torch

    torch.manual_seed(0)
    plain = load_base(base, precision="bf16", device="cpu")
    with pytest.raises(ModelUnavailable, match=r"Only 0% of the weights' bytes are in 4 bits"):
        require_four_bits(plain)


def test_back_in_bf16_it_says_the_same(base):
    import torch

    from core.scoring.forward import six_logits

    model, ids, lengths = load(base), torch.randint(3, 300, (3, 12)), torch.tensor([12, 7, 3])
    with torch.inference_mode():
        before = six_logits(model, ids, lengths, causal=True, autocast=True)
        size = bf16_bytes(model)
        dequantise(model)
        after = six_logits(model, ids, lengths, causal=True, autocast=False)
    torch.testing.assert_close(after, before, atol=0.05, rtol=0.05)
    assert size == sum(weight.numel() * 2 for weight in model.parameters())


def test_merged_and_in_place_agree(base, tmp_path):
    """Merged into 4 bits an adapter would vanish in the rounding; into bf16 it stays."""
    versions = {
        mode: write_version(tmp_path / mode, base, precision="nf4", serving=mode) for mode in ("merged", "adapter")
    }
    scorers = {mode: TransformerScorer.load(folder, name=mode, device="cpu") for mode, folder in versions.items()}
    in_place, merged = (scorers[mode].logits(TEXTS) for mode in ("adapter", "merged"))
    with scorers["adapter"].runner.model.disable_adapter():
        plain = scorers["adapter"].logits(TEXTS)
    assert abs(in_place - plain).max() > 5 * abs(in_place - merged).max()
    release()


def test_too_little_memory_keeps_the_four_bits(base, tmp_path, monkeypatch):
    import core.scoring.adapters as adapters

    folder = write_version(tmp_path / "v", base, precision="nf4", serving="auto")
    assert TransformerScorer.load(folder, name="roomy", device="cpu").runner.adapter is None
    monkeypatch.setattr(adapters, "free_bytes", lambda _: 1000)
    assert TransformerScorer.load(folder, name="narrow", device="cpu").runner.adapter is not None
    release()
