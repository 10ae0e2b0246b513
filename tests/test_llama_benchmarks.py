"""The LLaMA benchmarks run unchanged at a small shape on the CPU, as they will on a GPU at the real one."""

import json
import runpy
import sys

import numpy as np
import pytest

from benchmarks import mixtral_shape
from benchmarks.mixtral_shape import calculated
from benchmarks.random_llama import TINY, build, comments, flops_per_token
from core.scoring.quantization import four_bit_share
from core.settings import ROOT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "ways"),
    [
        ("llama_scoring", {f"{way}{how}" for way in ("nf4 + adapter", "bf16", "fp8") for how in ("", " packed")}),
        ("llama_training", {"plain", "checkpointing", "smallest"}),
    ],
)
def test_it_prints_one_json_line_last(script, ways, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [script, "--shape", "tiny"])
    monkeypatch.setattr("sys.path", [*sys.path])  # the script adds to it
    runpy.run_path(str(ROOT / f"benchmarks/{script}.py"), run_name="__main__")
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["name"] == script
    assert line["value"] > 0
    assert line["matmul_tflops"] > 0
    assert {result["way"] for result in line["all"]} == ways
    for result in line["all"]:
        assert min(result[key] for key in ("tokens_per_s", "comments_per_s", "of_limit", "peak_gb")) > 0
        assert 0 < result["useful_tokens"] <= 1


def test_mixtral_is_calculated_anywhere():
    """46.6e9 weights without the head of a language model, 12.6e9 of them in the layers that a token meets."""
    found = calculated("mixtral")
    assert found["weights"] == pytest.approx(46.57e9, rel=1e-3)
    assert found["weights_a_token_meets"] == pytest.approx(12.62e9, rel=1e-3)
    assert found["nf4_gb"] == pytest.approx(24.2, abs=0.1)
    assert found["nf4_attention_only_gb"] > 90, "what it takes where experts are left in bf16"
    assert found["gflop_per_token"] == pytest.approx(25.3, abs=0.1)


@pytest.mark.slow
def test_a_small_mixtral_is_measured(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["mixtral_shape", "--quick"])
    mixtral_shape.main()
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["measured"]["tokens_per_s"] > 0


@pytest.mark.parametrize("shape", TINY)
def test_the_random_model_is_really_in_four_bits(shape):
    assert four_bit_share(build(shape, "cpu")) > 0.9


def test_lengths_are_those_of_real_comments():
    rows = comments(4000, 32000, 256)
    assert np.mean([len(row) for row in rows]) == pytest.approx(84.7, abs=1.5)
    assert max(map(len, rows)) == 256
    assert min(token for row in rows for token in row) >= 1


def test_flops_of_the_real_shape_are_the_published_ones():
    """2 x 6.476e9 weights of the layers, and a little attention."""
    assert flops_per_token("7b", 85) == pytest.approx(12.97e9, rel=0.005)
