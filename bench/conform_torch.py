#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds poolgrad to PyTorch's pooling operators over random geometries, forward and by automatic differentiation.

    bench/conform_torch.py --poolgrad build/release/poolgrad [--cases 1000] [--seed 1] [--operator NAME]...

Operators are max (values, picks, gradient, gradient from picks, second derivative), average, adaptive average and
maximum, LP of power 2, fractional maximum, and unpooling with its gradient; in one to three dimensions, contiguous and
channels last, in float32, float64, bfloat16 and float16 where PyTorch has them. Picks, maxima and their gathers have to
have the same bits. Where bits of a sum differ, `poolgrad verify` has to accept PyTorch's result, or a class of
docs/conformance.md explains the result. Needs PyTorch and numpy.
"""
import math
import re
import sys

from conform import (REPEATED, Axis, Poolgrad, Refused, Report, arguments, judge, kept_or_added, need, numpy,
                     same_values, source_size, words)

torch = need("torch")
F = torch.nn.functional

FORMATS = {torch.float32: "float32", torch.float64: "float64", torch.bfloat16: "bfloat16", torch.float16: "float16"}


# ---- Tensors ---------------------------------------------------------------------------------------------------------

def array_of(tensor):
    tensor = tensor.detach().contiguous()
    return tensor.view(torch.int16).numpy().view(numpy.uint16) if tensor.dtype == torch.bfloat16 else tensor.numpy()


def formats(dtype, *names):
    """What a file of 16-bit patterns holds has to be said."""
    return [f"--{name}-format=bfloat16" for name in names] if dtype == torch.bfloat16 else []


class Case:
    """A random tensor, and a way to draw the rest of a case."""

    def __init__(self, seed, dims, dtypes):
        self.seed, self.dims = seed, dims
        self.rng = numpy.random.default_rng(seed)
        self.dtype = dtypes[self.rng.choice(len(dtypes), p=[0.7] + [0.3 / (len(dtypes) - 1)] * (len(dtypes) - 1))]
        self.last = dims > 1 and self.rng.random() < 0.25
        self.shape = (int(self.rng.integers(1, 3)), int(self.rng.integers(1, 4)))

    def draw(self, low, high, count=None):
        """Integers from low to high, both included: one for each axis."""
        return [int(v) for v in self.rng.integers(low, high + 1, count or self.dims)]

    def flag(self, chance=0.5):
        return bool(self.rng.random() < chance)

    def tensor(self, shape, ties=False, special=False):
        values = self.rng.integers(-4, 5, shape).astype(float) if ties else self.rng.standard_normal(shape)
        if special:
            odd = self.rng.random(shape)
            for chance, value in ((0.02, math.nan), (0.04, math.inf), (0.1, -math.inf), (0.15, -0.0)):
                values = numpy.where((odd >= chance - 0.02) & (odd < chance), value, values)
        tensor = torch.from_numpy(values).to(self.dtype)
        return tensor.to(memory_format=last_format(self.dims)) if self.last else tensor

    def geometry(self, dilated=True):
        """Sizes, kernel_size, stride, padding and dilation that PyTorch accepts."""
        top = (40, 14, 8)[self.dims - 1]
        kernel, stride = self.draw(1, 5 if self.dims < 3 else 3), self.draw(1, 4)
        dilation = self.draw(1, 3) if dilated and self.flag() else [1] * self.dims
        padding = [int(self.rng.integers(0, k // 2 + 1)) for k in kernel]
        size = [max((k - 1) * d + 1 - 2 * p, 1) + int(self.rng.integers(0, top))
                for k, d, p in zip(kernel, dilation, padding)]
        return size, kernel, stride, padding, dilation


def last_format(dims):
    return torch.channels_last if dims == 2 else torch.channels_last_3d


def function(name, dims):
    return getattr(F, f"{name}{dims}d")


# ---- Comparing -------------------------------------------------------------------------------------------------------

class Judge:
    """Compares results of one case."""

    def __init__(self, report, poolgrad, case, operator, options):
        self.report, self.poolgrad, self.case = report, poolgrad, case
        self.operator, self.options = f"{operator} {case.dims}d", options
        self.name = f"seed {case.seed}, {case.dtype}, channels last {case.last}"

    def bits(self, what, ours, theirs):
        judge(self.report, self.poolgrad, f"{self.operator} {what}", self.name, ours, theirs)

    def sums(self, what, ours, theirs, more=(), **arrays):
        """Results with roundings: what verify says of them where bits differ."""
        names = [name.replace("_", "-") for name in arrays if not name.startswith("windows")]
        options = list(self.options) + formats(self.case.dtype, *names, "actual")
        accepted = lambda *say: lambda: self.poolgrad.verify(options + list(say), actual=theirs, **arrays)[0]
        legal = [("accepted by verify", accepted())]
        if self.case.dtype in (torch.bfloat16, torch.float16):
            narrow = FORMATS[self.case.dtype]
            legal.append((f"accepted by verify: sums kept in {narrow}", accepted("--computed-in=" + narrow)))
        judge(self.report, self.poolgrad, f"{self.operator} {what}", self.name, ours, theirs, [*legal, *more])


def regular(case, size, y, kernel, stride, padding, dilation, counted=False, table=None):
    """The axes of a result y."""
    return [Axis(s, n, k, t, d, p, (p, p) if counted else (0, 0))
            for s, n, k, t, p, d in zip(size, y.shape[2:], kernel, stride, padding, dilation)]


def options_of(kind, axes, arrays, *more):
    return [f"--kind={kind}", "--nan=last", *words(axes, arrays), *more]


# ---- Operators -------------------------------------------------------------------------------------------------------

def differentiate(case, y, x, ties=False):
    case.last_gradient = g = case.tensor(y.shape, ties)
    return g, torch.autograd.grad(y, x, g, retain_graph=True)[0]


def max_results(judge_, case, x, y, picks, options, tables):
    """Values, picks and gradients of any kind of maximum."""
    poolgrad, source = judge_.poolgrad, array_of(x)
    read = options + formats(case.dtype, "source")
    value, index = poolgrad.forward(read + ["--picks-format=int64"], True, source=source, **tables)
    judge_.bits("forward", value, array_of(y))
    places = array_of(picks)
    judge(judge_.report, poolgrad, judge_.operator + " picks", judge_.name, index, places,
          wrong_places(y, index, places))
    if not numpy.array_equal(index, places):  # what follows goes to other places
        return False
    g, dx = differentiate(case, y, x)
    both = read + formats(case.dtype, "source-gradient")
    found = poolgrad.gradient(both, source=source, source_gradient=array_of(g), **tables)
    judge_.sums("gradient", found, array_of(dx), source=source, source_gradient=array_of(g), **tables)
    size = source_size(judge_.axes)
    saved = poolgrad.gradient(options + size + formats(case.dtype, "source-gradient"), indices=array_of(picks),
                              source_gradient=array_of(g), **tables)
    judge_.bits("gradient from picks", saved, found)
    return True


def wrong_places(y, ours, theirs):
    """Classes of places that hold no maximum in PyTorch."""
    other = ours != theirs
    values = y.detach().double().numpy()
    narrow = torch.from_numpy(ours).to(torch.bfloat16).to(torch.int64).numpy()
    return [("windows of -inf alone: PyTorch's place is not in the window",
             lambda: numpy.all(values[other] == -math.inf)),
            ("places rounded to bfloat16 by PyTorch", lambda: numpy.array_equal(theirs, narrow))]


def alone(axes):
    """Which windows of a result have no pixel of the image."""
    empty = [numpy.array([not any(0 <= p < axis.size for p in span) for span in axis.spans()]) for axis in axes]
    shapes = [[-1 if a == b else 1 for b in range(len(axes))] for a in range(len(axes))]
    return sum(e.reshape(shape) for e, shape in zip(empty, shapes)) > 0


def padding_alone(case, start, name, axes, x, y, said):
    """A dilated window may step over the image: PyTorch's index then lies outside, and its gradient with it."""
    hidden = alone(axes)
    for judge_, options, tables in start(name, "max", axes, said):
        value = judge_.poolgrad.forward(options + formats(case.dtype, "source"), source=array_of(x), **tables)
        elsewhere = array_of(y)[..., ~hidden]
        judge_.bits("beside windows of padding alone", value[..., ~hidden], elsewhere)
        judge_.report.note("windows of padding alone: PyTorch's maximum -inf and its place outside; poolgrad +0, none")


