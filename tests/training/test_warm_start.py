"""A retraining goes on from what a former version knows, and is never left worse on its validation rows."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ModelUnavailable
from core.registry import Registry
from core.scoring.manifest import read_manifest
from core.services import build_services
from core.settings import Settings
from tests.support.tiny_bases import write_base
from tests.training.test_lora import rows, settings
from training.config import AdapterConfig
from training.lora import main
from training.warm_start import find_former, put_former

RATE_OF_HARM = 0.5
"""A learning rate that ruins any adapter."""


@pytest.fixture(scope="module")
def former(tmp_path_factory):
    """A version that learned its rows, and its configuration."""
    folder = tmp_path_factory.mktemp("former")
    write_base(folder / "base")
    config = settings(folder / "base")
    main(rows(), config, folder / "first")
    return folder, config


def history(folder):
    return read_manifest(folder).training["history"]


def test_it_starts_where_the_former_one_ended(former):
    folder, config = former
    main(rows(), config, folder / "second", init=folder / "first")
    first, second = history(folder / "first"), history(folder / "second")
    best = max(entry["auc"] for entry in first)
    assert (second[0]["step"], second[0]["loss"]) == (0, None)
    assert second[0]["auc"] == pytest.approx(best, abs=1e-6)
    assert max(entry["auc"] for entry in second) >= best - 1e-6


def test_a_training_that_only_harms_leaves_the_former_weights(former):
    folder, config = former
    steps = replace(config.steps, adapter_rate=RATE_OF_HARM, head_rate=RATE_OF_HARM, warm_share=1.0, clip=1e6)
    main(rows(), replace(config, steps=steps), folder / "harmed", init=folder / "first")
    training = read_manifest(folder / "harmed").training
    assert training["best_step"] == 0
    from safetensors.numpy import load_file

    kept, was = (load_file(folder / name / "adapter_model.safetensors") for name in ("harmed", "first"))
    assert all(np.array_equal(kept[name], was[name]) for name in was)


def test_weights_of_another_shape_are_refused(former):
    folder, config = former
    other = replace(config, adapter=AdapterConfig(rank=4))
    with pytest.raises(ModelUnavailable, match="does not have the shape"):
        main(rows(100), other, folder / "odd", init=folder / "first")
    assert not (folder / "odd").exists()


def test_the_live_one_is_gone_on_from_unless_it_differs(former, tmp_path, ada):
    folder, config = former
    services = build_services(Settings(data_dir=tmp_path))
    registry: Registry = services.registry
    assert find_former(services, config) == (None, "")
    known = {"training": {"preset": "tiny"}}
    registry.register("first", folder / "first", by=ada, kind="transformer", base=config.base.name, metrics=known)
    found, why = find_former(services, config)
    assert (found and found.name, why) == ("first", "")
    found, why = find_former(services, replace(config, adapter=AdapterConfig(rank=4)))
    assert found is None
    assert "first is not gone on from: it has another adapter" in why
    services.close()


def test_a_whole_model_goes_on_too(tmp_path):
    write_base(tmp_path / "base")
    config = settings(tmp_path / "base", adapter={"rank": 0})
    main(rows(200), config, tmp_path / "first")
    main(rows(200), config, tmp_path / "second", init=tmp_path / "first")
    assert history(tmp_path / "second")[0]["step"] == 0
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        put_former(object(), tmp_path)
