"""Several processes train what one does: as torchrun starts them, by the same command, on the CPU."""

import os
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file

from core.errors import BadInput
from core.settings import ROOT
from tests.support.models import rows, write_csv
from tests.support.tiny_bases import write_base
from training import distributed
from training.config import read_config
from training.data import read_rows
from training.distributed import Team, deal, join
from training.lora import main

SCRIPT = """
import sys
from pathlib import Path
import training.config
training.config.FOLDER = Path("presets")
sys.path.insert(0, {root!r})
import training.train
training.train.PRESETS = ("starter", *training.config.list_presets())
import cli
import os
import training.fit as fit

step, forward = fit.Fit._step, fit.six_logits

def stops(self, *arguments):
    if self._fitted.step == 3:
        raise KeyboardInterrupt
    return step(self, *arguments)

def small(model, ids, lengths, **options):
    if ids.numel() > 100:
        raise RuntimeError("out of memory")
    return forward(model, ids, lengths, **options)

if os.environ.get("STOPS") == os.environ.get("RANK", "0"):
    fit.Fit._step = stops
if os.environ.get("SMALL") == os.environ.get("RANK", "0"):
    fit.six_logits = small
cli.main()
"""
PRESET = """
[base]
name = "{base}"
precision = "fp32"
sharded = {sharded}
[adapter]
rank = 4
dropout = 0.0
[rows]
max_tokens = 32
held_rows = 40
test_rows = 40
[steps]
epochs = 1
step_tokens = 1024
batch_tokens = 256
evaluate_every = 3
checkpoint_every = 2
[serve]
batch_tokens = 1024
mode = "adapter"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a base, presets that differ in where its weights lie, rows, and the command with those presets."""
    root = tmp_path_factory.mktemp("team")
    write_base(root / "base")
    write_csv(root / "rows.csv", rows(300))
    (root / "presets").mkdir()
    for name, sharded in (("whole", "false"), ("spread", "true")):
        (root / "presets" / f"{name}.toml").write_text(PRESET.format(base=root / "base", sharded=sharded))
    (root / "command.py").write_text(SCRIPT.format(root=str(ROOT)))
    return root


def train_by_two(place, preset, out, **faults):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "command.py"]
    command += ["train", preset, "--data", "rows.csv", "--out", out]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **faults}
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture(scope="module")
def alone(place):
    config = read_config(tomllib.loads((place / "presets" / "whole.toml").read_text()), preset="whole")
    main(read_rows(place / "rows.csv"), config, place / "alone")
    return load_file(place / "alone" / "adapter_model.safetensors")


@pytest.mark.slow
def test_two_processes_train_what_one_does(place, alone):
    done = train_by_two(place, "spread", "two")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Mean") == 1, "one process speaks"
    found = load_file(place / "two" / "adapter_model.safetensors")
    assert found.keys() == alone.keys()
    for name, weights in alone.items():
        np.testing.assert_allclose(found[name], weights, atol=1e-4, err_msg=name)
    assert not list(place.glob(".*")), "neither draft nor checkpoint is left"


@pytest.mark.slow
def test_one_that_is_stopped_or_has_less_memory_holds_up_no_other(place, alone):
    assert train_by_two(place, "whole", "again", STOPS="1").returncode != 0
    assert (place / ".again.checkpoint").is_dir()
    done = train_by_two(place, "whole", "again", SMALL="1")
    assert done.returncode == 0, done.stderr
    found = load_file(place / "again" / "adapter_model.safetensors")
    for name, weights in alone.items():
        np.testing.assert_allclose(found[name], weights, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_every_row_counts_once_in_one_process(world, count):
    lengths = np.random.default_rng(0).integers(2, 40, 100).tolist()
    step = list(range(count))
    hands = [deal(step, lengths, 128, Team(rank, world)) for rank in range(world)]
    assert len({len(hand) for hand in hands}) == 1, "sharded weights are gathered equally often"
    assert sorted(row for hand in hands for batch, counts in hand if counts for row in batch) == step
    assert all(batch and len(batch) * max(lengths[row] for row in batch) <= 128 for hand in hands for batch, _ in hand)


def test_a_process_alone_is_a_team_of_one(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "8")  # as batch systems set it
    team = join()
    assert (team.is_main, team.world, team.agree(3), team.total(0.5), team.broadcast("x")) == (True, 1, 3, 0.5, "x")
    assert team.place("cuda") == "cuda"
    assert Team(1, 2, 1).place("cuda") == "cuda:1"
    assert Team(1, 2, 1).place("cpu") == "cpu"


def test_the_starter_is_not_trained_by_several(monkeypatch):
    from training.train import together

    monkeypatch.setattr("training.train.launched", lambda: True)
    with pytest.raises(BadInput, match="starter is trained by one process"), together("starter"):
        pass


def test_more_processes_than_devices(monkeypatch):
    import torch

    monkeypatch.setattr(distributed, "launched", lambda: True)
    for name, value in {"RANK": "2", "WORLD_SIZE": "3", "LOCAL_RANK": "2"}.items():
        monkeypatch.setenv(name, value)
    devices = SimpleNamespace(is_available=lambda: True, device_count=lambda: 2)
    monkeypatch.setattr(torch, "accelerator", devices)
    with pytest.raises(BadInput, match="--nproc-per-node 2"):
        join.__wrapped__()
