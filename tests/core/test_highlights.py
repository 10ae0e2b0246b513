"""Highlights beside the queue: by a copy of a small model, by the worker's own of a large one."""

import time

import pytest

from core.highlights import Highlights
from core.scoring.load import find_loaded, load_scorer
from tests.support.tiny_bases import write_base
from tests.support.versions import write_version


@pytest.fixture
def live(sqlite_services, tmp_path, ada):
    """A transformer, promoted."""
    from core.gate import unopposed

    folder = sqlite_services.settings.models_dir / "llama"
    write_version(folder, write_base(tmp_path / "base"))
    registry = sqlite_services.registry
    registry.register("llama", folder, by=ada, kind="transformer")
    return registry.promote("llama", by=ada, report=unopposed("llama", registry.require_live().name))


def explained(services, version):
    highlights = Highlights(services.registry)
    highlights.ask([(1, version.id, "you are a kind idiot")])
    deadline = time.monotonic() + 30
    while not (found := highlights.known([(1, version.id)])):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found[1]


def test_a_transformer_is_not_loaded_a_second_time_for_highlights(sqlite_services, live):
    assert find_loaded(live) is None, "whoever promoted it let it go"
    assert explained(sqlite_services, live) == []
    assert find_loaded(live) is None


def test_a_transformer_that_the_worker_has_loaded_explains(sqlite_services, live):
    held = load_scorer(live, threads=1)
    assert find_loaded(live) is held
    assert explained(sqlite_services, live)
