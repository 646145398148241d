#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds poolgrad to ONNX Runtime's pooling nodes (on the CPU) over random attributes.

    bench/conform_onnxruntime.py --poolgrad build/release/poolgrad [--cases 1000] [--seed 1] [--operator NAME]...

Nodes are MaxPool with its indices, AveragePool, LpPool of power 2, the global ones and MaxUnpool; in one to three
dimensions, with strides, dilations, pads of each side, ceil_mode, auto_pad, count_include_pad and storage_order. They
are compared as bench/conform_onnx.py compares the onnx package's. Needs ONNX Runtime, onnx and numpy.
"""
import re
import sys

from conform import Poolgrad, Report, arguments, need, numpy
from conform_onnx import Held, Node

onnx, runtime = need("onnx", "onnxruntime")
OPERATORS = ("MaxPool", "AveragePool", "LpPool", "GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool", "MaxUnpool")
OPSET = 21


def drawn(rng, op, dims):
    """Attributes and a source."""
    draw = lambda low, high: [int(v) for v in rng.integers(low, high + 1, dims)]
    kernel, strides = draw(1, (5, 4, 3)[dims - 1]), draw(1, 4)
    dilations = draw(1, 3) if rng.random() < 0.4 and op != "MaxUnpool" else [1] * dims
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    size = [e + int(rng.integers(0, (30, 10, 6)[dims - 1])) for e in extents]
    attributes = {"kernel_shape": kernel, "strides": strides}
    if op != "MaxUnpool":
        attributes["dilations"] = dilations
    auto = str(rng.choice(["NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    if auto == "NOTSET" or op == "MaxUnpool":
        attributes["pads"] = [int(rng.integers(0, k)) for k in kernel + kernel]
    else:
        attributes["auto_pad"] = auto
    if op in ("MaxPool", "AveragePool", "LpPool") and auto == "NOTSET":
        attributes["ceil_mode"] = int(rng.integers(0, 2))
    if op == "AveragePool":
        attributes["count_include_pad"] = int(rng.integers(0, 2))
    if op == "MaxPool":
        attributes["storage_order"] = int(rng.integers(0, 2))
    return attributes, size


def model_of(op, attributes, inputs, outputs):
    named = [f"x{i}" for i in range(len(inputs))]
    results = [f"y{i}" for i in range(outputs)]
    node = onnx.helper.make_node(op, named, results, **attributes)
    kind = lambda a: onnx.helper.np_dtype_to_tensor_dtype(a.dtype)
    types = [kind(inputs[0]), onnx.TensorProto.INT64]
    graph = onnx.helper.make_graph(
        [node], "pool", [onnx.helper.make_tensor_value_info(n, kind(a), a.shape) for n, a in zip(named, inputs)],
        [onnx.helper.make_tensor_value_info(n, t, [None] * inputs[0].ndim) for n, t in zip(results, types)])
    opset = [onnx.helper.make_opsetid("", OPSET)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


def computed(op, attributes, inputs):
    settings = runtime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = 1
    model = model_of(op, attributes, inputs, 2 if op == "MaxPool" else 1)
    session = runtime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    return session.run(None, {f"x{i}": a for i, a in enumerate(inputs)})


def node_of(op, dims, seed):
    """A node with what ONNX Runtime makes of it."""
    rng = numpy.random.default_rng(seed)
    attributes, size = drawn(rng, op, dims)
    shape = (int(rng.integers(1, 3)), int(rng.integers(1, 4)), *size)
    ties = op == "MaxPool" and rng.random() < 0.5
    dtype = (numpy.float32, numpy.float64, numpy.float16)[rng.choice(3, p=[0.8, 0.1, 0.1])]
    x = (rng.integers(-4, 5, shape) if ties else rng.standard_normal(shape)).astype(dtype)
    if op == "MaxPool" and rng.random() < 0.2:
        x = rng.integers(0, 256, shape).astype(numpy.uint8)
    if op.startswith("Global"):
        attributes = {}
    inputs = [x]
    if op == "MaxUnpool":
        y, indices = computed("MaxPool", attributes, [x])
        attributes = {key: attributes[key] for key in ("kernel_shape", "strides", "pads")}
        inputs = [rng.standard_normal(y.shape).astype(dtype), indices, numpy.array(shape, numpy.int64)]
    name = f"seed {seed}: {op} {attributes} {x.shape}"
    return Node(name, op, attributes, inputs, computed(op, attributes, inputs), runtime=True)


def reason(error):
    """What a refusal says, without the numbers of its case."""
    return re.sub(r"[0-9]+", "#", str(error).splitlines()[0].split(" : ")[-1])[:90]


def main():
    parser = arguments(__doc__, 1000)
    parser.add_argument("--operator", action="append", choices=OPERATORS, help="this one only")
    parser.add_argument("--words", default="own,onnx", help="own, onnx (the dialect), or both (%(default)s)")
    chosen = parser.parse_args()
    report = Report(f"ONNX Runtime {runtime.__version__}", chosen.shown)
    with Poolgrad(chosen.poolgrad) as poolgrad:
        for op in chosen.operator or OPERATORS:
            for number in range(chosen.cases):
                dims = 1 + number % 3
                try:
                    node = node_of(op, dims, chosen.seed + number)
                except Exception as error:  # the runtime's own classes, which differ from release to release
                    report.note(f"ONNX Runtime refuses {op} {dims}d: {reason(error)}")
                    continue
                for said in chosen.words.split(","):
                    Held(report, poolgrad, node, said).run()
    sys.exit(report.end())


if __name__ == "__main__":
    main()
