"""Versions made from others, by the commands: compress, blend, cascade."""

import pytest
from typer.testing import CliRunner

import cli
from core.errors import BadInput, Conflict
from core.scoring.load import load_scorer
from tests.support.models import add_model, rows, write_csv
from tests.support.tiny_bases import write_base
from tests.support.versions import write_version


@pytest.fixture
def services(sqlite_services, ada, monkeypatch):
    """Two starters, one worse than the other, and a random encoder."""
    services = sqlite_services
    monkeypatch.setenv("MODERATO_DATA_DIR", str(services.settings.data_dir))
    add_model(services, "good", by=ada)
    add_model(services, "poor", by=ada, noise=0.3, count=200, seed=1)
    folder = services.settings.models_dir / "bert"
    write_version(folder, write_base(services.settings.data_dir / "base", "bert"))
    services.registry.register("bert", folder, by=ada, kind="transformer")
    return services


@pytest.fixture
def data(tmp_path):
    return write_csv(tmp_path / "rows.csv", rows(2000, seed=5))


def moderato(*arguments):
    done = CliRunner().invoke(cli.app, list(map(str, arguments)), catch_exceptions=False)
    if isinstance(done.exception, Exception):
        raise done.exception
    return done.output


def auc(services, name):
    return services.registry.require(name).metrics["test"]["mean_auc"]


def test_a_blend_is_a_version_like_any_other(services, data):
    said = moderato("blend", "good", "poor", "--name", "both", "--data", data, "--mode", "rank")
    assert "Mean" in said
    version = services.registry.require("both")
    assert version.kind == "blend"
    assert auc(services, "both") > 0.9
    scores = load_scorer(version, threads=1).score(["blurb", "train"])
    assert scores[0, 0] > scores[1, 0]
    with pytest.raises(Conflict, match="There is a model both already"):
        moderato("blend", "good", "poor", "--name", "both", "--data", data)


def test_an_encoder_is_compressed_and_blended(services, data):
    moderato("compress", "bert", "--name", "small", "--data", data)
    moderato("blend", "small", "good", "--name", "both", "--data", data)
    blend = services.registry.require("both").metrics["training"]
    assert blend["members"] == ["small", "good"]
    assert auc(services, "both") > 0.9, "an untrained encoder does little harm"


def test_a_cascade_says_what_it_saves(services, data):
    said = moderato("cascade", "poor", "good", "--name", "both", "--data", data, "--loss", "0.01")
    assert "good is asked about" in said
    assert "times as quick as good alone" in said
    assert services.registry.require("both").kind == "cascade"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["blend", "good", "good"], "good with itself makes nothing new"),
        (["blend", "good", "gone"], "There is no model 'gone'"),
        (["compress", "good"], "only a transformer's encoder can be compressed"),
        (["blend", "good", "poor", "--name", "No!"], "cannot be a model's name"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(services, data, arguments, said):
    named = [] if "--name" in arguments else ["--name", "new"]
    with pytest.raises(Exception, match=said):
        moderato(*arguments, *named, "--data", data)
    assert services.registry.get("new") is None


def test_too_few_rows(services, tmp_path):
    few = write_csv(tmp_path / "few.csv", rows(200))
    with pytest.raises(BadInput, match="belong to the part that no training learns from"):
        moderato("blend", "good", "poor", "--name", "new", "--data", few)
