# SPDX-License-Identifier: Apache-2.0
"""What the scripts suite_*.py share: a conformance kit read, computed by a framework, judged and told of.

A framework is a class with a title, the formats that it has, and

    compute(case)         the result, or the result and the places of its maxima; raises Foreign with the reason where
                          the framework has no words for the case
    declare(case)         options of `poolgrad suite verify`: what the framework says of its arithmetic
    explain(case, result, places)
                          why a result is wrong, where the script can compute that; None where it cannot

Arrays have their channels before their axes, whatever the layout; bfloat16 is uint16. docs/suite.md tells what was
found.
"""
import argparse
import itertools
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter, defaultdict

from conform import Axis, numpy, widened

# Slowest first, as shapes are: the name of the size, the letter, the sides.
AXES = (("depth", "z", "front", "back"), ("height", "y", "top", "bottom"), ("width", "x", "left", "right"))

# What no framework's pooling has, by the kit's words; the first that a case has is its reason.
FOREIGN = {
    "nc4hw4": "a blocked layout", "nc8hw8": "a blocked layout", "nc16hw16": "a blocked layout",
    "nc32hw32": "a blocked layout", "unorm": "a normalized integer format", "clip": "a clip rectangle",
    "mapping-clip": "the mapping of MPS's kernels", "gradient-region": "a part of the gradient that counts",
    "kernel-offset": "a kernel offset", "channel-window": "a part of the channels",
    "batch-window": "a part of the images", "size-only": "a source without data", "empty": "an image without elements",
}
OUTCOMES = ("right", "undocumented", "unbounded", "wrong", "unreadable", "failed")


class Foreign(Exception):
    """The reason why a framework cannot express a case."""


class Case:
    """A case of a kit."""

    def __init__(self, kit, entry):
        self.kit, self.name, self.features = kit, entry["name"], entry["features"]
        self.problem, self.files = entry["problem"], entry["files"]
        self.format = self.files["expected"]["format"]
        self.gather = "gather" in self.features
        self.gradient = self.problem["direction"] == "gradient"
        self.kind = "root-mean" if self.problem["root_mean"] else self.problem["kind"]
        self.direction = "gather" if self.gather else self.problem["direction"]
        self.clamp = self.problem["edge_mode"] == "clamp"
        self.divisor = self.problem["divisor"]
        self.wants_places = self.files.get("expected_indices", {}).get("format") in ("int32", "int64")
        # Ties that all share or split, and a choice by tap numbers, are rules that no framework has.
        self.plain_ties = self.kind != "max" or self.problem["ties"] in ("first", "last")

    def foreign(self, formats):
        """Raises Foreign where no framework can have words for the case."""
        reason = next((FOREIGN[word] for word in FOREIGN if word in self.features), None)
        if reason:
            raise Foreign(reason)
        values = [name for name in self.files if name not in ("exact", "expected_indices", "indices")]
        if len({self.files[name]["format"] for name in values}) > 1:
            raise Foreign("images of several formats")
        if self.format not in formats:
            raise Foreign("no " + self.format)
        if not self.plain_ties:
            raise Foreign("ties that share a gradient, or split it")
        if "indices" in self.files and self.files["indices"]["format"].startswith("tap"):
            raise Foreign("indices that are numbers of taps")

    def path(self, name):
        return os.path.join(self.kit, self.files[name]["file"])

    def read(self, name):
        entry, array = self.files[name], numpy.load(self.path(name))
        array = array.view(numpy.uint16) if array.dtype.kind == "V" else array
        return numpy.moveaxis(array, -1, 1) if entry["layout"] == "nhwc" else array

    def sides(self, name):
        """The sizes of an array, channels left out."""
        return [self.files[name][size] for size, _, _, _ in AXES if self.files[name][size] or size != "depth"]

    @property
    def axes(self):
        """The windows of each axis, in the order of shapes."""
        problem, sizes = self.problem, self.sides("source")
        windows = self.sides("source_gradient" if self.gradient else "expected")
        axes = []
        for (name, letter, before, behind), size, count in zip(AXES[-len(sizes):], sizes, windows):
            w, both = problem["window"], problem["zero_pad_" + letter]
            kernel, dilation = w["kernel_" + name], w["dilation_" + letter]
            first = problem["offset_" + letter] - ((kernel - 1) * dilation + 1) // 2
            counted = (both + problem["zero_pad_" + before], both + problem["zero_pad_" + behind])
            table = [tuple(row) for row in problem["windows_" + letter]]
            axes.append(Axis(size, count, kernel, w["stride_" + letter], dilation, -first, counted, table or None))
        return axes

    def spans(self):
        """For each axis, for each window, its taps: pixels inside the image and outside."""
        return [axis.spans() for axis in self.axes]

    def divisors(self):
        """What an average, or a root of the mean, divides each window's sum by."""
        if self.divisor:
            return numpy.full(self.sides("source_gradient" if self.gradient else "expected"), self.divisor)
        counts = numpy.ones(1, numpy.int64)
        for axis in self.axes:
            low, high = (-axis.counted[0], axis.size + axis.counted[1])
            each = [len(span) if not self.clamp else sum(low <= p < high for p in span) for span in axis.spans()]
            counts = numpy.multiply.outer(counts, numpy.array(each, numpy.int64))
        return counts[0]


