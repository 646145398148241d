#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""JAX on the CPU, held to a conformance kit, forward and by automatic differentiation.

    bench/suite_jax.py --poolgrad build/poolgrad [--size standard]

JAX pools by lax.reduce_window. A maximum is one call; an average divides a sum by the number of taps, a norm is the
root of a sum of squares, compiled as one function each. Gathers and gradients from indices are jnp.take_along_axis and its
derivative. Needs JAX and numpy.
"""
import math

from conform import need, numpy
from suite_kit import Foreign, Steps, apart, main, regular, room

jax = need("jax")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
jnp, lax = jax.numpy, jax.lax

NAMES = {"float32": jnp.float32, "float64": jnp.float64, "float16": jnp.float16, "bfloat16": jnp.bfloat16}


def entered(array, name):
    array = numpy.ascontiguousarray(array)
    return jnp.asarray(array.view(jnp.bfloat16.dtype) if name == "bfloat16" else array)


def array_of(x):
    x = numpy.asarray(x)
    return x.view(numpy.uint16) if x.dtype.name == "bfloat16" else x


def windows(case, x, first, combine):
    """lax.reduce_window over all that windows reach. Taps outside are `first` where they do not compete as zeros."""
    axes = regular(case.axes)
    slices, pads = room(axes)
    x, pads = x[(..., *slices)], ((0, 0), (0, 0), *pads)
    if combine is lax.max and not case.clamp:
        x, pads = jnp.pad(x, pads), ((0, 0),) * x.ndim
    whole = lambda name: (1, 1, *(getattr(axis, name) for axis in axes))
    return lax.reduce_window(x, numpy.asarray(first, x.dtype), combine, whole("kernel"), whole("stride"), pads,
                             window_dilation=whole("dilation"))


def average(case, x):
    # A window without taps has the sum 0, which stays.
    return windows(case, x, 0, lax.add) / jnp.asarray(numpy.where(case.divisors() == 0, 1, case.divisors()), x.dtype)


OPERATORS = {
    "max": lambda case, x: windows(case, x, -math.inf, lax.max),
    "average": average,
    "l2norm": lambda case, x: jnp.sqrt(windows(case, x * x, 0, lax.add)),
    "root-mean": lambda case, x: jnp.sqrt(average(case, x * x)),
}


def gathered(x, places):
    """The elements at places in the volume; +0 where there is none."""
    flat = x.reshape(*x.shape[:2], -1)
    at = jnp.asarray(places.reshape(*places.shape[:2], -1).astype(numpy.int64))
    taken = jnp.take_along_axis(flat, jnp.maximum(at, 0), axis=2)
    return jnp.where(at < 0, jnp.zeros((), x.dtype), taken).reshape(places.shape)


def selected(steps):
    """A gradient by select_and_scatter: a tap stays selected while it is at least the next, which a NaN never is."""
    return steps.scattered((window, place) for window, _, place, _ in steps.folded(numpy.greater_equal))


class Jax:
    title = f"JAX {jax.__version__}"
    formats = tuple(NAMES)

    def compute(self, case):
        function = lambda x: OPERATORS[case.kind](case, x)
        if "indices" in case.files:
            places = case.read("indices")
            function = lambda x: gathered(x, places)
        try:
            return self.result(case, function)
        except (NotImplementedError, ValueError, TypeError) as error:
            raise Foreign("refused: " + str(error).splitlines()[0].split(",")[0][:60]) from error

    def result(self, case, function):
        x = entered(case.read("source"), case.format)
        if not case.gradient:
            return array_of(jax.jit(function)(x))
        g = entered(case.read("source_gradient"), case.format)
        dx = jax.jit(lambda x, g: jax.vjp(function, x)[1](g)[0])(x, g)
        return array_of(dx if "before" not in case.files else entered(case.read("before"), case.format) + dx)

    def declare(self, case):
        """XLA flushes subnormal numbers on the CPU; functions of 16-bit arrays say that every step has 16 bits."""
        narrow = case.format in ("float16", "bfloat16")
        return ["--subnormals=flushed", *([f"--computed-in={case.format}"] if narrow else [])]

    def explain(self, case, result, places):
        if case.kind == "max" and case.gradient:
            same = apart(result, selected(Steps(case, case.format)), case.format) == 0
            return "a number behind a NaN gets the gradient" if same else None
        if case.kind == "l2norm" and case.gradient and case.format in ("float32", "float64"):
            with numpy.errstate(all="ignore"):
                near = Steps(case, case.format).near(result, 4 * numpy.finfo(result.dtype).eps)
                return "lax.rsqrt 2 ulps off" if near else None
        return None


if __name__ == "__main__":
    main(Jax(), __doc__)