def second_derivative(judge_, case, x, y, picks, options, tables):
    """Of the maximum: the incoming gradient, gathered at the picks."""
    g = case.tensor(y.shape).requires_grad_()
    dx = torch.autograd.grad(y, x, g, create_graph=True)[0]
    v = case.tensor(x.shape)
    gathered = torch.autograd.grad(dx, g, v)[0]
    ours = judge_.poolgrad.forward(options + formats(case.dtype, "source"), source=array_of(v), indices=array_of(picks),
                                   **tables)
    judge_.bits("second derivative", ours, array_of(gathered))


def run_max(case, start):
    size, kernel, stride, padding, dilation = case.geometry()
    ceil = case.flag()
    x = case.tensor(case.shape + tuple(size), case.flag(), case.flag(0.3)).requires_grad_()
    y, picks = function("max_pool", case.dims)(x, kernel, stride, padding, dilation, ceil, return_indices=True)
    axes = regular(case, size, y, kernel, stride, padding, dilation)
    said = dialect("max", case, kernel, stride, padding, dilation, ceil_mode=ceil)
    if alone(axes).any():
        padding_alone(case, start, "max_pool", axes, x, y, said)
        return
    for judge_, options, tables in start("max_pool", "max", axes, said):
        if max_results(judge_, case, x, y, picks, options, tables):
            second_derivative(judge_, case, x, y, picks, options, tables)


