# SPDX-License-Identifier: Apache-2.0
"""What the conformance scripts of this folder share: running the command, its words, comparing and reporting.

Each script computes pooling with another implementation, or reads what another project expects, and holds poolgrad to
that. docs/conformance.md explains the classes they print. Needs numpy.
"""
import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass

SKIPPED = 77


def need(*names):
    """The modules of these names; where one is not installed the script ends, and says which."""
    modules = []
    for name in names:
        try:
            modules.append(importlib.import_module(name))
        except ImportError as error:
            print(f"skipped: no Python package {name} ({error})")
            sys.exit(SKIPPED)
    return modules[0] if len(modules) == 1 else modules


numpy = need("numpy")

# Words of the axes, the last axis of an array first.
NAMES = (
    {"size": "width", "axis": "x", "before": "left", "behind": "right"},
    {"size": "height", "axis": "y", "before": "top", "behind": "bottom"},
    {"size": "depth", "axis": "z", "before": "front", "behind": "back"},
)


@dataclass(frozen=True)
class Axis:
    """Windows along an axis: an arithmetic progression, or a table of (first pixel, size)."""
    size: int
    windows: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0  # pixels of the first window before the image
    counted: tuple = (0, 0)  # of them and of those behind, the ones that average counts
    table: tuple = None

    @property
    def extent(self):
        return (self.kernel - 1) * self.dilation + 1

    @property
    def behind(self):
        """Pixels that the last window reaches beyond the image; negative where it ends before."""
        return (self.windows - 1) * self.stride + self.extent - self.size - self.before

    def spans(self):
        """The pixels of each window, inside the image or not."""
        if self.table:
            return [range(first, first + size) for first, size in self.table]
        starts = (i * self.stride - self.before for i in range(self.windows))
        return [range(first, first + self.extent, self.dilation) for first in starts]


def words(axes, arrays):
    """Options for these axes, which stand in the order of the array's shape. Tables are added to the arrays."""
    options = ["--dimensions", str(len(axes))]
    for axis, name in zip(reversed(axes), NAMES):
        if axis.table:
            key = "windows-" + name["axis"]
            arrays[key] = numpy.array(axis.table, numpy.int64).reshape(-1, 2)
            value = {}
        else:
            value = {"kernel-" + name["size"]: axis.kernel, "stride-" + name["axis"]: axis.stride,
                     "dilation-" + name["axis"]: axis.dilation, "pad-" + name["before"]: axis.before,
                     "pad-" + name["behind"]: axis.behind}
        for side, counted in zip(("before", "behind"), axis.counted):
            if counted:
                value["zero-pad-" + name[side]] = counted
        options += [f"--{key}={value}" for key, value in value.items()]
    return options


def source_size(axes):
    """The options that stand for a source where no file does."""
    return [f"--source-{name['size']}={axis.size}" for axis, name in zip(reversed(axes), NAMES)]


class Refused(Exception):
    """The command's sentence."""


