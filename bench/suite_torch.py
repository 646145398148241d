#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch's pooling on the CPU, held to a conformance kit, forward and by automatic differentiation.

    bench/suite_torch.py --poolgrad build/poolgrad [--size standard]

max_pool, avg_pool, lp_pool and adaptive pooling in one call each wherever their arguments can say a case; where
padding is more than they take, behind a padded copy. Roots of means are avg_pool between a square and a root. Gathers
and gradients from indices are torch.gather and its derivative. Needs PyTorch and numpy.
"""
import math

from conform import need, numpy
from suite_kit import Foreign, Steps, apart, is_adaptive, main, room, rounded, unpadded

torch = need("torch")
F = torch.nn.functional

NAMES = {"float32": torch.float32, "float64": torch.float64, "float16": torch.float16, "bfloat16": torch.bfloat16}


def tensor_of(array, name):
    array = numpy.ascontiguousarray(array)
    if name == "bfloat16":
        return torch.from_numpy(array.view(numpy.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def array_of(tensor):
    tensor = tensor.detach().contiguous()
    return tensor.view(torch.int16).numpy().view(numpy.uint16) if tensor.dtype == torch.bfloat16 else tensor.numpy()


def function(name, axes):
    found = getattr(F, f"{name}{len(axes)}d", None)
    if not found:
        raise Foreign(f"no {name}{len(axes)}d")
    return found


def listed(axes, name):
    return [getattr(axis, name) for axis in axes]


def padded(x, axes, value=0.0):
    """The image with all that windows reach; negative pads cut."""
    room(axes)
    return F.pad(x, [pad for axis in reversed(axes) for pad in (axis.before, axis.behind)], value=value)


def own_padding(axes):
    """Whether the operators' own padding argument can say where the first windows begin."""
    return all(0 <= axis.before <= axis.kernel // 2 for axis in axes)


def counted(axes, y):
    return list(y.shape[2:]) == listed(axes, "windows")


def maximum(case, x, axes):
    """Values and places."""
    pool = function("max_pool", axes)
    kernel, stride, dilation = listed(axes, "kernel"), listed(axes, "stride"), listed(axes, "dilation")
    if case.clamp and own_padding(axes):
        for ceil in (False, True):
            y, places = pool(x, kernel, stride, listed(axes, "before"), dilation, ceil, return_indices=True)
            if counted(axes, y):
                return y, array_of(places)
    filled = padded(x, axes, -float("inf") if case.clamp else 0.0)
    y, places = pool(filled, kernel, stride, 0, dilation, return_indices=True)
    return y, unpadded(array_of(places), axes)


def average(case, x, axes):
    pool = function("avg_pool", axes)
    kernel, stride = listed(axes, "kernel"), listed(axes, "stride")
    if set(listed(axes, "dilation")) != {1}:
        raise Foreign("dilated averages and norms")
    if case.divisor:
        if len(axes) < 2:
            raise Foreign("divisor_override of rows")
        return pool(padded(x, axes), kernel, stride, divisor_override=case.divisor)
    if not case.clamp:
        return pool(padded(x, axes), kernel, stride)
    if not own_padding(axes):
        raise Foreign("averages with other padding than that of both sides")
    padding, zeros = listed(axes, "before"), [axis.counted for axis in axes]
    if any(map(any, zeros)) and zeros != [(p, p) for p in padding]:
        raise Foreign("counted padding that is a part of the padding")
    # What is left of the padding behind the image decides how many windows there are, with ceil mode or without.
    for ceil in (False, True):
        y = pool(x, kernel, stride, padding, ceil, any(map(any, zeros)))
        if counted(axes, y):
            return y
    raise Foreign("another number of windows")


def norm(x, axes):
    if set(listed(axes, "dilation")) != {1}:
        raise Foreign("dilated averages and norms")
    pool = function("lp_pool", axes)
    return pool(padded(x, axes), 2, listed(axes, "kernel"), listed(axes, "stride"))


def adaptive(case, x, axes):
    if not is_adaptive(axes):
        raise Foreign("windows by a table")
    sizes = listed(axes, "windows")
    if case.divisor or case.kind == "l2norm":
        raise Foreign("adaptive norms and divisors")
    if case.kind == "max":
        y, places = function("adaptive_max_pool", axes)(x, sizes, return_indices=True)
        return y, array_of(places)
    return function("adaptive_avg_pool", axes)(x, sizes)


def pooled(case, x):
    """The result, and of maxima their places."""
    axes = case.axes
    if case.kind == "root-mean":
        squares = x * x
        mean = adaptive(case, squares, axes) if any(a.table for a in axes) else average(case, squares, axes)
        return torch.sqrt(mean)
    if any(axis.table for axis in axes):
        return adaptive(case, x, axes)
    if case.kind == "max":
        return maximum(case, x, axes)
    return norm(x, axes) if case.kind == "l2norm" else average(case, x, axes)


def gathered(x, places):
    """The elements at places in the volume; +0 where there is none."""
    places = torch.from_numpy(places.astype(numpy.int64))
    taken = x.flatten(2).gather(2, places.flatten(2).clamp(min=0)).reshape(places.shape)
    return torch.where(places < 0, torch.zeros((), dtype=x.dtype), taken)


# ---- Why results differ ----------------------------------------------------------------------------------------------

def lp_pool(steps, tail):
    """lp_pool's own steps: the mean of the squares, times the number of taps, and its root. Behind the last full vector
    are a few windows whose power -1/2 is computed by a scalar function, which rounds the root as well."""
    taps = steps.source.dtype.type(math.prod(axis.kernel for axis in steps.axes))
    squares = steps.round(steps.source * steps.source)
    powers = steps.round(steps.round(steps.sums(squares, steps.wide) / taps) * taps)
    if not steps.case.gradient:
        return steps.round(numpy.sqrt(powers))
    roots = numpy.sqrt(powers).ravel()
    roots[len(roots) - tail:] = steps.round(roots[len(roots) - tail:])
    slopes = steps.round(steps.gradient * steps.round(steps.round(1 / roots.reshape(powers.shape)) / 2))
    shares = steps.round(steps.round(slopes * taps) / taps)
    # Of a power of 0, relu and sign pass nothing on.
    sums = steps.spread(numpy.where(powers == 0, 0, shares).astype(shares.dtype))
    return steps.round(sums * steps.round(2 * steps.source))


def lp_distance(steps, result):
    """How far a result is from lp_pool's steps, whatever the vectors of this machine hold."""
    count = math.prod(steps.gradient.shape) if steps.case.gradient else 0
    return min(apart(result, lp_pool(steps, tail), steps.name) for tail in {0, count % 16, count % 32, count % 64})


def narrow_places(case, result, places):
    """Whether a maximum's places were kept in the tensor's format, as adaptive_max_pool2d of PyTorch 1.13 does."""
    if not is_adaptive(case.axes):
        return False
    if not case.gradient:
        found = places is not None and rounded(case.read("expected_indices"), case.format)
        return numpy.array_equal(found, rounded(places, case.format))
    x = tensor_of(case.read("source"), case.format).float()  # whose places are right
    _, places = function("adaptive_max_pool", case.axes)(x, listed(case.axes, "windows"), return_indices=True)
    steps = Steps(case, case.format)
    # A place behind the plane's end is a pixel of the next plane.
    planes, size = math.prod(x.shape[:2]), math.prod(x.shape[2:])
    at = rounded(places.reshape(planes, -1), case.format).astype(int) + size * numpy.arange(planes)[:, None]
    total = numpy.zeros(planes * size + 1, numpy.float32)
    for place, value in zip(at.clip(max=planes * size).ravel(), steps.gradient.ravel()):
        total[place] = rounded(total[place] + value, case.format)
    total = total[:-1]
    return apart(result, total.reshape(x.shape), case.format) == 0


def root_of_mean(steps):
    """avg_pool between a square and a root."""
    divisors = steps.case.divisors().astype(steps.source.dtype)
    mean = steps.round(steps.sums(steps.round(steps.source * steps.source), steps.wide) / divisors)
    return steps.round(numpy.sqrt(mean))


def adaptive_mean(steps):
    """Adaptive averages are divided by the size of a window along one axis after the other."""
    if steps.case.gradient:
        return steps.spread(steps.by_axes(steps.gradient))
    return steps.by_axes(steps.sums(steps.source, steps.name))


class Torch:
    title = f"PyTorch {torch.__version__}"
    formats = tuple(NAMES)

    def compute(self, case):
        try:
            return self.result(case)
        except RuntimeError as error:
            said = str(error).splitlines()[0]
            raise Foreign("refused: " + (said if "not implemented" in said else said.split(":")[0])) from error

    def result(self, case):
        x = tensor_of(case.read("source"), case.format).clone().requires_grad_()
        if "indices" in case.files:
            y, places = gathered(x, case.read("indices")), None
        else:
            y = pooled(case, x)
            y, places = y if isinstance(y, tuple) else (y, None)
        if not case.gradient:
            return (array_of(y), places) if case.wants_places and places is not None else array_of(y)
        if not counted(case.axes, y):
            raise Foreign("another number of windows")
        if "before" in case.files:  # gradients are added to what is there
            x.grad = tensor_of(case.read("before"), case.format).clone()
        y.backward(tensor_of(case.read("source_gradient"), case.format))
        return array_of(x.grad)

    def declare(self, case):
        """Sums of 16-bit formats are kept in them, but for the plain average's and maxima's forward results."""
        plain = not case.gradient and case.kind in ("average", "max") and not any(axis.table for axis in case.axes)
        return [f"--computed-in={case.format}"] if case.format in ("float16", "bfloat16") and not plain else []

    def explain(self, case, result, places):
        narrow = case.format in ("float16", "bfloat16")
        if case.kind == "max":
            return f"places kept in {case.format}" if narrow and narrow_places(case, result, places) else None
        steps = Steps(case, "float32" if narrow else case.format)
        with numpy.errstate(all="ignore"):
            if case.kind == "average" and is_adaptive(case.axes):
                same = apart(result, adaptive_mean(steps), case.format) == 0
                return "divided by the size of each axis in turn" if same else None
            if case.kind == "l2norm":
                distance = lp_distance(steps, result)
                if distance == 0:
                    return "lp_pool: a mean, times the taps, each step rounded"
                return "lp_pool so, and torch.sqrt 1 ulp off" if distance <= 1 and not case.gradient else None
            if not case.gradient and apart(result, root_of_mean(steps), case.format) <= 1:
                return "torch.sqrt 1 ulp off"
        return None


if __name__ == "__main__":
    main(Torch(), __doc__)
