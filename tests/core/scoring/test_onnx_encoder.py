"""An int8 encoder answers as the transformer it was made from, alone or in company, and says what is wrong with it."""

import json

import numpy as np
import pytest

from core.errors import BadInput, ModelUnavailable
from core.scoring.files import refuse_code
from core.scoring.onnx_encoder import OnnxScorer
from core.scoring.transformer import TransformerScorer
from tests.support.composed import write_onnx
from tests.support.tiny_bases import write_base
from tests.support.versions import write_version
from training.compress import compress

TEXTS = ["you idiot, go away", "thanks for the nice article", "", "[SEP] [PAD]", "kill " * 300]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("onnx")
    write_onnx(root / "encoder", root)
    return root


def test_it_answers_as_the_transformer(root):
    whole = TransformerScorer.load(root / "bert", name="bert", device="cpu").logits(TEXTS)
    small = OnnxScorer.load(root / "encoder", name="small").logits(TEXTS)
    assert np.abs(whole - small).max() < 0.05 * np.abs(whole).max()


def test_company_and_threads_change_nothing(root):
    one, two = (OnnxScorer.load(root / "encoder", name="small", threads=threads) for threads in (1, 2))
    alone = np.vstack([one.score([text]) for text in TEXTS])
    np.testing.assert_array_equal(two.score(TEXTS), alone)


def test_it_is_plain_data_and_smaller(root):
    refuse_code(root / "encoder")
    assert (root / "encoder" / "encoder.onnx").stat().st_size < 400_000


def test_a_causal_model_is_refused(tmp_path):
    made = write_version(tmp_path / "llama", write_base(tmp_path / "base"))
    with pytest.raises(BadInput, match=r"causal model \(llama\); only encoders such as minilm"):
        compress(made, tmp_path, name="llama")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("encoder.onnx", b"no graph", "encoder.onnx is missing or damaged"),
        ("encoder.onnx", None, "encoder.onnx is missing or damaged"),
        ("encoder.json", b"{", "encoder.json does not describe an encoder"),
        ("encoder.json", None, "encoder.json cannot be read"),
        ("tokenizer.json", None, "has no tokenizer.json"),
    ],
)
def test_broken_files_are_named(tmp_path, file, content, said):
    folder = write_onnx(tmp_path / "encoder", tmp_path)
    (folder / file).unlink() if content is None else (folder / file).write_bytes(content)
    with pytest.raises(ModelUnavailable, match=said):
        OnnxScorer.load(folder, name="small")


def test_other_labels_and_another_tokenizer_are_refused(tmp_path):
    folder = write_onnx(tmp_path / "encoder", tmp_path)
    values = json.loads((folder / "encoder.json").read_text())
    (folder / "encoder.json").write_text(json.dumps(values | {"labels": ["spam"]}))
    with pytest.raises(ModelUnavailable, match="of another format, version or set of labels"):
        OnnxScorer.load(folder, name="small")
    (folder / "encoder.json").write_text(json.dumps(values | {"tokenizer": "0" * 64}))
    with pytest.raises(ModelUnavailable, match="is not the tokenizer"):
        OnnxScorer.load(folder, name="small")