def room(axes):
    """Of each axis the slice of the image, and the pads around it, that windows reach from the first to the last."""
    slices = [slice(max(-a.before, 0), a.size + min(a.behind, 0)) for a in axes]
    if any(s.start >= s.stop for s in slices):
        raise Foreign("windows beside the image alone")
    return slices, [(max(a.before, 0), max(a.behind, 0)) for a in axes]


def regular(axes):
    """Refuses axes with a table."""
    if any(a.table for a in axes):
        raise Foreign("windows by a table")
    return axes


def is_adaptive(axes):
    """Whether adaptive pooling has these windows: one for each pixel where there is no table."""
    for a in axes:
        each = [(i * a.size // a.windows, -(-(i + 1) * a.size // a.windows)) for i in range(a.windows)]
        if [(span.start, span.stop) for span in a.spans()] != each or a.dilation != 1:
            return False
    return True


def unpadded(places, axes):
    """Places in a volume that was cut and padded as room() says, counted in the image; none outside is -1."""
    slices, pads = room(axes)
    shape = [s.stop - s.start + sum(pad) for s, pad in zip(slices, pads)]
    at = numpy.unravel_index(numpy.maximum(places, 0), shape)
    at = [i - pad[0] + s.start for i, s, pad in zip(at, slices, pads)]
    inside = places >= 0
    for i, axis in zip(at, axes):
        inside &= (i >= 0) & (i < axis.size)
    sizes = [axis.size for axis in axes]
    return numpy.where(inside, numpy.ravel_multi_index([i.clip(0, n - 1) for i, n in zip(at, sizes)], sizes), -1)


# ---- Arithmetic that scripts explain results by: every step rounded to one format ------------------------------------

NUMPY = {"float16": numpy.float16, "float32": numpy.float32, "float64": numpy.float64}


def rounded(values, name):
    """Rounded to the format of this name; bfloat16 is kept in float32."""
    with numpy.errstate(all="ignore"):
        if name != "bfloat16":
            return numpy.asarray(values).astype(NUMPY[name])
        values = numpy.asarray(values, numpy.float32)
        bits = values.view(numpy.uint32)
        up = (bits + 0x7FFF + ((bits >> 16) & 1)) & numpy.uint32(0xFFFF0000)
        return numpy.where(numpy.isnan(values), values, up.view(numpy.float32))


class Steps:
    """Pooling one operation after the other, each rounded to a format. Sums go through windows in the order of rows."""

    def __init__(self, case, wide):
        """Sums of means are kept in the format `wide`."""
        self.case, self.name, self.axes, self.wide = case, case.format, case.axes, wide
        self.source = widened(case.read("source"))
        self.gradient = widened(case.read("source_gradient")) if case.gradient else None

    def round(self, values, name=None):
        return rounded(values, name or self.name)

    def taps(self):
        """Of each window its place, and the pixels of its taps that are in the image."""
        inside = [[[p for p in span if 0 <= p < axis.size] for span in axis.spans()] for axis in self.axes]
        for window in itertools.product(*(range(axis.windows) for axis in self.axes)):
            yield window, numpy.ix_(*(numpy.array(each[i], int) for each, i in zip(inside, window)))

    def sums(self, values, name):
        """The sum of each window of values, every addition rounded to the named format."""
        total = numpy.zeros((*values.shape[:2], *(axis.windows for axis in self.axes)), values.dtype)
        for window, at in self.taps():
            taps = values[(..., *at)].reshape(*values.shape[:2], -1)
            sum_ = numpy.zeros(values.shape[:2], values.dtype)
            for tap in numpy.moveaxis(taps, -1, 0):
                sum_ = self.round(sum_ + tap, name)
            total[(..., *window)] = sum_
        return total

    def spread(self, shares):
        """Each window's share added to all of its taps, every addition rounded."""
        total = numpy.zeros_like(self.source)
        for window, at in self.taps():
            share = shares[(..., *window)].reshape(*shares.shape[:2], *(1 for _ in self.axes))
            total[(..., *at)] = self.round(total[(..., *at)] + share)
        return total

    def folded(self, keeps, first=None):
        """Of each window its place, the number and the pixel that remain when taps are compared one after the other,
        and the taps: a number stays where keeps(number, tap) is true. Pixels outside are -1."""
        source, size = self.source, self.source.shape[2:]
        outside = numpy.full(source.shape[:2], -numpy.inf if self.case.clamp else 0, source.dtype)
        spans = self.case.spans()
        for window in itertools.product(*(range(axis.windows) for axis in self.axes)):
            taps = []
            for at in itertools.product(*(span[i] for span, i in zip(spans, window))):
                inside = all(0 <= p < n for p, n in zip(at, size))
                pixel = int(numpy.ravel_multi_index(at, size)) if inside else -1
                taps.append((pixel, source[(..., *at)] if inside else outside))
            best, place = (taps[0][1], taps[0][0]) if first is None else (source.dtype.type(first), -1)
            best, place = numpy.broadcast_to(best, source.shape[:2]), numpy.full(source.shape[:2], place)
            for pixel, tap in taps[first is None:]:
                stays = keeps(best, tap)
                best, place = numpy.where(stays, best, tap), numpy.where(stays, place, pixel)
            yield window, best, place, taps

    def scattered(self, picks):
        """Each window's gradient at its pick, of (window, pixels) pairs; every addition rounded."""
        total = numpy.zeros((*self.source.shape[:2], math.prod(self.source.shape[2:])), self.source.dtype)
        for window, pixels in picks:
            for n, c in numpy.argwhere(pixels >= 0):
                at = (n, c, pixels[n, c])
                total[at] = self.round(total[at] + self.gradient[(n, c, *window)])
        return total.reshape(self.source.shape)

    def near(self, result, error, divisors=1):
        """Whether a norm, a root of a mean or its gradient is the formula's but for this relative error of each term,
        and for sums in the result's format. Elements that are no numbers are left out."""
        wide, source = numpy.longdouble, self.source
        exact, sizes = numpy.zeros(result.shape, wide), numpy.zeros(result.shape, wide)
        most = math.prod(max(len(span) for span in axis.spans()) for axis in self.axes)
        divisors = numpy.broadcast_to(divisors, [axis.windows for axis in self.axes])
        for window, at in self.taps():
            n = int(divisors[window])
            square = (source[(..., *at)].astype(wide) ** 2).sum(axis=tuple(range(2, source.ndim)), keepdims=True)
            square = numpy.where(square > numpy.finfo(result.dtype).max, numpy.inf, square)
            root = numpy.sqrt(square / n)
            if not self.case.gradient:
                exact[(..., *window)] = sizes[(..., *window)] = root.reshape(root.shape[:2])
                continue
            share = numpy.where(root > 0, self.gradient[(..., *window)].reshape(root.shape) / n / root, 0)
            exact[(..., *at)] += share
            sizes[(..., *at)] += abs(share)
        if self.case.gradient:
            exact, sizes = exact * source, sizes * abs(source)
        if "before" in self.case.files:
            before = widened(self.case.read("before"))
            exact, sizes = exact + before, sizes + abs(before)
        bound = (error + most * numpy.finfo(result.dtype).eps) * sizes
        return bool(((abs(result - exact) <= bound) | ~numpy.isfinite(result) | (result == exact)).all())

    def by_axes(self, values):
        """Divided by the size of each window along one axis after the other."""
        for i, axis in enumerate(self.axes):
            sizes = numpy.array([len(span) for span in axis.spans()], values.dtype)
            values = self.round(values / sizes.reshape([-1 if k == i else 1 for k in range(len(self.axes))]))
        return values


def apart(a, b, name):
    """The greatest distance of two arrays in numbers of a format; NaNs are one, and so is each infinity."""
    a, b = widened(a), widened(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return math.inf
    with numpy.errstate(all="ignore"):
        unit = numpy.spacing(numpy.maximum(abs(a), abs(b))) * a.dtype.type(65536 if name == "bfloat16" else 1)
        distance = numpy.where((a == b) | (numpy.isnan(a) & numpy.isnan(b)), 0, abs(a - b) / unit)
    return float(numpy.nan_to_num(distance, nan=math.inf).max(initial=0))


# ---- A run -----------------------------------------------------------------------------------------------------------

def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poolgrad", default=os.environ.get("POOLGRAD", "poolgrad"), help="the command")
    parser.add_argument("--size", default="smoke", help="of the kit that is made: smoke, standard, exhaustive (smoke)")
    parser.add_argument("--kit", help="this kit, instead of one that is made")
    parser.add_argument("--outputs", help="a new folder that keeps the kit and what is computed")
    parser.add_argument("--shown", type=int, default=3, help="unexplained cases shown of each operator")
    return parser


class Run:
    """A kit computed by a framework, and what the command says of it."""

    def __init__(self, framework, chosen, folder):
        self.framework, self.poolgrad, self.shown = framework, chosen.poolgrad, chosen.shown
        self.folder = folder
        self.kit = chosen.kit or self.made(chosen.size)
        with open(os.path.join(self.kit, "manifest.json"), encoding="utf-8") as file:
            manifest = json.load(file)
        if manifest["format_version"] != 2:
            sys.exit(f"{self.kit}: format_version is {manifest['format_version']}; expected 2")
        self.size, self.cases = manifest["size"], [Case(self.kit, entry) for entry in manifest["cases"]]
        self.reasons, self.folders = Counter(), {}
        self.outcomes, self.causes, self.unexplained = defaultdict(Counter), Counter(), Counter()

    def made(self, size):
        kit = os.path.join(self.folder, "kit")
        subprocess.run([self.poolgrad, "suite", "generate", kit, "--size", size], check=True, stdout=subprocess.DEVNULL)
        return kit

    def save(self, case, result):
        """Into the folder of the case's declaration."""
        result, places = result if isinstance(result, tuple) else (result, None)
        options = tuple(self.framework.declare(case))
        folder = self.folders.setdefault(options, os.path.join(self.folder, f"outputs-{len(self.folders)}"))
        os.makedirs(folder, exist_ok=True)
        self.store(case, "expected", result, os.path.join(folder, case.name + ".npy"))
        if places is not None:
            self.store(case, "expected_indices", places, os.path.join(folder, case.name + ".indices.npy"))

    def store(self, case, name, array, path):
        entry = case.files[name]
        array = numpy.moveaxis(array, 1, -1) if entry["layout"] == "nhwc" else array
        array = numpy.ascontiguousarray(array)
        kind = {"bfloat16": "V2"}.get(entry["format"], entry["format"])
        numpy.save(path, array.view("V2") if kind == "V2" else array.astype(kind, copy=False))

    def stored(self, case, path):
        """A result and its places as they were stored, numbers widened; None without places."""
        arrays = [numpy.load(path + end) if os.path.exists(path + end) else None for end in (".npy", ".indices.npy")]
        last = case.files["expected"]["layout"] == "nhwc"
        arrays = [numpy.moveaxis(a, -1, 1) if last and a is not None else a for a in arrays]
        return widened(arrays[0]), arrays[1]

    def compute(self):
        for case in self.cases:
            try:
                case.foreign(self.framework.formats)
                result = self.framework.compute(case)
                values = result[0] if isinstance(result, tuple) else result
                if list(values.shape[2:]) != case.sides("expected"):
                    raise Foreign("another number of windows")
                self.save(case, result)
            except Foreign as reason:
                self.reasons[str(reason)] += 1

    def judge(self):
        for options, folder in self.folders.items():
            told = os.path.join(self.folder, "told.json")
            line = [self.poolgrad, "suite", "verify", self.kit, "--actual", folder, "--skip-missing", "--json", told]
            done = subprocess.run([*line, *options], capture_output=True, text=True, check=False)
            if done.returncode not in (0, 1):
                sys.exit(done.stderr)
            with open(told, encoding="utf-8") as file:
                verdicts = {entry["name"]: entry for entry in json.load(file)["cases"]}
            for case in self.cases:
                if verdicts[case.name]["outcome"] in OUTCOMES:
                    self.count(case, verdicts[case.name], folder)

    def count(self, case, verdict, folder):
        operator = f"{case.kind} {case.direction}"
        self.outcomes[operator, case.format][verdict["outcome"]] += 1
        if verdict["outcome"] in ("right", "unbounded"):
            return
        if verdict["outcome"] == "undocumented":
            self.causes[operator, "undocumented: " + verdict["sentence"].split(": ", 1)[-1]] += 1
            return
        cause = self.framework.explain(case, *self.stored(case, os.path.join(folder, case.name)))
        if not cause:
            self.unexplained[operator] += 1
            cause = "UNEXPLAINED, " + str(verdict.get("cause"))
            if self.unexplained[operator] <= self.shown:
                print(f"{operator} {case.format}: {case.name}: {verdict['sentence']}", flush=True)
        self.causes[operator, "wrong: " + cause] += 1

    def tell(self):
        computed = sum(sum(counts.values()) for counts in self.outcomes.values())
        print(f"{self.framework.title}: {computed} of the {len(self.cases)} cases of a {self.size} kit")
        print(f"{'':36}" + "".join(f"{outcome:>13}" for outcome in OUTCOMES[:4]))
        for (operator, name), counts in sorted(self.outcomes.items()):
            others = sum(counts[outcome] for outcome in OUTCOMES[3:])
            print(f"{operator:24} {name:11}" + "".join(f"{counts[o]:13}" for o in OUTCOMES[:3]) + f"{others:13}")
        totals = sum(self.outcomes.values(), Counter())
        print(f"{'all':36}" + "".join(f"{totals[o]:13}" for o in OUTCOMES[:4]))
        for options, folder in self.folders.items():
            count = sum(name.endswith(".npy") and not name.endswith(".indices.npy") for name in os.listdir(folder))
            print(f"declared for {count}: {' '.join(options) or 'nothing'}")
        for (operator, cause), count in sorted(self.causes.items(), key=lambda item: (item[0][1], item[0][0])):
            print(f"{count:6}  {operator}: {cause}")
        print("not expressed:")
        for reason, count in self.reasons.most_common():
            print(f"{count:6}  {reason}")
        wrong = sum(self.unexplained.values())
        print(f"{computed - wrong} passed, {wrong} failed")
        return 1 if wrong or not computed else 0


def main(framework, description):
    chosen = arguments(description).parse_args()
    warnings.simplefilter("ignore")
    if not shutil.which(chosen.poolgrad):
        sys.exit(f"--poolgrad is {chosen.poolgrad}; expected the command")
    if chosen.outputs:
        try:
            os.makedirs(chosen.outputs)
        except FileExistsError:
            sys.exit(f"--outputs is {chosen.outputs}; expected a new folder")
    with tempfile.TemporaryDirectory(prefix="poolgrad-suite-") as folder:
        run = Run(framework, chosen, chosen.outputs or folder)
        run.compute()
        run.judge()
        sys.exit(run.tell())
