"""Write the trained net as an ONNX graph, node by node, so that serving needs no torch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Tensors = Mapping[str, NDArray[np.float32]]


def build_graph(tensors: _Tensors, *, dimensions: int, hidden: int) -> bytes:
    """The serialised graph of `training.net.make_module`'s forward pass, without dropout."""
    from onnx import TensorProto, checker, helper, numpy_helper

    constants = {**_lstm_constants(tensors), **_other_constants(tensors)}
    graph = helper.make_graph(
        _nodes(hidden),
        "starter",
        [
            helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["steps", "n", dimensions]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["n"]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 6])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def _lstm_constants(tensors: _Tensors) -> dict[str, NDArray[np.float32]]:
    """ONNX orders the gates input, output, forget, cell; torch input, forget, cell, output."""
    ways = ("onward", "backward_")
    biases = [np.concatenate([_gates(tensors[f"{way}.bias_{part}_l0"]) for part in ("ih", "hh")]) for way in ways]
    return {
        "input_weights": np.stack([_gates(tensors[f"{way}.weight_ih_l0"]) for way in ways]),
        "state_weights": np.stack([_gates(tensors[f"{way}.weight_hh_l0"]) for way in ways]),
        "lstm_bias": np.stack(biases),
    }


def _gates(stacked: NDArray[np.float32]) -> NDArray[np.float32]:
    entry, forget, cell, output = np.split(stacked, 4)
    return np.concatenate([entry, output, forget, cell])


def _other_constants(tensors: _Tensors) -> dict[str, NDArray[Any]]:
    return {
        "dense_weights": tensors["dense.weight"],
        "dense_bias": tensors["dense.bias"],
        "out_weights": tensors["out.weight"],
        "out_bias": tensors["out.bias"],
        "first": np.array(0, np.int64),
        "one": np.array(1, np.int64),
        "to_steps": np.array([-1, 1, 1, 1], np.int64),
        "to_texts": np.array([1, 1, -1, 1], np.int64),
        "to_column": np.array([-1, 1], np.int64),
        "step_axis": np.array([0], np.int64),
        "merged": np.array([0, -1], np.int64),
        "very_low": np.array(-1e4, np.float32),
    }


def _nodes(hidden: int) -> Sequence[Any]:
    from onnx import TensorProto, helper

    def node(kind: str, inputs: str, output: str, **settings: Any) -> Any:
        return helper.make_node(kind, inputs.split(), [output], **settings)

    lstm_inputs = "vectors input_weights state_weights lstm_bias lengths"
    return [
        # [steps, 2, n, hidden]: what is long is reduced before anything is moved.
        node("LSTM", lstm_inputs, "states", direction="bidirectional", hidden_size=hidden),
        node("Shape", "vectors", "sizes", start=0, end=1),
        node("Squeeze", "sizes", "steps"),
        node("Range", "first steps one", "place"),
        node("Reshape", "place to_steps", "places"),
        node("Cast", "lengths", "long_lengths", to=TensorProto.INT64),
        node("Reshape", "long_lengths to_texts", "text_lengths"),
        node("Less", "places text_lengths", "inside"),
        node("Where", "inside states very_low", "shown"),
        node("ReduceMax", "shown", "largest_by_way", axes=[0], keepdims=0),
        node("ReduceSum", "states step_axis", "sum_by_way", keepdims=0),
        node("Transpose", "largest_by_way", "largest_by_text", perm=[1, 0, 2]),
        node("Transpose", "sum_by_way", "sum_by_text", perm=[1, 0, 2]),
        node("Reshape", "largest_by_text merged", "largest"),
        node("Reshape", "sum_by_text merged", "sum"),
        node("Reshape", "long_lengths to_column", "row_lengths"),
        node("Cast", "row_lengths", "float_lengths", to=TensorProto.FLOAT),
        node("Div", "sum float_lengths", "mean"),
        node("Concat", "largest mean", "pooled", axis=1),
        node("Gemm", "pooled dense_weights dense_bias", "dense", transB=1),
        node("Relu", "dense", "active"),
        node("Gemm", "active out_weights out_bias", "logits", transB=1),
    ]
