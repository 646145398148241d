#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds poolgrad to the pooling cases that the onnx package carries for backends.

    bench/conform_onnx.py --poolgrad build/release/poolgrad

All of onnx.backend.test: releases that keep the cases as files, such as 1.17, and later ones that make them. Pooling
nodes are MaxPool with its indices, AveragePool, LpPool, GlobalMaxPool, GlobalAveragePool, GlobalLpPool and MaxUnpool.
Maxima and indices have to be the same bits; where the bits of a sum differ, `poolgrad verify` has to accept what is
expected, or the expectation has been printed with few digits. Needs onnx and numpy.
"""
import glob
import math
import os
import sys
import warnings
from dataclasses import dataclass, replace

from conform import (REPEATED, Axis, Poolgrad, Refused, Report, arguments, judge, kept_or_added, need, numpy, same_bits,
                     source_size, words)

POOLING = ("MaxPool", "AveragePool", "LpPool", "GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool", "MaxUnpool")
RUNTIME_SAME = "SAME as ONNX Runtime has it"
WINDOW = ("kernel_shape", "strides", "dilations")
AROUND = ("Unsqueeze", "Squeeze")  # what a 1-D layer is exported with


@dataclass
class Node:
    """A pooling node, its inputs, and what comes of it."""
    name: str
    op: str
    attributes: dict
    inputs: list
    outputs: list
    rtol: float = 0  # of an expectation that may be printed with few digits
    runtime: bool = False  # ONNX Runtime's; its MaxUnpool has indices through the result, not through the size that the
    # attributes say


# ---- Geometry --------------------------------------------------------------------------------------------------------

def pads_of(node, size, runtime):
    """Pads before and behind of each axis. `runtime`: SAME as ONNX Runtime has it, whose pads do not know of dilation
    and may be negative."""
    count = len(size)
    kernel, strides, dilations = (node.attributes.get(key) or [1] * count for key in WINDOW)
    pads, auto = node.attributes.get("pads") or [0] * 2 * count, node.attributes.get("auto_pad", "NOTSET")
    if not auto.startswith("SAME"):
        return [(0, 0)] * count if auto == "VALID" else list(zip(pads[:count], pads[count:]))
    found = []
    for a in range(count):
        extent = kernel[a] if runtime else (kernel[a] - 1) * dilations[a] + 1
        total = (-(-size[a] // strides[a]) - 1) * strides[a] + extent - size[a]
        total = total if runtime else max(total, 0)
        half = int((total + (auto == "SAME_LOWER")) / 2)
        found.append((half, total - half))
    return found


def axes_of(node, size, windows, runtime=False):
    """The axes of a pooling node from its attributes; sizes of the result are those expected."""
    count = len(size)
    if node.op.startswith("Global"):
        return [Axis(s, 1, s) for s in size]
    kernel, strides, dilations = (node.attributes.get(key) or [1] * count for key in WINDOW)
    axes = []
    for a, (before, behind) in enumerate(pads_of(node, size, runtime)):
        counted = (max(before, 0), max(behind, 0)) if node.attributes.get("count_include_pad") else (0, 0)
        axes.append(Axis(size[a], windows[a], kernel[a], strides[a], dilations[a], before, counted))
    return axes


def kind_of(op):
    return "max" if "Max" in op else "average" if "Average" in op else "l2norm"


def dialect(node, dims):
    """The node's attributes as words of the onnx dialect; a global node has a window of the whole plane."""
    said = ["--dialect=onnx", f"--dimensions={dims}"]
    attributes = dict(node.attributes)
    if node.op.startswith("Global"):
        attributes = {"kernel_shape": node.inputs[0].shape[2:]}
    for key, value in attributes.items():
        if key != "storage_order":  # places are read and written by rows: `flattened` turns them
            text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            said.append(f"--{key}={text}")
    return said


# ---- Indices ---------------------------------------------------------------------------------------------------------

def flattened(picks, shape, column_major):
    """Places in a plane as ONNX's indices: through the whole tensor, row-major or column-major in a plane."""
    size = shape[2:]
    plane = math.prod(size)
    if column_major:
        at = numpy.unravel_index(picks.ravel(), size)
        picks = numpy.ravel_multi_index(at[::-1], size[::-1]).reshape(picks.shape)
    first = numpy.arange(shape[0] * shape[1]).reshape(shape[0], shape[1], *[1] * len(size))
    return (picks + first * plane).astype(numpy.int64)


# ---- One node --------------------------------------------------------------------------------------------------------

def near(ours, theirs):
    """Within four units of float32."""
    return ours.shape == theirs.shape and numpy.allclose(ours, theirs, rtol=2 ** -21, atol=0)


