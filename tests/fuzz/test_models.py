"""Model folders, presets and names that anybody may have written: a sentence for a person, never another error."""

import json
import math
import shutil
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts import MAX_NAME, local_person
from core.errors import ModeratoError
from core.html_text import shown_text
from core.scoring.load import load_scorer, probe
from core.scoring.manifest import read_manifest
from core.scoring.onnx_encoder import read_encoder
from core.scoring.starter_files import read_folder
from core.settings import ROOT
from tests.fuzz.profile import SEED
from training.config import check, read_config

STARTER = ROOT / "models" / "starter"
ODD = st.text(max_size=8) | st.sampled_from(["\0", "..", "../../x", "llama", "nan", "\ud800"])
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD,
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=8,
)


def changed(good: dict, data: st.DataObject) -> bytes:
    """The good JSON with some values replaced, dropped or added; or any bytes."""
    if data.draw(st.integers(0, 9)) == 0:
        return data.draw(st.binary(max_size=60))
    made = dict(good)
    for key in data.draw(st.lists(st.sampled_from([*good, "extra"]), max_size=3)):
        made[key] = data.draw(VALUE)
        if data.draw(st.booleans()):
            made.pop(key)
    return json.dumps(made).encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A starter to damage."""
    made = tmp_path_factory.mktemp("model") / "starter"
    shutil.copytree(STARTER, made)
    return made


@SEED
@given(data=st.data())
def test_any_config_of_a_starter(folder, data):
    good = json.loads((STARTER / "config.json").read_bytes())
    (folder / "config.json").write_bytes(changed(good, data))
    for name in ("linear.safetensors", "net.safetensors", "net.onnx"):
        (folder / name).unlink(missing_ok=True)
    try:
        read_folder(folder)
    except ModeratoError as error:
        assert len(str(error)) < 2000  # noqa: PT017 (the message itself is looked at)


@pytest.mark.parametrize("name", ["linear.safetensors", "net.safetensors", "net.onnx"])
@pytest.mark.parametrize(
    "damage",
    [b"", b"\xff" * 64, b"\xff" * 7 + b"\x7f{}", b"\x02\0\0\0\0\0\0\0{}", b"\x02\0\0\0\0\0\0\0[]", b"cut"],
    ids=["empty", "noise", "huge header", "no tensors", "no object", "cut"],
)
def test_damaged_weights(tmp_path, name, damage):
    made = tmp_path / "starter"
    shutil.copytree(STARTER, made)
    if not (made / name).is_file():
        pytest.skip("the starter has no such file")
    whole = (made / name).read_bytes()
    (made / name).write_bytes(whole[: len(whole) // 2] if damage == b"cut" else damage)
    with pytest.raises(ModeratoError):
        probe(_load(made))


def _load(folder):
    from core.domain import ModelVersion, Stage, now
    from core.scoring.files import folder_digest

    return load_scorer(
        ModelVersion(id=-1, name="fuzz", kind="starter", path=str(folder), sha256=folder_digest(folder),
                     stage=Stage.CHALLENGER, metrics={}, created_at=now()),
        threads=1,
    )  # fmt: skip


MANIFEST = {
    "format": "moderato-transformer", "version": 1, "base": {"name": "x", "digest": "y", "architecture": "bert"},
    "precision": "bf16", "tokenizer": "0" * 64, "pooling": "first", "max_tokens": 64, "pad_token_id": 0,
    "labels": ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"],
}  # fmt: skip
ENCODER = {
    "format": "moderato-onnx", "version": 1, "max_tokens": 64, "tokenizer": "0", "trained": {},
    "calibration": [[1.0] * 6, [0.0] * 6], "labels": MANIFEST["labels"],
}  # fmt: skip


@SEED
@given(data=st.data())
@pytest.mark.parametrize(
    ("read", "name", "good"), [(read_manifest, "moderato.json", MANIFEST), (read_encoder, "encoder.json", ENCODER)]
)
def test_any_manifest(tmp_path, read, name, good, data):
    (tmp_path / name).write_bytes(changed(good, data))
    try:
        read(tmp_path)
    except ModeratoError as error:
        assert name in str(error)  # noqa: PT017 (the message itself is looked at)


def test_deep_manifest(tmp_path):
    (tmp_path / "moderato.json").write_text("[" * 100_000)
    (tmp_path / "encoder.json").write_text("[" * 100_000)
    for read in (read_manifest, read_encoder):
        with pytest.raises(ModeratoError):
            read(tmp_path)


@SEED
@given(preset=st.sampled_from(["minilm", "llama2-7b", "smollm2-135m-sft"]), data=st.data())
def test_any_preset(preset, data):
    """As TOML can have it: any value under any key of any section."""
    values = tomllib.loads((ROOT / "training" / "presets" / f"{preset}.toml").read_text())
    section = data.draw(st.sampled_from([None, *(key for key, one in values.items() if isinstance(one, dict))]))
    place = values if section is None else values[section]
    for key in data.draw(st.lists(st.sampled_from([*place, "extra"]), min_size=1, max_size=3)):
        place[key] = data.draw(VALUE | st.sampled_from([0, -1, 2**70, math.nan, math.inf]))
    try:
        check(read_config(values, preset=preset))
    except ModeratoError:
        return


@SEED
@given(name=st.text(max_size=80) | st.sampled_from(["\u202eAda", "\0", "a" * 61, "program: x", "\ud800", "Ada\n"]))
def test_any_name(name):
    try:
        person = local_person(name)
    except ModeratoError:
        return
    assert 1 <= len(person.name) <= MAX_NAME
    assert person.name.isprintable()


@SEED
@given(html=st.text(max_size=200) | st.text(alphabet="<>/&;#!-[]a1x\"'= \0", max_size=80))
def test_any_html(html):
    assert len(shown_text(html).text) <= len(html) * 2