def run_average(case, start):
    size, kernel, stride, padding, _ = case.geometry(dilated=False)
    ceil, include = case.flag(), case.flag()
    divisor = int(case.rng.choice([-3, 1, 2, 7, 100])) if case.dims > 1 and case.flag(0.3) else None
    x = case.tensor(case.shape + tuple(size)).requires_grad_()
    more = {"divisor_override": divisor} if divisor else {}
    y = function("avg_pool", case.dims)(x, kernel, stride, padding, ceil, include, **more)
    axes = regular(case, size, y, kernel, stride, padding, [1] * case.dims, include)
    own = [f"--divisor={divisor}"] if divisor else []
    said = dialect("average", case, kernel, stride, padding, None, ceil_mode=ceil, count_include_pad=include, **more)
    for judge_, options, tables in start("avg_pool", "average", axes, said, own):
        sum_results(judge_, case, x, y, options, tables)


def sum_results(judge_, case, x, y, options, tables, forward=(), gradient=()):
    source = array_of(x)
    read = options + formats(case.dtype, "source")
    judge_.sums("forward", judge_.poolgrad.forward(read, source=source, **tables), array_of(y), forward, source=source,
                **tables)
    g, dx = differentiate(case, y, x)
    ours = judge_.poolgrad.gradient(read + formats(case.dtype, "source-gradient"), source=source,
                                    source_gradient=array_of(g), **tables)
    judge_.sums("gradient", ours, array_of(dx), gradient, source=source, source_gradient=array_of(g), **tables)


