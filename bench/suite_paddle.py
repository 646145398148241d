#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PaddlePaddle's pooling on the CPU, held to a conformance kit, forward and by automatic differentiation.

    bench/suite_paddle.py --poolgrad build/poolgrad [--size standard]

max_pool, avg_pool, lp_pool and adaptive pooling in one call each wherever their arguments can say a case; where
padding is more than they take, behind a padded copy. Roots of means are avg_pool between a square and a root. Gathers
and gradients from indices are paddle.take_along_axis and its derivative. Needs PaddlePaddle and numpy.
"""
import math

from conform import need, numpy, widened
from suite_kit import Foreign, Steps, apart, is_adaptive, main, room, unpadded

paddle = need("paddle")
F = paddle.nn.functional
NAMES = ("float32", "float64", "float16", "bfloat16")


def entered(array, name):
    return paddle.to_tensor(numpy.ascontiguousarray(array), dtype=None if name != "bfloat16" else "bfloat16",
                            place=paddle.CPUPlace())


def listed(axes, name):
    return [getattr(axis, name) for axis in axes]


def function(name, axes):
    found = getattr(F, f"{name}{len(axes)}d", None)
    if not found:
        raise Foreign(f"no {name}{len(axes)}d")
    return found


def cut(x, axes):
    """The image without the pixels that no window reaches before and behind; the pads that are left."""
    slices, pads = room(axes)
    for i, (s, axis) in enumerate(zip(slices, axes), 2):
        if s != slice(0, axis.size):
            x = paddle.slice(x, [i], [s.start], [s.stop])
    return x, pads


def padded(x, pads, value=0.0):
    """Pads by an assignment: F.pad knows some ranks and formats only."""
    if not any(map(any, pads)):
        return x
    shape = [n + sum(pad) for n, pad in zip(x.shape, [(0, 0), (0, 0), *pads])]
    inside = tuple(slice(p[0], p[0] + n) for p, n in zip([(0, 0), (0, 0), *pads], x.shape))
    filled = paddle.full(shape, value, x.dtype)
    filled[inside] = x
    return filled


def flat_pads(pads):
    return [p for pad in pads for p in pad]


def plain(axes):
    if set(listed(axes, "dilation")) != {1}:
        raise Foreign("dilated windows")


def maximum(case, x, axes):
    """Values, and places where they are asked for: return_mask is another operator, with another gradient."""
    plain(axes)
    x, pads = cut(x, axes)
    pool, sizes = function("max_pool", axes), (listed(axes, "kernel"), listed(axes, "stride"))
    own = case.clamp and all(before == behind and before <= k // 2 for (before, behind), k in zip(pads, sizes[0]))
    if case.wants_places:
        y, places = pool(padded(x, pads, -float("inf") if case.clamp else 0.0), *sizes, 0, return_mask=True)
        return y, unpadded(places.numpy(), axes)
    if own:
        return pool(x, *sizes, [pad[0] for pad in pads])
    return pool(padded(x, pads, -float("inf") if case.clamp else 0.0), *sizes, 0)


def average(case, x, axes):
    plain(axes)
    pool, sizes = function("avg_pool", axes), (listed(axes, "kernel"), listed(axes, "stride"))
    x, pads = cut(x, axes)
    counted = [axis.counted for axis in axes]
    if case.divisor:
        if len(axes) < 2:
            raise Foreign("divisor_override of rows")
        return pool(padded(x, pads), *sizes, 0, divisor_override=case.divisor)
    if not case.clamp:
        return pool(padded(x, pads), *sizes, 0, exclusive=False)
    if any(map(any, counted)) and counted != pads:
        raise Foreign("counted padding that is a part of the padding")
    if any(max(pad) >= k for pad, k in zip(pads, sizes[0])) or (len(axes) == 1 and pads[0][0] != pads[0][1]):
        raise Foreign("averages with other padding than that of both sides")
    return pool(x, *sizes, pads[0][0] if len(axes) == 1 else flat_pads(pads), exclusive=not any(map(any, counted)))


def norm(x, axes):
    plain(axes)
    x, pads = cut(x, axes)
    return function("lp_pool", axes)(padded(x, pads), 2.0, listed(axes, "kernel"), listed(axes, "stride"))


def adaptive(case, x, axes):
    if not is_adaptive(axes):
        raise Foreign("windows by a table")
    sizes = listed(axes, "windows")
    sizes = sizes[0] if len(axes) == 1 else sizes
    if case.divisor or case.kind == "l2norm":
        raise Foreign("adaptive norms and divisors")
    if case.kind == "max":
        pool = function("adaptive_max_pool", axes)
        if not case.wants_places:
            return pool(x, sizes)
        y, places = pool(x, sizes, return_mask=True)
        return y, places.numpy()
    return function("adaptive_avg_pool", axes)(x, sizes)


def pooled(case, x):
    """The result, and of maxima their places."""
    axes = case.axes
    table = any(axis.table for axis in axes)
    if case.kind == "root-mean":
        return paddle.sqrt((adaptive if table else average)(case, x * x, axes))
    if table:
        return adaptive(case, x, axes)
    if case.kind == "max":
        return maximum(case, x, axes)
    return norm(x, axes) if case.kind == "l2norm" else average(case, x, axes)


def gathered(x, places):
    """The elements at places in the volume; +0 where there is none."""
    at = paddle.to_tensor(places.reshape(*places.shape[:2], -1).astype(numpy.int64))
    flat = paddle.reshape(x, [*x.shape[:2], -1])
    taken = paddle.take_along_axis(flat, paddle.maximum(at, paddle.zeros_like(at)), 2, broadcast=False)
    return paddle.reshape(paddle.where(at < 0, paddle.zeros_like(taken), taken), list(places.shape))


# ---- Why results differ ----------------------------------------------------------------------------------------------

def maxima(steps):
    """Maxima by y > x ? y : x from the lowest number on; the first tap that equals what remains gets the gradient."""
    lowest = numpy.finfo(steps.source.dtype).min
    folds = steps.folded(numpy.greater, lowest)
    if not steps.case.gradient:
        y = numpy.zeros((*steps.source.shape[:2], *(axis.windows for axis in steps.axes)), steps.source.dtype)
        for window, best, _, _ in folds:
            y[(..., *window)] = best
        return y

    def firsts():
        for window, best, _, taps in folds:
            place = numpy.full(best.shape, -1)
            for pixel, tap in reversed(taps):
                place = numpy.where(tap == best, pixel, place)
            yield window, place
    return steps.scattered(firsts())


BEHIND = "padding behind counts up to the size of that before"


def behind_as_before(case):
    """Divisors where counted padding behind an axis is as much as that before it, whatever was asked for."""
    counts = numpy.ones(1, numpy.int64)
    for axis in case.axes:
        high = axis.size + axis.counted[0]
        each = [sum(p < high for p in span) for span in axis.spans()]
        counts = numpy.multiply.outer(counts, numpy.array(each, numpy.int64))
    return numpy.maximum(counts[0], 1)


class Paddle:
    title = f"PaddlePaddle {paddle.__version__}"
    formats = NAMES

    def compute(self, case):
        if case.format == "bfloat16":
            raise Foreign("no bfloat16 on the CPU")
        try:
            return self.result(case)
        except (RuntimeError, ValueError, NotImplementedError, TypeError, AssertionError) as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip(" -^[]")]
            raise Foreign("refused: " + next((line for line in lines if "Error: " in line), lines[-1])[:80]) from error

    def result(self, case):
        x = entered(case.read("source"), case.format)
        x.stop_gradient = False
        y = gathered(x, case.read("indices")) if "indices" in case.files else pooled(case, x)
        y, places = y if isinstance(y, tuple) else (y, None)
        if not case.gradient:
            return y.numpy() if places is None else (y.numpy(), places)
        if list(y.shape[2:]) != case.sides("source_gradient"):
            raise Foreign("another number of windows")
        dx = paddle.grad(y, x, entered(case.read("source_gradient"), case.format))[0]
        return (dx if "before" not in case.files else entered(case.read("before"), case.format) + dx).numpy()

    def declare(self, case):
        """Functions of 16-bit tensors say that every step has 16 bits."""
        return ["--computed-in=float16"] if case.format == "float16" else []

    def explain(self, case, result, places):
        steps = Steps(case, case.format)
        with numpy.errstate(all="ignore"):
            if case.kind == "max":
                same = apart(result, maxima(steps), case.format) == 0
                return "maxima start from the lowest number, and lose NaN to what follows" if same else None
            if case.kind == "average":
                return self.explain_average(case, steps, result)
            return self.explain_root(case, steps, result)

    def explain_root(self, case, steps, result):
        """Roots, and what is divided by them, differ by as much as the step named here does."""
        single = numpy.finfo(numpy.float32).eps
        if case.kind == "l2norm":
            return "lp_pool by powf, in float32" if steps.near(result, 16 * single) else None
        overflows = numpy.isnan(result).any() and not numpy.isnan(steps.source).any()
        scaled = case.format == "float64" and case.gradient
        name = "paddle.sqrt of infinity is NaN" if overflows else "paddle.sqrt 1 ulp off"
        error = 2 * single if scaled else 4 * numpy.finfo(result.dtype).eps
        if steps.near(result, error, case.divisors()):
            return "a product with 1 / N in float32" if scaled and not overflows else name
        return BEHIND if steps.near(result, error, behind_as_before(case)) else None

    def explain_average(self, case, steps, result):
        taps = numpy.full_like(case.divisors(), math.prod(axis.kernel for axis in case.axes))
        product = lambda a, n: steps.round(a * (numpy.float32(1) / n.astype(numpy.float32)).astype(a.dtype))
        # A divisor is an average times its taps, and divided.
        rules = {
            BEHIND: lambda a: steps.round(a / behind_as_before(case)),
            "a product with 1 / N in float32": lambda a: (
                product(steps.round(steps.round(a / case.divisor) * taps), taps) if case.divisor
                else product(a, case.divisors())),
        }
        for name, scaled in rules.items():
            sums = None if case.gradient else steps.sums(steps.source, case.format)
            ours = steps.spread(scaled(steps.gradient)) if case.gradient else scaled(sums)
            if "before" in case.files:
                ours = steps.round(widened(case.read("before")) + ours)
            if apart(result, ours.astype(result.dtype), case.format) == 0:
                return name
        return None


if __name__ == "__main__":
    main(Paddle(), __doc__)
