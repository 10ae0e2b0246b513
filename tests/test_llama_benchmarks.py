"""The LLaMA benchmarks run unchanged at a small shape on the CPU, as they will on a GPU at the real one."""

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.random_llama import SHAPES, build, comments, flops_per_token
from core.scoring.quantization import four_bit_share
from core.settings import ROOT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "ways"),
    [
        ("llama_scoring", {"nf4 + adapter", "bf16", "bf16 packed"}),
        ("llama_training", {"plain", "checkpointing", "smallest"}),
    ],
)
def test_it_prints_one_json_line_last(script, ways):
    command = [sys.executable, f"benchmarks/{script}.py", "--shape", "tiny"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    line = json.loads(done.stdout.splitlines()[-1])
    assert line["name"] == script
    assert line["value"] > 0
    assert line["matmul_tflops"] > 0
    assert {result["way"] for result in line["all"]} == ways
    assert all(result["tokens_per_s"] > 0 and result["peak_gb"] > 0 for result in line["all"])


def test_the_random_model_is_really_in_four_bits():
    assert four_bit_share(build("tiny", "cpu")) > 0.9


def test_lengths_are_those_of_real_comments():
    rows = comments(4000, 32000, 256)
    assert np.mean([len(row) for row in rows]) == pytest.approx(84.7, abs=1.5)
    assert max(map(len, rows)) == 256
    assert min(token for row in rows for token in row) >= 1


def test_flops_of_the_real_shape_are_the_published_ones():
    """2 x 6.476e9 weights of the layers, and a little attention."""
    assert flops_per_token("7b", 85) == pytest.approx(12.97e9, rel=0.005)
    assert set(SHAPES) == {"7b", "tiny"}