class Poolgrad:
    """The command, each call with files of its own."""

    def __init__(self, command):
        self.command = command
        self.folder = tempfile.mkdtemp(prefix="poolgrad-conform-")
        self.calls = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name + ".npy")

    def call(self, verb, options, arrays, outputs=()):
        """Runs the command; arrays and outputs are named as their options are."""
        self.calls += 1
        line = [self.command, verb, *options]
        for name, array in arrays.items():
            numpy.save(self.path(name), array)
            line += ["--" + name, self.path(name)]
        for name in outputs:
            line += ["--" + name, self.path(name)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        self.line = " ".join(line)
        if done.returncode not in (0, 1) or (done.returncode == 1 and verb != "verify"):
            raise Refused(done.stderr.strip() or f"status {done.returncode}")
        return done

    def forward(self, options, picks=False, **arrays):
        """The result; with picks a pair."""
        outputs = ("output", "picks") if picks else ("output",)
        self.call("forward", options, keys(arrays), outputs)
        results = [numpy.load(self.path(name)) for name in outputs]
        return results if picks else results[0]

    def gradient(self, options, **arrays):
        self.call("gradient", options, keys(arrays), ("output",))
        return numpy.load(self.path("output"))

    def verify(self, options, **arrays):
        """Whether the array `actual` is within the bounds, and what is said of it."""
        done = self.call("verify", options, keys(arrays))
        return done.returncode == 0, done.stdout


def keys(arrays):
    return {name.replace("_", "-"): array for name, array in arrays.items() if array is not None}


def widened(array):
    """Numbers in the least of numpy's formats that holds them; 16-bit patterns are bfloat16."""
    array = numpy.asarray(array)
    if array.dtype.kind == "V" or array.dtype == numpy.uint16:
        return (array.view(numpy.uint16).astype(numpy.uint32) << 16).view(numpy.float32)
    return array


def same_bits(a, b):
    """Same shape, same numbers, zeros of the same sign; every NaN is one."""
    a, b = widened(a), widened(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return numpy.array_equal(a, b)
    return bool(numpy.all((numpy.isnan(a) & numpy.isnan(b)) | ((a == b) & (numpy.signbit(a) == numpy.signbit(b)))))


def same_values(a, b):
    """As same_bits, but +0 is -0."""
    a, b = widened(a), widened(b)
    return a.shape == b.shape and numpy.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def first_difference(expected, actual):
    a, b = widened(expected), widened(actual)
    if a.shape != b.shape:
        return f"shape {b.shape}, expected {a.shape}"
    at = numpy.argwhere(~((a == b) | ((a != a) & (b != b))))
    if len(at) == 0:
        return "signs of zeros"
    at = tuple(int(i) for i in at[0])
    return f"at {at}: {b[at]!r}, expected {a[at]!r}"


REPEATED = "repeated places: one value is kept, poolgrad adds"


def kept_or_added(y, places, ours, theirs):
    """Whether an unpooling that meets places twice differs as it must: theirs has one of the values, ours their sum."""
    planes = lambda a: numpy.asarray(a).reshape(a.shape[0] * a.shape[1], -1)
    for values, at, added, kept in zip(*map(planes, (y, places, ours, theirs))):
        total = numpy.zeros(added.shape, numpy.promote_types(values.dtype, numpy.float32))
        for value, place in zip(values, at):
            total[place] += value
        one = all((place not in at) and value == 0 or value in values[at == place] for place, value in enumerate(kept))
        if not (same_bits(total.astype(added.dtype), added) and one):
            return False
    return True


class Report:
    """Counts results by operator and class; a class that begins with WRONG makes the script fail."""

    def __init__(self, title, shown):
        self.title, self.shown = title, shown
        self.classes, self.notes = Counter(), Counter()

    def add(self, operator, name, case=None, detail=None):
        self.classes[(operator, name)] += 1
        if name.startswith("WRONG") and self.classes[(operator, name)] <= self.shown:
            print(f"{operator}: {name}: {case}\n    {detail}", flush=True)

    def note(self, text):
        """A deviation that is not a result: how a case was expressed."""
        self.notes[text] += 1

    def end(self):
        """Prints the classes; the script's exit status."""
        print(self.title)
        for (operator, name), count in sorted(self.classes.items()):
            print(f"{count:8}  {operator:24} {name}")
        for text, count in sorted(self.notes.items()):
            print(f"{count:8}  note: {text}")
        wrong = sum(count for (_, name), count in self.classes.items() if name.startswith("WRONG"))
        right = sum(self.classes.values()) - wrong
        print(f"{right} passed, {wrong} failed")
        if right + wrong == 0:
            print("no case ran")
        return 1 if wrong or not right else 0


def arguments(description, cases):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poolgrad", default=os.environ.get("POOLGRAD", "poolgrad"), help="the command")
    parser.add_argument("--shown", type=int, default=3, help="wrong cases shown of each class")
    if cases:
        parser.add_argument("--cases", type=int, default=cases, help="random geometries of each operator")
        parser.add_argument("--seed", type=int, default=1, help="of the first of them")
    return parser


def judge(report, poolgrad, operator, case, ours, theirs, legal=()):
    """Adds the class of a result of another implementation. Where bits differ, `legal` is asked: pairs of a class and a
    function that says whether the class explains the difference."""
    if same_bits(ours, theirs):
        report.add(operator, "same bits")
        return
    detail = first_difference(theirs, ours) + "\n    " + poolgrad.line
    for name, explains in legal:
        try:
            if explains():
                report.add(operator, name)
                return
        except Refused as error:
            detail += f"\n    {name}: {error}"
    report.add(operator, "WRONG bits", case, detail)
