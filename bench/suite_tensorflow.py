#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's pooling on the CPU, held to a conformance kit, forward and by automatic differentiation.

    bench/suite_tensorflow.py --poolgrad build/poolgrad [--size standard]

tf.nn.max_pool2d takes pads of each side, other operators SAME and VALID alone; where their pads are others, they stand
behind tf.pad. Dilated windows are tf.nn.pool. Places are tf.nn.max_pool_with_argmax. Roots of means are the root of an
average of squares. Gathers and gradients from indices are tf.gather and its derivative. Needs TensorFlow
and numpy.
"""
import itertools
import math
import os
import re

from conform import need, numpy, widened
from suite_kit import Foreign, Steps, apart, main, regular, room, unpadded

# Read when TensorFlow is loaded.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
tf = need("tensorflow")
MOST_WINDOWS = 6  # of a pixel, whose orders are all tried
BFLOAT16_LOWEST = -3.3895313892515355e38
NAMES = {"float32": tf.float32, "float64": tf.float64, "float16": tf.float16, "bfloat16": tf.bfloat16}


def entered(array, name):
    """Channels last: most of these operators know no other order on the CPU."""
    array = numpy.ascontiguousarray(numpy.moveaxis(array, 1, -1))
    return tf.constant(array.view(tf.bfloat16.as_numpy_dtype) if name == "bfloat16" else array)


def left(x):
    x = numpy.moveaxis(x.numpy(), -1, 1)
    return numpy.ascontiguousarray(x).view(numpy.uint16) if x.dtype.name == "bfloat16" else x


def listed(axes, name):
    return [getattr(axis, name) for axis in axes]


def same(axes):
    """Whether SAME places these windows."""
    for axis in axes:
        total = max((axis.windows - 1) * axis.stride + axis.extent - axis.size, 0)
        if axis.windows != -(-axis.size // axis.stride) or axis.before != total // 2 or axis.dilation != 1:
            return False
    return True


def cut(x, axes):
    """The image without the pixels that no window reaches before and behind; the pads that are left."""
    slices, pads = room(axes)
    whole = all(s == slice(0, axis.size) for s, axis in zip(slices, axes))
    return (x if whole else x[(slice(None), *slices)]), pads


def padded(x, pads, value):
    return tf.pad(x, [(0, 0), *pads, (0, 0)], constant_values=tf.cast(value, x.dtype))


def pool(x, axes, kind, padding="VALID"):
    kernel, stride, dilation = listed(axes, "kernel"), listed(axes, "stride"), listed(axes, "dilation")
    if set(dilation) == {1}:
        name = ("max" if kind == "MAX" else "avg") + f"_pool{len(axes)}d"
        return getattr(tf.nn, name)(x, kernel, stride, padding)
    return tf.nn.pool(x, kernel, kind, stride, padding, dilations=dilation)


def maximum(case, x, axes):
    if case.clamp and same(axes):
        return pool(x, axes, "MAX", "SAME")
    x, pads = cut(x, axes)
    plain = set(listed(axes, "dilation")) == {1} and len(axes) == 2
    if case.clamp and plain and all(max(pad) < axis.kernel for pad, axis in zip(pads, axes)):
        return tf.nn.max_pool2d(x, listed(axes, "kernel"), listed(axes, "stride"), [(0, 0), *pads, (0, 0)])
    return pool(padded(x, pads, -math.inf if case.clamp else 0), axes, "MAX")


def places_of(case, x, axes):
    """Where maxima of planes are."""
    filled, pads = cut(x, axes)
    filled = padded(filled, pads, -math.inf if case.clamp else 0)
    _, at = tf.nn.max_pool_with_argmax(filled, listed(axes, "kernel"), listed(axes, "stride"), "VALID")
    # They count channels within pixels.
    return unpadded(numpy.moveaxis(at.numpy(), -1, 1) // x.shape[-1], axes)


def average(case, x, axes):
    if case.divisor:
        raise Foreign("a divisor of the caller's")
    counted = [axis.counted for axis in axes]
    if case.clamp and not any(map(any, counted)):
        if same(axes):
            return pool(x, axes, "AVG", "SAME")
        x, pads = cut(x, axes)
        if any(map(any, pads)):
            raise Foreign("averages with other padding than SAME and VALID")
        return pool(x, axes, "AVG")
    x, pads = cut(x, axes)
    if case.clamp and counted != pads:
        raise Foreign("counted padding that is a part of the padding")
    return pool(padded(x, pads, 0), axes, "AVG")


OPERATORS = {
    "max": maximum,
    "average": average,
    "root-mean": lambda case, x, axes: tf.sqrt(average(case, x * x, axes)),
}


def gathered(x, places):
    """The elements at places in the volume; +0 where there is none."""
    flat = tf.reshape(x, (x.shape[0], -1, x.shape[-1]))
    at = numpy.moveaxis(places, 1, -1).reshape(places.shape[0], -1, places.shape[1]).astype(numpy.int64)
    taken = tf.gather(tf.transpose(flat, (0, 2, 1)), numpy.maximum(at, 0).transpose(0, 2, 1), batch_dims=2, axis=2)
    taken = tf.where(tf.constant(at < 0), tf.zeros((), x.dtype), tf.transpose(taken, (0, 2, 1)))
    return tf.reshape(taken, (places.shape[0], *places.shape[2:], places.shape[1]))


def every_maximum(steps):
    """A gradient that each tap gets that equals its window's maximum, the greatest number from the lowest one on.
    Windows are visited column by column."""
    keeps = lambda best, tap: ~(best < tap)
    lowest = numpy.float32(BFLOAT16_LOWEST) if steps.name == "bfloat16" else numpy.finfo(steps.source.dtype).min

    def equals():
        for window, best, _, taps in sorted(steps.folded(keeps, lowest), key=lambda fold: fold[0][::-1]):
            yield from ((window, numpy.where(tap == best, pixel, -1)) for pixel, tap in taps)
    return steps.scattered(equals())


def stored(steps, result):
    """Whether each pixel is a sum of float32's quotients in some order, rounded to bfloat16 at each addition."""
    shares = steps.gradient / steps.case.divisors().astype(numpy.float32)
    lists = {}
    for window, at in steps.taps():
        for pixel in itertools.product(*(axis.ravel() for axis in at)):
            lists.setdefault(pixel, []).append(shares[(..., *window)])
    for pixel, windows in lists.items():
        left = numpy.full(result.shape[:2], True)
        for order in itertools.permutations(windows) if len(windows) <= MOST_WINDOWS else ():
            total = numpy.zeros(result.shape[:2], numpy.float32)
            for share in order:
                total = steps.round(total + share)
            left &= total != result[(..., *pixel)]
            if not left.any():
                break
        if left.any():
            return False
    return True