class Held:
    """A node in poolgrad's words or ONNX's, compared with what is expected."""

    def __init__(self, report, poolgrad, node, said):
        self.report, self.poolgrad, self.node, self.said = report, poolgrad, node, said
        x = node.inputs[0]
        self.operator = f"{node.op} {x.ndim - 2}d"
        self.source = x.astype(numpy.float32) if x.dtype.kind in "iu" else x
        if x.dtype.kind in "iu":
            report.note(f"{x.dtype}: the same numbers in float32")

    def options(self, size, windows):
        arrays = {}
        axes = axes_of(self.node, size, windows)
        said = words(axes, arrays) if self.said == "own" else dialect(self.node, len(size))
        return [f"--kind={kind_of(self.node.op)}", *said], axes

    def expected(self, output):
        return output.astype(numpy.float32) if output.dtype.kind in "iu" else output

    def few_digits(self, ours, expected):
        """Whether the expectation is a number of at most four decimals, and ours is near."""
        printed = self.node.rtol and numpy.allclose(numpy.round(expected.astype(float), 4), expected, rtol=1e-6, atol=0)
        return printed and numpy.allclose(ours, expected, rtol=self.node.rtol, atol=1e-7)

    def runtime_same(self, expected):
        """Whether ONNX Runtime's SAME explains the result. Its averages end where a negative pad behind ends the image;
        its other windows go on."""
        if not self.node.runtime or not self.node.attributes.get("auto_pad", "").startswith("SAME"):
            return False
        size = self.source.shape[2:]
        axes, source = axes_of(self.node, size, expected.shape[2:], runtime=True), self.source
        if self.node.op == "AveragePool":
            ends = [s + min(behind, 0) for s, (_, behind) in zip(size, pads_of(self.node, size, True))]
            axes = [replace(axis, size=end) for axis, end in zip(axes, ends)]
            source = numpy.ascontiguousarray(source[(..., *(slice(end) for end in ends))])
        options = [f"--kind={kind_of(self.node.op)}", *words(axes, {})]
        if same_bits(self.poolgrad.forward(options, source=source), expected):
            return True
        return kind_of(self.node.op) != "max" and self.poolgrad.verify(options, source=source, actual=expected)[0]

    def whole_divisor(self, expected):
        """Whether dividing by all taps of a window, also by those behind the padding, explains an average."""
        if not (self.node.attributes.get("count_include_pad") and self.node.attributes.get("ceil_mode")):
            return False
        arrays = {}
        axes = axes_of(self.node, self.source.shape[2:], expected.shape[2:])
        options = ["--kind=average", "--edge-mode=zero", *words([replace(a, counted=(0, 0)) for a in axes], arrays)]
        return self.poolgrad.verify(options, source=self.source, actual=expected)[0]

    def pooled(self):
        size, windows = self.source.shape[2:], self.node.outputs[0].shape[2:]
        options, _ = self.options(size, windows)
        expected = self.expected(self.node.outputs[0])
        if len(self.node.outputs) > 1:
            ours, picks = self.poolgrad.forward(options + ["--picks-format=int64"], True, source=self.source)
            indices = flattened(picks, self.source.shape, self.node.attributes.get("storage_order", 0))
            judge(self.report, self.poolgrad, self.operator + " indices", self.node.name, indices, self.node.outputs[1],
                  [(RUNTIME_SAME, lambda: self.runtime_same(expected))])
        else:
            ours = self.poolgrad.forward(options, source=self.source)
        accepted = lambda *say: lambda: self.poolgrad.verify([*options, *say], source=self.source, actual=expected)[0]
        legal = [("accepted by verify", accepted()),
                 ("expectation of few digits", lambda: self.few_digits(ours, expected)),
                 ("counts taps behind the padding, as later releases do not", lambda: self.whole_divisor(expected))]
        if expected.dtype == numpy.float16:
            legal.insert(1, ("accepted by verify: sums kept in float16", accepted("--computed-in=float16")))
        if self.node.runtime and "Lp" in self.node.op:
            legal.append(("near: powers by pow, in float32", lambda: near(ours, expected)))
        legal = legal if kind_of(self.node.op) != "max" else []
        legal.append((RUNTIME_SAME, lambda: self.runtime_same(expected)))
        judge(self.report, self.poolgrad, self.operator, self.node.name, ours, expected, legal)

    def unpooled(self):
        """MaxUnpool is the gradient from indices; they count through the size that its attributes say."""
        y, indices = self.node.inputs[:2]
        expected = self.node.outputs[0]
        kernel, count = self.node.attributes["kernel_shape"], y.ndim - 2
        strides = self.node.attributes.get("strides") or [1] * count
        pads = self.node.attributes.get("pads") or [0] * 2 * count
        said = [(n - 1) * s + k - pads[a] - pads[a + count]
                for a, (n, s, k) in enumerate(zip(y.shape[2:], strides, kernel))]
        if self.node.runtime:
            said = expected.shape[2:]
        at = numpy.unravel_index(indices.ravel() % math.prod(said), said)
        places = numpy.ravel_multi_index(at, expected.shape[2:]).reshape(indices.shape).astype(numpy.int64)
        size = expected.shape[2:]
        options, axes = self.options(size, y.shape[2:])
        ours = self.poolgrad.gradient(options + source_size(axes), indices=places, source_gradient=y)
        legal = [(REPEATED, lambda: kept_or_added(y, places, ours, expected))]
        judge(self.report, self.poolgrad, self.operator, self.node.name, ours, expected, legal)

    def other_power(self, power):
        """LP of another power than 2 is refused, by ONNX's word for it."""
        if self.said == "own":
            return
        try:
            self.pooled()
        except Refused as error:
            named = f"--p is {power}" in str(error) or f"p is {power}" in str(error)
            name = f"LP of power {power}: refused" if named else "WRONG sentence"
            self.report.add(self.operator, name, self.node.name, str(error))

    def run(self):
        power = self.node.attributes.get("p", 2)
        if "Lp" in self.node.op and power != 2:
            self.other_power(power)
            return
        try:
            if self.node.op == "MaxUnpool":
                self.unpooled()
            else:
                self.pooled()
        except Refused as error:
            self.report.add(self.operator, "WRONG refused", self.node.name, f"{error}\n    {self.poolgrad.line}")


