"""Presets are sound, and every problem of a configuration is told at once."""

import ast
import tomllib
from itertools import pairwise

import pytest

from core.errors import BadInput
from core.settings import ROOT
from training.config import FOLDER, SECTIONS, TrainConfig, list_presets, read_config, read_preset


@pytest.mark.parametrize("name", list_presets())
def test_every_preset_reads(name):
    config = read_preset(name)
    assert config.preset == name
    assert config.base.name


def test_the_headline_is_as_documented():
    config = read_preset("llama2-7b")
    assert (config.base.name, config.base.precision) == ("meta-llama/Llama-2-7b-hf", "nf4")
    assert (config.adapter.rank, config.adapter.alpha, config.adapter.targets) == (16, 32, ("all-linear",))


def test_another_base_and_fewer_rows():
    config = read_preset("llama2-7b", base="/models/mine", max_rows=500)
    assert (config.base.name, config.rows.max_rows) == ("/models/mine", 500)


def test_an_unknown_preset_lists_those_there_are():
    with pytest.raises(
        BadInput, match=r"no preset 'gpt'.*llama2-7b, llama2-7b-sft, .*minilm, mixtral-8x7b, smollm2-135m"
    ):
        read_preset("gpt")
    with pytest.raises(BadInput, match="no preset"):
        read_preset("../config")


def test_every_problem_is_told_at_once():
    values = {
        "seed": "x",
        "models": {},
        "base": {"precision": "int3", "nmae": "x"},
        "adapter": {"rank": -1},
        "steps": {"epochs": -1, "patience": True},
        "serve": {"mode": "fast"},
    }
    with pytest.raises(BadInput) as caught:
        read_config(values, preset="mine")
    told = str(caught.value)
    for words in (
        "configuration mine",
        "[models] is no section",
        "base.nmae is no setting",
        "base.precision is 'int3', not one of nf4, bf16, fp32",
        "adapter.rank must be 0 to 512",
        "steps.patience is True, not a whole number",
        "serve.mode must be one of auto, merged, adapter",
        "seed is not a whole number",
    ):
        assert words in told


def test_a_configuration_survives_json():
    config = read_preset("minilm")
    values = config.to_json()
    preset, seed = values.pop("preset"), values.pop("seed")
    assert read_config({**values, "seed": seed}, preset=preset) == config


def test_presets_hold_known_sections_only():
    for path in FOLDER.glob("*.toml"):
        assert set(tomllib.loads(path.read_text())) <= {"seed", *SECTIONS}
    assert {*TrainConfig.__dataclass_fields__} == {"preset", "seed", *SECTIONS}


def test_every_preset_and_field_is_documented():
    text = (ROOT / "docs" / "models.md").read_text()
    fields = [f"{section}.{name}" for section, kind in SECTIONS.items() for name in kind.__dataclass_fields__]
    assert [name for name in [*list_presets(), *fields] if f"`{name}`" not in text] == []


def test_every_field_says_what_it_means():
    tree = ast.parse((ROOT / "training" / "config.py").read_text())
    kinds = {kind.__name__ for kind in SECTIONS.values()}
    for node in (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name in kinds):
        for field, words in pairwise(node.body):
            if isinstance(field, ast.AnnAssign):
                assert isinstance(words, ast.Expr), f"{node.name}.{ast.unparse(field.target)}"
        assert isinstance(node.body[-1], ast.Expr)