class TensorFlow:
    title = f"TensorFlow {tf.__version__}"
    formats = tuple(NAMES)

    def compute(self, case):
        try:
            return self.result(case)
        except (tf.errors.OpError, ValueError, LookupError, NotImplementedError) as error:
            said = str(error).splitlines()[0]
            kernel = re.search(r"= (\w+)\[T=(\w+)", said)
            said = " of ".join(kernel.groups()) if kernel else said.split(" (")[0][:60]
            raise Foreign("refused: " + said) from error

    def result(self, case):
        x = entered(case.read("source"), case.format)
        places = None
        with tf.GradientTape() as tape:
            tape.watch(x)
            if "indices" in case.files:
                y = gathered(x, case.read("indices"))
            else:
                axes = regular(case.axes)
                if case.kind == "l2norm":
                    raise Foreign("no norm")
                y = OPERATORS[case.kind](case, x, axes)
        if not case.gradient:
            if case.wants_places and len(axes) == 2 and set(listed(axes, "dilation")) == {1}:
                places = places_of(case, x, axes)
            return (left(y), places) if places is not None else left(y)
        if list(y.shape[1:-1]) != case.sides("source_gradient"):
            raise Foreign("another number of windows")
        dx = tape.gradient(y, x, entered(case.read("source_gradient"), case.format))
        return left(dx if "before" not in case.files else entered(case.read("before"), case.format) + dx)

    def declare(self, case):
        """TensorFlow's threads flush subnormal numbers; functions of 16-bit tensors say that every step has 16 bits."""
        narrow = case.format in ("float16", "bfloat16")
        return ["--subnormals=flushed", *([f"--computed-in={case.format}"] if narrow else [])]

    def explain(self, case, result, places):
        if case.kind == "average" and case.gradient and case.format == "bfloat16":
            found = stored(Steps(case, case.format), result)
            return "quotients of float32, each sum of them rounded to bfloat16" if found else None
        if case.kind != "max" or case.gather:
            return None
        if case.gradient:
            same = len(case.axes) == 3 and apart(result, every_maximum(Steps(case, case.format)), case.format) == 0
            return "max_pool3d: every maximum of a window gets its gradient" if same else None
        expected = widened(case.read("expected"))
        lowest = BFLOAT16_LOWEST if case.format == "bfloat16" else numpy.finfo(expected.dtype).min
        expected = numpy.where(expected == -numpy.inf, expected.dtype.type(lowest), expected)
        return "the lowest number for -infinity" if apart(result, expected, case.format) == 0 else None


if __name__ == "__main__":
    main(TensorFlow(), __doc__)
