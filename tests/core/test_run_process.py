"""What the process of a training is told: values, never options or shell."""

import pytest

from core.errors import BadInput
from core.run_process import RunOptions


@pytest.mark.parametrize("base", ["a/b", "--data=/etc/passwd", "; rm -rf /", "$(id) `id`", "/models/with a space"])
def test_a_base_is_a_value_whatever_it_looks_like(base):
    assert RunOptions(base, 500).to_arguments("minilm") == ["retrain", "minilm", f"--base={base}", "--max-rows=500"]


def test_what_is_not_chosen_is_not_told():
    assert RunOptions().to_arguments("starter") == ["retrain", "starter"]


@pytest.mark.parametrize(("preset", "base"), [("--help", ""), ("", ""), ("a b", ""), ("minilm", "a\0b")])
def test_what_cannot_be_told_is_refused(preset, base):
    with pytest.raises(BadInput):
        RunOptions(base).to_arguments(preset)
