#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds poolgrad to JAX's windows (jax.lax.reduce_window, on the CPU) over random geometries.

    bench/conform_jax.py --poolgrad build/release/poolgrad [--cases 400] [--seed 1] [--operator NAME]...

Operators are max, average as Flax's avg_pool has it (sum of a window, by all of its taps or by those inside) and the
L2-norm as a root of a sum of squares; in one to three dimensions, with pads as pairs, SAME and VALID, with dilated
windows, forward and by jax.vjp, in float32, float64, bfloat16 and float16. Maxima have to have the same bits; where
bits of a sum differ, `poolgrad verify` has to accept JAX's. Needs JAX and numpy.
"""
import math
import sys

from conform import Axis, Poolgrad, Refused, Report, arguments, judge, need, numpy, widened, words

jax = need("jax")
jax.config.update("jax_enable_x64", True)
lax, jnp = jax.lax, jax.numpy
FORMATS = ("float32", "float64", "bfloat16", "float16")


class Case:
    """A random geometry in JAX's words, and a tensor."""

    def __init__(self, seed, dims):
        self.seed, self.dims = seed, dims
        self.rng = rng = numpy.random.default_rng(seed)
        self.format = FORMATS[rng.choice(4, p=[0.7, 0.1, 0.1, 0.1])]
        draw = lambda low, high: [int(v) for v in rng.integers(low, high + 1, dims)]
        self.kernel, self.stride = draw(1, (5, 4, 3)[dims - 1]), draw(1, 4)
        self.dilation = draw(1, 3) if rng.random() < 0.3 else [1] * dims
        extents = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation)]
        self.size = [e + int(rng.integers(0, (30, 10, 6)[dims - 1])) for e in extents]
        way = rng.random()
        self.padding = "SAME" if way < 0.3 else "VALID" if way < 0.4 else [
            (int(rng.integers(0, e)), int(rng.integers(0, e))) for e in extents]
        self.shape = (int(rng.integers(1, 3)), int(rng.integers(1, 4)), *self.size)

    def pairs(self):
        if not isinstance(self.padding, str):
            return self.padding
        extents = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation)]
        return lax.padtype_to_pads(self.size, extents, self.stride, self.padding)

    def tensor(self, shape, ties=False):
        values = self.rng.integers(-4, 5, shape) if ties else self.rng.standard_normal(shape)
        return jnp.asarray(values, self.format)

    def window(self, x, start, operation):
        ones = (1, 1)
        return lax.reduce_window(x, jnp.asarray(start, x.dtype), operation, ones + tuple(self.kernel),
                                 ones + tuple(self.stride), [(0, 0), (0, 0), *self.pairs()],
                                 window_dilation=ones + tuple(self.dilation))

    def axes(self, y):
        return [Axis(*line) for line in zip(self.size, y.shape[2:], self.kernel, self.stride, self.dilation,
                                            (before for before, _ in self.pairs()))]

    def tensorflow(self):
        """The same in TensorFlow's words, where it has them."""
        listed = lambda values: ",".join(map(str, values))
        return ["--dialect=tensorflow", f"--dimensions={self.dims}", f"--ksize={listed(self.kernel)}",
                f"--strides={listed(self.stride)}", f"--padding={self.padding}"]


def array_of(x):
    x = numpy.asarray(x)
    return x.view(numpy.uint16) if x.dtype.name == "bfloat16" else x


# ---- Operators: what JAX computes, and poolgrad's options ------------------------------------------------------------

def maximum(case):
    return lambda x: case.window(x, -math.inf, lax.max), "max", []


def average_all(case):
    taps = math.prod(case.kernel)
    return lambda x: case.window(x, 0, lax.add) / jnp.asarray(taps, x.dtype), "average", ["--edge-mode=zero"]


def average_inside(case):
    return lambda x: case.window(x, 0, lax.add) / case.window(jnp.ones_like(x), 0, lax.add), "average", []


def norm(case):
    return lambda x: jnp.sqrt(case.window(x * x, 0, lax.add)), "l2norm", []


OPERATORS = {"max": maximum, "average_all": average_all, "average_inside": average_inside, "l2norm": norm}


