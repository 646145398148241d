#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime's pooling on the CPU, held to a conformance kit.

    bench/suite_onnxruntime.py --poolgrad build/poolgrad [--size standard]

Each case is a model with one of the nodes MaxPool, AveragePool, LpPool, GatherElements and ScatterElements, the graph's
optimisation off; where pads are more than a node takes, behind a Pad node. ONNX Runtime's wheels have no gradients but
those from indices, which ScatterElements adds up. Needs ONNX Runtime, onnx and numpy.
"""
from conform import need, numpy
from suite_kit import Foreign, main, regular, room, unpadded

onnx, runtime = need("onnx", "onnxruntime")
OPSET = 21
NAMES = ("float32", "float64", "float16")


class Graph:
    """Nodes one behind the other; a constant is an initializer."""

    def __init__(self, x):
        self.x, self.nodes, self.constants, self.last = x, [], [], "x"

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def add(self, op, *inputs, outputs=1, **attributes):
        """A node that reads what the last one wrote, and these."""
        names = [f"y{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(onnx.helper.make_node(op, [self.last, *inputs], names, **attributes))
        self.last, self.outputs = names[0], names
        return names

    def run(self):
        kinds = [onnx.helper.np_dtype_to_tensor_dtype(self.x.dtype), onnx.TensorProto.INT64]
        value = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            self.nodes, "pool", [value("x", kinds[0], self.x.shape)],
            [value(name, kind, [None] * self.x.ndim) for name, kind in zip(self.outputs, kinds)], self.constants)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=10)
        settings = runtime.SessionOptions()
        settings.log_severity_level, settings.intra_op_num_threads = 4, 1
        settings.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = runtime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
        return session.run(None, {"x": self.x})


def listed(axes, name):
    return [getattr(axis, name) for axis in axes]


def attributes(axes, pads):
    """The windows of a node; what they lack behind the image is padding, so that no ceil_mode is needed."""
    return {"kernel_shape": listed(axes, "kernel"), "strides": listed(axes, "stride"),
            "dilations": listed(axes, "dilation"), "pads": [p[0] for p in pads] + [p[1] for p in pads]}


def cut(graph, axes):
    """The image without the pixels that no window reaches before and behind; the pads that are left."""
    slices, pads = room(axes)
    if any(s != slice(0, axis.size) for s, axis in zip(slices, axes)):
        numbers = ([s.start for s in slices], [s.stop for s in slices], range(2, 2 + len(axes)))
        graph.add("Slice", *(graph.constant(numpy.array(list(n), numpy.int64)) for n in numbers))
    return pads


def padded(graph, pads, value):
    around = [0, 0, *(p[0] for p in pads), 0, 0, *(p[1] for p in pads)]
    graph.add("Pad", graph.constant(numpy.array(around, numpy.int64)),
              graph.constant(numpy.array(value, graph.x.dtype)))
    return [(0, 0)] * len(pads)


def fits(axes, pads):
    """Whether a node takes these pads."""
    return all(max(pad) < axis.kernel for axis, pad in zip(axes, pads))


def maximum(case, graph, axes):
    pads = cut(graph, axes)
    if not (case.clamp and fits(axes, pads)):
        pads = padded(graph, pads, -numpy.inf if case.clamp else 0)
        filled = axes
    else:
        filled = None
    graph.add("MaxPool", outputs=2, **attributes(axes, pads))
    y, places = graph.run()
    # ONNX counts through the whole tensor.
    slices, around = room(axes)
    sizes = [s.stop - s.start + (sum(pad) if filled else 0) for s, pad in zip(slices, around)]
    places = places % numpy.prod(sizes) if numpy.prod(sizes) else places
    if not filled:
        at = numpy.unravel_index(places, sizes)
        full = [axis.size for axis in axes]
        return y, numpy.ravel_multi_index([i + s.start for i, s in zip(at, slices)], full)
    return y, unpadded(places, axes)


def mean(case, graph, axes):
    pads = cut(graph, axes)
    if case.divisor:
        raise Foreign("a divisor of the caller's")
    include = 0
    counted = [axis.counted for axis in axes]
    if not case.clamp:
        pads, include = padded(graph, pads, 0), 1
    elif any(map(any, counted)):
        if counted != pads:
            raise Foreign("counted padding that is a part of the padding")
        include = 1
    if not fits(axes, pads):
        raise Foreign("padding of a whole window, which does not count")
    graph.add("AveragePool", count_include_pad=include, **attributes(axes, pads))


def norm(graph, axes):
    pads = cut(graph, axes)
    pads = pads if fits(axes, pads) else padded(graph, pads, 0)
    graph.add("LpPool", p=2, **attributes(axes, pads))


class OnnxRuntime:
    title = f"ONNX Runtime {runtime.__version__}"
    formats = NAMES

    def compute(self, case):
        if case.gradient and "indices" not in case.files:
            raise Foreign("gradients, which the runtime lacks")
        if "before" in case.files:
            raise Foreign("gradients that are added")
        try:
            return self.result(case)
        except Foreign:
            raise
        except Exception as error:  # the runtime's own classes, which differ from release to release
            raise Foreign("refused: " + str(error).splitlines()[0].split(" : ")[-1][:70]) from error

    def result(self, case):
        graph = Graph(numpy.ascontiguousarray(case.read("source_gradient" if case.gradient else "source")))
        if "indices" in case.files:
            return self.moved(case, graph)
        axes = regular(case.axes)
        if case.kind == "max":
            y, places = maximum(case, graph, axes)
            return (y, places) if case.wants_places else y
        if case.kind == "l2norm":
            norm(graph, axes)
        elif case.kind == "average":
            mean(case, graph, axes)
        else:
            graph.add("Mul", "x")
            mean(case, graph, axes)
            graph.add("Sqrt")
        return graph.run()[0]

    def moved(self, case, graph):
        """A gather, or a gradient from indices; indices of none meet a pixel behind the image."""
        places, x = case.read("indices").astype(numpy.int64), graph.x
        flat = lambda a: numpy.ascontiguousarray(a.reshape(*a.shape[:2], -1))
        sizes = case.sides("source")
        pixels = int(numpy.prod(sizes))
        at = flat(numpy.where(places < 0, pixels, places))
        if case.gradient:
            graph.x = flat(x)
            zeros = numpy.zeros((*x.shape[:2], pixels + 1), x.dtype)
            graph.last = graph.constant(zeros)
            graph.add("ScatterElements", graph.constant(at), "x", axis=2, reduction="add")
            return graph.run()[0][..., :pixels].reshape(*x.shape[:2], *sizes)
        graph.x = numpy.concatenate([flat(x), numpy.zeros((*x.shape[:2], 1), x.dtype)], axis=2)
        graph.add("GatherElements", graph.constant(at), axis=2)
        return graph.run()[0].reshape(places.shape)

    def declare(self, case):
        return []

    def explain(self, case, result, places):
        return None


if __name__ == "__main__":
    main(OnnxRuntime(), __doc__)
