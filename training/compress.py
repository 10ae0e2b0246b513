"""A trained encoder as an int8 ONNX graph: a quarter of the size, twice as quick on a CPU, and no torch to serve it."""

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.scoring.adapters import serve
from core.scoring.forward import unwrapped
from core.scoring.manifest import Manifest, read_manifest
from core.scoring.onnx_encoder import GRAPH, EncoderManifest, write_encoder
from core.scoring.tokens import TOKENIZER

_OPSET = 17


def compress(folder: Path, out: Path, *, name: str) -> None:
    """Write the transformer in `folder`, called `name`, into `out` as an int8 encoder.

    Weights are int8 by output channel, activations by tensor as they come (onnxruntime's dynamic quantisation). Logits
    move by about 0.01; calibration is kept. Raises BadInput for a causal model, ModelUnavailable for a broken one.
    """
    manifest = read_manifest(folder)
    if manifest.causal:
        raise BadInput(
            f"{name} is a causal model ({manifest.base.architecture}); only encoders such as minilm can be compressed. "
            "Train one with `moderato train minilm --data FILE`."
        )
    model = unwrapped(serve(folder, replace(manifest, serving="merged"), device="cpu").model).float().eval()
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        whole = Path(scratch) / "whole.onnx"
        _export(model, whole)
        _quantise(whole, out / GRAPH)
    (out / TOKENIZER).write_bytes((folder / TOKENIZER).read_bytes())
    write_encoder(out, _describe(manifest, name))


def _describe(manifest: Manifest, name: str) -> EncoderManifest:
    base = {"base": manifest.base.name.rsplit("/", 1)[-1], "base_digest": manifest.base.digest}
    known = {key: manifest.training.get(key) for key in ("preset", "rows", "data_hash", "step", "best_step", "config")}
    if known["config"]:  # the base's folder is one machine's affair
        known["config"] = {**known["config"], "base": {**known["config"]["base"], "name": base["base"]}}
    return EncoderManifest(
        max_tokens=manifest.max_tokens,
        tokenizer=manifest.tokenizer,
        calibration=manifest.calibration,
        trained={"from": name, **base, **known},
    )


def _export(model: Any, path: Path) -> None:
    """The fp32 graph: input_ids [1, tokens] to logits [1, 6]. One text a run, so there is no mask."""
    import torch

    class Alone(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.model(input_ids=input_ids, attention_mask=torch.ones_like(input_ids)).logits
            return found

    model.set_attn_implementation("eager")  # fused attention is traced with the example's length
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer remarks on every shape that it reads
        torch.onnx.export(
            Alone().eval(),
            (torch.arange(37)[None],),
            path,
            dynamo=False,  # the newer exporter needs onnxscript, for the same graph
            input_names=["input_ids"],
            output_names=["logits"],
            dynamic_axes={"input_ids": {0: "n", 1: "tokens"}},
            opset_version=_OPSET,
        )
    model.eval()  # the exporter leaves it in training mode


def _quantise(whole: Path, out: Path) -> None:
    import logging

    from onnxruntime.quantization import QuantType, quantize_dynamic

    quiet = logging.getLogger()
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # it recommends a step that is for image models
    try:
        quantize_dynamic(
            whole, out, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gather", "Gemm"]
        )
    finally:
        quiet.setLevel(level)