class Held:
    """One operator on one case: what JAX makes of it, and poolgrad in each way of saying it."""

    def __init__(self, report, poolgrad, case, name):
        self.report, self.poolgrad, self.case, self.name = report, poolgrad, case, name
        function, self.kind, self.more = OPERATORS[name](case)
        self.title = f"{name} {case.dims}d"
        self.case_name = f"seed {case.seed} {case.format}"
        x = case.tensor(case.shape, ties=self.kind == "max")
        self.y, self.pullback = jax.vjp(function, x)
        self.source, self.result = array_of(x), array_of(self.y)
        self.differentiate()

    def differentiate(self):
        g = self.case.tensor(self.y.shape)
        self.g, self.dx = array_of(g), None
        try:
            self.dx = array_of(self.pullback(g)[0])
        except (NotImplementedError, ValueError, TypeError) as error:
            self.report.note(f"JAX has no gradient of {self.name}: {str(error).split(',')[0]}")

    def options(self, said):
        """None where TensorFlow has no words for the case."""
        if said == "own":
            return [f"--kind={self.kind}", *words(self.case.axes(self.y), {}), *self.more]
        plain = isinstance(self.case.padding, str) and set(self.case.dilation) == {1}
        spoken = plain and self.name in ("max", "average_inside")
        return [f"--kind={self.kind}", *self.case.tensorflow()] if spoken else None

    def formats(self, *names):
        return [f"--{name}-format=bfloat16" for name in names] if self.case.format == "bfloat16" else []

    def legal(self, options, ours, theirs, **arrays):
        """Classes of results that differ."""
        names = [name.replace("_", "-") for name in arrays] + ["actual"]
        options = options + self.formats(*names)
        accepted = lambda *say: lambda: self.poolgrad.verify([*options, *say], actual=theirs, **arrays)[0]
        found = [("windows of padding alone: -inf or 0/0, poolgrad +0", lambda: padding_alone(ours, theirs)),
                 ("accepted by verify", accepted())]
        if self.case.format in ("bfloat16", "float16"):
            found.append((f"accepted by verify: sums kept in {self.case.format}",
                          accepted("--computed-in=" + self.case.format)))
            found.append(("squares and sums in a narrow format", lambda: self.kind == "l2norm" and near(ours, theirs)))
        return found

    def run(self, said):
        options = self.options(said)
        if options is None:
            return
        ours = self.poolgrad.forward(options + self.formats("source"), source=self.source)
        legal = self.legal(options, ours, self.result, source=self.source)
        judge(self.report, self.poolgrad, self.title + " forward", self.case_name, ours, self.result,
              legal[:1] if self.kind == "max" else legal)
        if self.dx is None:
            return
        arrays = {"source": self.source, "source_gradient": self.g}
        ours = self.poolgrad.gradient(options + self.formats("source", "source-gradient"), **arrays)
        legal = self.legal(options, ours, self.dx, **arrays)
        judge(self.report, self.poolgrad, self.title + " gradient", self.case_name, ours, self.dx, legal[1:])


def padding_alone(ours, theirs):
    ours, theirs = widened(ours), widened(theirs)
    if ours.shape != theirs.shape:
        return False
    alone = (ours == 0) & ~numpy.isfinite(theirs)
    return bool(alone.any()) and numpy.allclose(ours[~alone], theirs[~alone], rtol=1e-2)


def near(ours, theirs):
    return numpy.allclose(widened(ours).astype(float), widened(theirs).astype(float), rtol=0.05, atol=0.05)


def main():
    parser = arguments(__doc__, 400)
    parser.add_argument("--operator", action="append", choices=OPERATORS, help="this one only")
    parser.add_argument("--words", default="own,tensorflow",
                        help="own, tensorflow (the dialect), or both (%(default)s)")
    chosen = parser.parse_args()
    report = Report(f"JAX {jax.__version__}", chosen.shown)
    with Poolgrad(chosen.poolgrad) as poolgrad:
        for name in chosen.operator or OPERATORS:
            for number in range(chosen.cases):
                held = Held(report, poolgrad, Case(chosen.seed + number, 1 + number % 3), name)
                for said in chosen.words.split(","):
                    try:
                        held.run(said)
                    except Refused as error:
                        report.add(name, "WRONG refused", held.case_name, f"{error}\n    {poolgrad.line}")
    sys.exit(report.end())


if __name__ == "__main__":
    main()