# ---- The package's cases ---------------------------------------------------------------------------------------------

def load(onnx, case):
    """A case's model, and its sets of inputs and outputs as arrays."""
    if case.model is not None:
        return case.model, case.data_sets
    model = onnx.load(os.path.join(case.model_dir, "model.onnx"))

    def arrays(folder, what):
        count = len(glob.glob(os.path.join(folder, what + "_*.pb")))
        return [onnx.numpy_helper.to_array(onnx.load_tensor(os.path.join(folder, f"{what}_{i}.pb")))
                for i in range(count)]
    folders = sorted(glob.glob(os.path.join(case.model_dir, "test_data_set_*")))
    return model, [(arrays(folder, "input"), arrays(folder, "output")) for folder in folders]


def attributes(onnx, node):
    values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return {key: value.decode() if isinstance(value, bytes) else value for key, value in values.items()}


def nodes(onnx):
    """Pooling nodes of all kinds of cases; an exported 1-D layer is the 2-D node that it is made of."""
    from onnx.backend.test.loader import load_model_tests
    for kind in ("node", "pytorch-converted", "pytorch-operator", "simple"):
        for case in sorted(load_model_tests(kind=kind), key=lambda case: case.name):
            if "pool" not in case.name.lower():
                continue
            model, data = load(onnx, case)
            pools = [node for node in model.graph.node if node.op_type in POOLING]
            around = [node for node in model.graph.node if node.op_type in AROUND]
            if len(pools) != 1 or len(pools) + len(around) != len(model.graph.node):
                yield case.name
                continue
            for inputs, outputs in data:
                inputs, outputs = [numpy.asarray(a) for a in inputs], [numpy.asarray(a) for a in outputs]
                if around:  # N x C x W became N x C x 1 x W or N x C x W x 1
                    values = attributes(onnx, pools[0])
                    axis = 2 + values["kernel_shape"].index(1)
                    inputs, outputs = ([numpy.expand_dims(a, axis) for a in arrays] for arrays in (inputs, outputs))
                yield Node(case.name, pools[0].op_type, attributes(onnx, pools[0]), inputs, outputs, case.rtol)


def main():
    parser = arguments(__doc__, 0)
    parser.add_argument("--words", default="own,onnx", help="own, onnx (the dialect), or both (%(default)s)")
    chosen = parser.parse_args()
    onnx = need("onnx")
    warnings.simplefilter("ignore")
    report = Report(f"onnx {onnx.__version__}", chosen.shown)
    with Poolgrad(chosen.poolgrad) as poolgrad:
        for node in nodes(onnx):
            if isinstance(node, str):
                report.note(f"{node}: more than a pooling node, left out")
                continue
            for said in chosen.words.split(","):
                Held(report, poolgrad, node, said).run()
    sys.exit(report.end())


if __name__ == "__main__":
    main()