def adaptive_axes(size, windows):
    tables = [tuple((i * s // n, -(-(i + 1) * s // n) - i * s // n) for i in range(n)) for s, n in zip(size, windows)]
    return [Axis(s, n, table=t) for s, n, t in zip(size, windows, tables)]


def turned(values, axes):
    """Values of windows, divided by the size of each axis in turn, as PyTorch does: once too often for one rounding."""
    for number, axis in enumerate(axes):
        sizes = numpy.array([size for _, size in axis.table], values.dtype)
        values = values / sizes.reshape([-1 if a == number + 2 else 1 for a in range(values.ndim)])
    return values


def scattered(values, axes):
    """Each window's value added to its pixels, windows in order."""
    dx = numpy.zeros(values.shape[:2] + tuple(axis.size for axis in axes), values.dtype)
    for at in numpy.ndindex(values.shape[2:]):
        window = tuple(slice(t[i][0], sum(t[i])) for t, i in zip((axis.table for axis in axes), at))
        dx[(..., *window)] += values[(..., *at)].reshape(values.shape[:2] + (1,) * len(axes))
    return dx


def divided_in_turn(case, axes, x, y):
    """Whether that makes PyTorch's gradient: the same bits, or in 16 bits, whose sums PyTorch keeps, near."""
    g = case.last_gradient
    theirs = torch.autograd.grad(y, x, g, retain_graph=True)[0]
    if case.dtype in (torch.float32, torch.float64):
        return same_values(scattered(turned(g.contiguous().numpy(), axes), axes), theirs.numpy())
    wide = scattered(turned(g.double().numpy(), axes), axes)
    most = scattered(turned(g.abs().double().numpy(), axes), axes)
    windows = math.prod(-(-axis.windows // axis.size) + 1 for axis in axes)
    return numpy.all(abs(wide - theirs.double().numpy()) <= (windows + len(axes)) * torch.finfo(case.dtype).eps * most)


def run_adaptive(case, start, name, kind):
    size = case.draw(1, (60, 20, 9)[case.dims - 1])
    windows = [int(case.rng.integers(1, s + 3)) for s in size]
    x = case.tensor(case.shape + tuple(size), kind == "max" and case.flag(), kind == "max" and case.flag(0.3))
    x.requires_grad_()
    result = function(name, case.dims)(x, windows, **({"return_indices": True} if kind == "max" else {}))
    said = ["--dialect=torch", *dimensions(case), "--output_size=" + ",".join(map(str, windows))]
    for judge_, options, tables in start(name, kind, adaptive_axes(size, windows), said):
        if kind == "max":
            max_results(judge_, case, x, *result, options, tables)
        else:
            turns = ("divided by each axis in turn", lambda: divided_in_turn(case, judge_.axes, x, result))
            sum_results(judge_, case, x, result, options, tables, gradient=[turns])


def run_lp(case, start):
    if not hasattr(F, f"lp_pool{case.dims}d"):
        raise NotImplementedError(f"has no lp_pool{case.dims}d")
    size, kernel, stride, _, _ = case.geometry(dilated=False)
    size = [max(s, k) for s, k in zip(size, kernel)]
    ceil = case.flag()
    x = case.tensor(case.shape + tuple(size)).requires_grad_()
    kernels, strides = (kernel[0], stride[0]) if case.dims == 1 else (kernel, stride)
    y = function("lp_pool", case.dims)(x, 2, kernels, strides, ceil)
    axes = regular(case, size, y, kernel, stride, [0] * case.dims, [1] * case.dims)
    cut = any(axis.behind > 0 for axis in axes)
    said = dialect("l2norm", case, kernel, stride, None, None, ceil_mode=ceil)
    for judge_, options, tables in start("lp_pool" + (" cut" if cut else ""), "l2norm", axes, None if cut else said):
        scale = math.sqrt(math.prod(kernel))
        if cut:
            cut_norm(judge_, case, x, y, options, tables, scale)
        else:
            sum_results(judge_, case, x, y, options, tables, *other_formula(judge_, case, x, y, options, tables))


def cut_norm(judge_, case, x, y, options, tables, scale):
    """PyTorch scales a mean of squares by the whole window, also where ceil mode cuts it: the root of the mean times
    the root of the window's size."""
    options = options + ["--root-mean"] + formats(case.dtype, "source")
    wide = array_of(x.to(torch.float64))
    options = [o for o in options if not o.startswith("--source-format")]
    ours = judge_.poolgrad.forward(options, source=wide, **tables) * scale
    near = numpy.allclose(ours, y.detach().double().numpy(), rtol=tolerance(case), atol=0)
    name = "root of the mean, scaled by the whole window" if near else "WRONG"
    judge_.report.add(judge_.operator + " forward", name, judge_.name, judge_.poolgrad.line)


def tolerance(case):
    return {torch.float64: 1e-13, torch.float32: 2e-6, torch.float16: 2e-2, torch.bfloat16: 1e-1}[case.dtype]


def other_formula(judge_, case, x, y, options, tables):
    """PyTorch's formula, power, mean, times, root, has more roundings than verify allows for: near in float64."""
    wide = x.detach().double()
    plain = [o for o in options if not o.endswith("format=bfloat16")]
    close = lambda ours, theirs: numpy.allclose(ours, theirs, rtol=tolerance(case), atol=tolerance(case))

    def forward():
        return close(judge_.poolgrad.forward(plain, source=wide.numpy(), **tables), y.detach().double().numpy())

    def gradient():
        g = case.last_gradient.double()
        ours = judge_.poolgrad.gradient(plain, source=wide.numpy(), source_gradient=g.numpy(), **tables)
        return close(ours, torch.autograd.grad(y, x, case.last_gradient, retain_graph=True)[0].double().numpy())
    name = "near: PyTorch rounds power, mean, product and root"
    return ((name, forward),), ((name, gradient),)


def fractional_table(sample, size, windows, kernel, number):
    """PyTorch's first pixels, in the arithmetic of the tensor's format."""
    first = [0] * windows
    if windows > 1:
        alpha = number(size - kernel) / number(windows - 1)
        first = [int((number(i) + sample) * alpha) - int(sample * alpha) for i in range(windows)]
    first[-1] = size - kernel
    return tuple((f, kernel) for f in first)


def run_fractional(case, start):
    kernel = case.draw(1, 4 if case.dims == 2 else 3)
    windows = case.draw(1, 6)
    size = [k + n - 1 + int(case.rng.integers(0, 9)) for k, n in zip(kernel, windows)]
    x = case.tensor(case.shape + tuple(size), case.flag(), case.flag(0.3)).requires_grad_()
    samples = torch.from_numpy(case.rng.random((1, 1, case.dims))).to(case.dtype).expand(*case.shape, -1).contiguous()
    y, picks = function("fractional_max_pool", case.dims)(x, kernel, windows, return_indices=True,
                                                          _random_samples=samples)
    number = numpy.float32 if case.dtype == torch.float32 else numpy.float64
    order = samples[0, 0].numpy().tolist()
    order = [number(s) for s in (reversed(order) if case.dims == 2 else order)]
    tables = [fractional_table(*line, number) for line in zip(order, size, windows, kernel)]
    axes = [Axis(s, n, table=t) for s, n, t in zip(size, windows, tables)]
    for judge_, options, files in start("fractional_max_pool", "max", axes, None):
        max_results(judge_, case, x, y, picks, options, files)


def unpooled(y, picks, size, dims):
    if dims == 1:
        return torch.ops.aten.max_unpool2d(y.unsqueeze(-1), picks.unsqueeze(-1), [size[0], 1]).squeeze(-1)
    if dims == 2:
        return torch.ops.aten.max_unpool2d(y, picks, size)
    return torch.ops.aten.max_unpool3d(y, picks, size, [1] * 3, [0] * 3)


def run_unpool(case, start):
    size, kernel, stride, padding, dilation = case.geometry()
    x = case.tensor(case.shape + tuple(size))
    _, picks = function("max_pool", case.dims)(x, kernel, stride, padding, dilation, False, return_indices=True)
    axes = regular(case, size, picks, kernel, stride, padding, dilation)
    if alone(axes).any():
        return
    y = case.tensor(picks.shape).requires_grad_()
    z = unpooled(y, picks, size, case.dims)
    v = case.tensor(z.shape)
    dy = torch.autograd.grad(z, y, v)[0]
    said = dialect("max", case, kernel, stride, padding, dilation, ceil_mode=False)
    for judge_, options, tables in start("max_unpool", "max", axes, said):
        ours = judge_.poolgrad.gradient(options + source_size(axes) + formats(case.dtype, "source-gradient"),
                                        indices=array_of(picks), source_gradient=array_of(y), **tables)
        legal = [(REPEATED, lambda: kept_or_added(array_of(y), array_of(picks), ours, array_of(z)))]
        judge(judge_.report, judge_.poolgrad, judge_.operator + " forward", judge_.name, ours, array_of(z), legal)
        ours = judge_.poolgrad.forward(options + formats(case.dtype, "source"), source=array_of(v),
                                       indices=array_of(picks), **tables)
        judge_.bits("gradient", ours, array_of(dy))


# ---- Words -----------------------------------------------------------------------------------------------------------

def dimensions(case):
    return [f"--dimensions={case.dims}"]


def dialect(kind, case, kernel, stride, padding, dilation, **flags):
    """The operator's arguments in PyTorch's words."""
    lists = {"kernel_size": kernel, "stride": stride, "padding": padding,
             "dilation": dilation if kind == "max" else None}
    said = [f"--{key}={','.join(map(str, value))}" for key, value in lists.items() if value is not None]
    return ["--dialect=torch", *dimensions(case), *said, *(f"--{key}={str(v).lower()}" for key, v in flags.items())]


class Run:
    """All cases of all operators."""

    def __init__(self, report, poolgrad, chosen):
        self.report, self.poolgrad, self.chosen = report, poolgrad, chosen

    def starter(self, case):
        def start(operator, kind, axes, said, own=()):
            """The ways to say a problem: poolgrad's words, and PyTorch's."""
            for words_ in self.chosen.words.split(","):
                tables = {}
                options = options_of(kind, axes, tables, *own)
                if words_ == "torch":
                    if said is None:
                        continue
                    tables, options = {}, [f"--kind={kind}", *said]
                judge_ = Judge(self.report, self.poolgrad, case, operator, options)
                judge_.axes = axes
                yield judge_, options, {key.replace("-", "_"): table for key, table in tables.items()}
        return start

    def one(self, name, dims, seed):
        run, dtypes = OPERATORS[name]
        case = Case(seed, dims, dtypes)
        try:
            run(case, self.starter(case))
        except Refused as error:
            self.report.add(name, "WRONG refused", f"seed {seed}, {dims}d", f"{error}\n    {self.poolgrad.line}")
        except (RuntimeError, NotImplementedError) as error:
            reason = re.split("[:(]", str(error).splitlines()[0])[0].strip()
            self.report.note(f"PyTorch refuses {name} {dims}d: {reason}")

    def all(self):
        for name in self.chosen.operator or OPERATORS:
            for number in range(self.chosen.cases):
                dims = 1 + number % 3
                if name != "fractional_max" or dims > 1:
                    self.one(name, dims, self.chosen.seed + number)


ALL = list(FORMATS)
PLAIN = [torch.float32, torch.float64]
OPERATORS = {
    "max": (run_max, ALL),
    "average": (run_average, ALL),
    "adaptive_average": (lambda case, start: run_adaptive(case, start, "adaptive_avg_pool", "average"), ALL),
    "adaptive_max": (lambda case, start: run_adaptive(case, start, "adaptive_max_pool", "max"), ALL),
    "lp": (run_lp, PLAIN),
    "fractional_max": (run_fractional, PLAIN),
    "max_unpool": (run_unpool, PLAIN),
}


def main():
    parser = arguments(__doc__, 1000)
    parser.add_argument("--operator", action="append", choices=OPERATORS, help="this one only")
    parser.add_argument("--words", default="own,torch", help="own, torch (the dialect), or both (%(default)s)")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    report = Report(f"PyTorch {torch.__version__}", chosen.shown)
    with Poolgrad(chosen.poolgrad) as poolgrad:
        Run(report, poolgrad, chosen).all()
    sys.exit(report.end())


if __name__ == "__main__":
    main()
