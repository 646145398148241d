#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds poolgrad to pooling problems of oneDNN's benchdnn, given as lists.

    bench/conform_benchdnn.py --poolgrad build/release/poolgrad LIST...

A LIST is benchdnn's own batch file (lines such as `--alg=max` and `ic64_iw32ow16kw3sw2`), or the same as a table: CSV
with a column for each figure (mb ic id ih iw od oh ow kd kh kw sd sh sw pd ph pw dd dh dw) and, if there, dir, alg, dt,
tag and post_ops. What a list leaves open is run in every way: all three algorithms, forward and backward.

Every problem is compared bit for bit with plain loops over taps, written here by oneDNN's rules: a dilation of 0 is
dense, the padding behind is what the output's size makes of it and may be negative, average divides by the window or by
its pixels inside the image, max takes the first of equal taps. Large problems are made smaller by the rule in `shrunk`.
Needs numpy.
"""
import csv
import itertools
import os
import re
import sys
from fractions import Fraction

from conform import Axis, Poolgrad, Refused, Report, arguments, judge, numpy, same_values, words

LARGEST = 1 << 16  # elements of a source that has more than one plane
LONGEST = 1 << 20  # pixels of a row
RULE = (f"At most 2 images and 33 channels; then channels, then images halve while the source has more than {LARGEST} "
        f"elements; a row of more than {LONGEST} pixels loses windows in its middle.")
ALGORITHMS = ("max", "avg_include_padding", "avg_exclude_padding")
LAYOUTS = {"abx": "nchw", "abc": "nchw", "abcd": "nchw", "abcde": "nchw", "any": "nchw",
           "axb": "nhwc", "acb": "nhwc", "acdb": "nhwc", "acdeb": "nhwc",
           "aBcd4b": "nc4hw4", "aBcd8b": "nc8hw8", "aBcd16b": "nc16hw16", "aBcd32b": "nc32hw32"}
SPATIAL = "dhw"


# ---- Lists -----------------------------------------------------------------------------------------------------------

def rows(path):
    """Problems of a list: dictionaries of figures, and of the words dir, alg, dt, tag, post_ops, name."""
    with open(path, encoding="utf-8") as file:
        first = file.readline()
        file.seek(0)
        if re.search(r"(^|,)ndims(,|$)", first.strip()):
            for row in csv.DictReader(file):
                yield {key: int(value) if re.fullmatch(r"-?\d+", value) else value for key, value in row.items()}
        else:
            yield from batch(file, os.path.dirname(path))


def batch(lines, folder, state=None):
    """Problems of benchdnn's own form."""
    state = {} if state is None else state
    for line in lines:
        for word in line.split("#")[0].split():
            key, _, value = word.partition("=")
            if key == "--batch":
                with open(os.path.join(folder, value), encoding="utf-8") as file:
                    yield from batch(file, folder, state)
            elif key == "--reset":
                state.clear()
            elif key.startswith("--"):
                state[key[2:]] = value.split(",") if value else [""]
            else:
                yield from described(word, state)


def described(word, state):
    """A descriptor in each way that the options before it ask for."""
    text, _, name = word.partition('n"')
    figures = {key: int(value) for key, value in re.findall(r"([a-z]+)(\d+)", text)}
    row = completed(figures)
    row["name"] = name.strip('"') or word
    for key, values in state.items():
        if key not in ("dir", "alg", "dt", "tag", "mb"):
            row["left out"] = f"--{key}={','.join(values)}"
    ways = [[(key, value) for value in state[key]] for key in ("dir", "alg", "dt", "tag") if key in state]
    for way in itertools.product(*ways):
        yield {**row, **dict(way), "mb": int(state.get("mb", [row["mb"]])[0] or row["mb"])}


def completed(given):
    """A descriptor's figures with benchdnn's defaults: what is left out of a size and its pad follows from the rest."""
    row = {"mb": 2, "ic": 1, **given}
    present = [a for a in SPATIAL if {"i" + a, "k" + a} & set(given)]
    row["ndims"] = 2 + (3 if "d" in present else 2 if "h" in present else 1)
    for a in SPATIAL:
        donor = a if a in present else present[0] if a in SPATIAL[-(row["ndims"] - 2):] else None
        if donor is None:
            row.update({"i" + a: 1, "o" + a: 1, "k" + a: 1, "s" + a: 1, "p" + a: 0, "d" + a: 0})
            continue
        size, kernel = given["i" + donor], given["k" + donor]
        stride, dilation = given.get("s" + donor, 1), given.get("d" + donor, 0)
        extent = (kernel - 1) * (dilation + 1) + 1
        pad, windows = given.get("p" + donor), given.get("o" + donor)
        if pad is None:
            pad = 0 if windows is None else max((windows - 1) * stride + extent - size, 0) // 2
        if windows is None:
            windows = (size + 2 * pad - extent) // stride + 1
        row.update({"i" + a: size, "o" + a: windows, "k" + a: kernel, "s" + a: stride, "p" + a: pad, "d" + a: dilation})
    return row


def shrunk(row):
    """The problem by RULE."""
    row = dict(row, mb=min(row["mb"], 2), ic=min(row["ic"], 33))
    for a in SPATIAL:
        dropped = (row["i" + a] - LONGEST) // row["s" + a]
        if dropped > 0:
            row["i" + a] -= dropped * row["s" + a]
            row["o" + a] -= dropped
    plane = row["id"] * row["ih"] * row["iw"]
    for key in ("ic", "mb"):
        while row[key] > 1 and plane * row["mb"] * row["ic"] > LARGEST:
            row[key] //= 2
    return row


# ---- Plain loops over taps -------------------------------------------------------------------------------------------

def tap_pixels(axes, tap):
    """For one tap of every window: where it lies, clipped to the image, and whether that is inside."""
    places, inside = [], numpy.ones((1,) * len(axes), bool)
    for number, (axis, t) in enumerate(zip(axes, tap)):
        at = numpy.arange(axis.windows) * axis.stride - axis.before + t * axis.dilation
        shape = [1] * len(axes)
        shape[number] = -1
        inside = inside & ((at >= 0) & (at < axis.size)).reshape(shape)
        places.append(numpy.clip(at, 0, axis.size - 1))
    return (slice(None), slice(None)) + numpy.ix_(*places), inside


def taps(axes):
    return list(itertools.product(*(range(axis.kernel) for axis in axes)))


def plain_max(x, axes):
    """Values, and the tap that each window picked; -1 for a window in the padding."""
    shape = x.shape[:2] + tuple(axis.windows for axis in axes)
    best, pick = numpy.zeros(shape, x.dtype), numpy.full(shape, -1, numpy.int64)
    for number, tap in enumerate(taps(axes)):
        places, inside = tap_pixels(axes, tap)
        better = inside & ((pick < 0) | (x[places] > best))
        best = numpy.where(better, x[places], best)
        pick = numpy.where(better, number, pick)
    return best, pick


def counts(axes, include):
    if include:
        return numpy.float32(numpy.prod([axis.kernel for axis in axes]))
    return sum(tap_pixels(axes, tap)[1].astype(numpy.float32) for tap in taps(axes))


def plain_average(x, axes, include):
    total = numpy.zeros(x.shape[:2] + tuple(axis.windows for axis in axes), numpy.float32)
    for tap in taps(axes):
        places, inside = tap_pixels(axes, tap)
        total += numpy.where(inside, x[places], numpy.float32(0))
    n = counts(axes, include)
    return numpy.where(n > 0, total / numpy.maximum(n, 1), numpy.float32(0)).astype(numpy.float32)


def scattered(shares, shape, axes):
    """The sum of what each tap's function of `shares` gives a pixel, windows ascending: taps descending."""
    dx = numpy.zeros(shape, numpy.float32)
    for number, tap in reversed(list(enumerate(taps(axes)))):
        places, inside = tap_pixels(axes, tap)
        inside, share = numpy.broadcast_to(inside, shares(number).shape[2:]), shares(number)
        kept = [numpy.flatnonzero(inside.any(axis=tuple(set(range(len(axes))) - {a}))) for a in range(len(axes))]
        target = places[:2] + numpy.ix_(*(p.ravel()[k] for p, k in zip(places[2:], kept)))
        dx[target] += share[(slice(None), slice(None)) + numpy.ix_(*kept)]
    return dx


def plain_gradient(x, g, axes, alg):
    if alg == "max":
        pick = plain_max(x, axes)[1]
        return scattered(lambda number: numpy.where(pick == number, g, numpy.float32(0)), x.shape, axes)
    n = counts(axes, alg == "avg_include_padding")
    share = numpy.where(n > 0, g / numpy.maximum(n, 1), numpy.float32(0)).astype(numpy.float32)
    return scattered(lambda number: share, x.shape, axes)


# ---- Formats and layouts ---------------------------------------------------------------------------------------------

def to_bfloat16(x):
    bits = x.astype(numpy.float32).view(numpy.uint32)
    return ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(numpy.uint16)


def rounded(x, dt):
    """float32 numbers as an array of the format, as the command reads and writes them."""
    return to_bfloat16(x) if dt == "bf16" else x.astype(numpy.float16 if dt == "f16" else numpy.float32)


def exact(array):
    """Back to float32."""
    if array.dtype.kind == "V" or array.dtype == numpy.uint16:
        return (array.view(numpy.uint16).astype(numpy.uint32) << 16).view(numpy.float32)
    return array.astype(numpy.float32)


def block_of(layout):
    return int(layout[2:].split("hw")[0]) if layout.startswith("nc") and layout[2].isdigit() else 0


def packed(array, layout):
    """An array of N C ... in memory as the layout has it; lanes that nothing uses hold a number that would show."""
    if layout == "nhwc":
        return numpy.ascontiguousarray(numpy.moveaxis(array, 1, -1))
    block = block_of(layout)
    if not block:
        return array
    n, c, *rest = array.shape
    full = numpy.full((n, -(-c // block) * block, *rest), 99, array.dtype)
    full[:, :c] = array
    return numpy.ascontiguousarray(numpy.moveaxis(full.reshape(n, -1, block, *rest), 2, -1))


def unpacked(array, layout, channels):
    if layout == "nhwc":
        return numpy.moveaxis(array, -1, 1)
    if not block_of(layout):
        return array
    full = numpy.moveaxis(array, -1, 2)
    return full.reshape(full.shape[0], -1, *full.shape[3:])[:, :channels]


# ---- One problem -----------------------------------------------------------------------------------------------------

def axes_of(row):
    return [Axis(row["i" + a], row["o" + a], row["k" + a], row["s" + a], row["d" + a] + 1, row["p" + a])
            for a in SPATIAL[-(row["ndims"] - 2):]]


def dialect_words(row, alg):
    """The same in oneDNN's words."""
    axes = axes_of(row)
    lists = {"kernel": [a.kernel for a in axes], "strides": [a.stride for a in axes],
             "dilation": [a.dilation - 1 for a in axes], "padding_l": [a.before for a in axes],
             "padding_r": [a.behind for a in axes]}
    algorithm = {"max": "pooling_max"}.get(alg, "pooling_" + alg)
    return ["--dialect=onednn", f"--dimensions={len(axes)}", f"--alg_kind={algorithm}",
            *(f"--{key}={','.join(map(str, value))}" for key, value in lists.items())]


def own_words(row, alg, arrays):
    options = words(axes_of(row), arrays)
    return options + (["--edge-mode=zero"] if alg == "avg_include_padding" else [])


def data(row, rng, alg, dt):
    shape = (row["mb"], row["ic"]) + tuple(axis.size for axis in axes_of(row))
    if dt in ("u8", "s8", "s32"):
        return rng.integers(0 if dt == "u8" else -128, 256 if dt == "u8" else 128, shape).astype(numpy.float32)
    if alg == "max":  # few numbers: ties
        return rng.integers(-9, 9, shape).astype(numpy.float32)
    return exact(rounded(rng.standard_normal(shape).astype(numpy.float32), dt))


class Problem:
    """A problem of a list in one way, and what came of it."""

    def __init__(self, report, poolgrad, row, dialect):
        self.report, self.poolgrad, self.row = report, poolgrad, row
        self.alg, self.axes = row["alg"], axes_of(row)
        source, _, result = row.get("dt", "f32").partition(":")
        self.dt = source
        self.result = result or source
        tag = row.get("tag") or "any"
        blocked_volume = row["ndims"] == 5 and block_of(LAYOUTS.get(tag, "nchw"))
        self.layout = "nchw" if tag not in LAYOUTS or blocked_volume else LAYOUTS[tag]
        self.dialect = dialect
        if not dialect:
            self.notes(tag, row)
        self.name = row.get("name") or " ".join(f"{k}{v}" for k, v in row.items() if isinstance(v, int))

    def notes(self, tag, row):
        """How the problem is expressed, where that is not as it stands."""
        report = self.report
        if tag != "abx" and self.layout == "nchw" and LAYOUTS.get(tag) != "nchw":
            report.note(f"tag {tag}, {row['ndims']} dimensions: no layout of poolgrad's, run as nchw")
        if {self.dt, self.result} & {"u8", "s8", "s32"}:
            report.note(f"data type {row.get('dt')}: the same numbers in float32, f16 as such")
        if row.get("post_ops"):
            report.note("post-operations: no pooling, left out")

    def options(self, gradient):
        arrays = {}
        options = dialect_words(self.row, self.alg) if self.dialect else own_words(self.row, self.alg, arrays)
        options += ["--kind=" + ("max" if self.alg == "max" else "average"), "--layout=" + self.layout]
        if block_of(self.layout):
            options += [f"--channels={self.row['ic']}"]
        if self.dt == "bf16":
            options += ["--source-format=bfloat16"] + (["--source-gradient-format=bfloat16"] if gradient else [])
        if self.result in ("u8", "s8", "s32") and self.dt == "f16":
            options += ["--format=float32"]
        return options

    def operator(self, direction):
        return f"{self.alg} {direction}"

    def compare(self, direction, expected, actual):
        actual = unpacked(actual, self.layout, self.row["ic"])
        judge(self.report, self.poolgrad, self.operator(direction), self.name, actual, expected)

    def alone(self, pick):
        """Windows of padding alone: oneDNN's max has the least number there, its average no definition."""
        if (pick < 0).any() and not self.dialect:
            self.report.note("max with windows of padding alone: +0, none picked; oneDNN has the least number")

    def forward(self, rng, with_picks):
        x = data(self.row, rng, self.alg, self.dt)
        source = packed(rounded(x, self.dt), self.layout)
        if self.alg == "max":
            expected, pick = plain_max(x, self.axes)
            self.alone(pick)
        else:
            expected = plain_average(x, self.axes, self.alg == "avg_include_padding")
        result = "f32" if self.result in ("u8", "s8", "s32") else self.result
        options = self.options(False)
        if self.alg == "max" and with_picks:
            y, picks = self.poolgrad.forward(options + ["--picks-format=tap32"], True, source=source)
            self.compare("picks", pick.astype(numpy.uint32), picks.view(numpy.uint32))
        else:
            y = self.poolgrad.forward(options, source=source)
        self.compare("forward", rounded(expected, result), y)
        if self.result in ("u8", "s8", "s32") and self.alg != "max" and self.dt != "f16":
            self.integers(x, unpacked(y, self.layout, self.row["ic"]))

    def integers(self, x, y):
        """An average of integers, rounded as oneDNN stores it, against integers alone."""
        include = self.alg == "avg_include_padding"
        n = numpy.broadcast_to(counts(self.axes, include), y.shape[2:]).ravel()
        total = numpy.rint(plain_total(x, self.axes)).reshape(-1, n.size)
        want = [round(Fraction(int(s), int(d))) for plane in total for s, d in zip(plane, n)]
        name = "same integers" if same_values(numpy.rint(y).ravel(), numpy.array(want, numpy.float32)) else "WRONG"
        self.report.add(self.operator("integers"), name, self.name, "rounded average")

    def backward(self, rng):
        x = data(self.row, rng, self.alg, self.dt)
        shape = x.shape[:2] + tuple(axis.windows for axis in self.axes)
        g = exact(rounded(rng.integers(-99, 99, shape).astype(numpy.float32) / 7, self.dt))
        dx = plain_gradient(x, g, self.axes, self.alg)
        pack = lambda a: packed(rounded(a, self.dt), self.layout)
        ours = self.poolgrad.gradient(self.options(True), source=pack(x), source_gradient=pack(g))
        self.compare("gradient", rounded(dx, self.dt), ours)

    def run(self, rng):
        direction = self.row["dir"]
        try:
            if direction.startswith("FWD"):
                self.forward(rng, direction == "FWD_D")
            else:
                self.backward(rng)
        except Refused as error:
            name = "refused, as by oneDNN: padding alone" if self.dialect and self.excluded() else "WRONG refused"
            self.report.add(self.operator(direction), name, self.name, f"{error}\n    {self.poolgrad.line}")

    def excluded(self):
        """Whether an average without its padding would divide by nothing, which oneDNN refuses."""
        return self.alg == "avg_exclude_padding" and not numpy.all(counts(self.axes, False))


def plain_total(x, axes):
    """Sums of integers, exact in float64."""
    total = 0
    for tap in taps(axes):
        places, inside = tap_pixels(axes, tap)
        total = total + numpy.where(inside, x[places].astype(numpy.float64), 0)
    return total


def ways(row):
    """The problem in each way that its list leaves open."""
    algorithms = [row["alg"]] if row.get("alg") else ALGORITHMS
    directions = [row["dir"]] if row.get("dir") else ("FWD_D", "BWD_D")
    for alg, direction in itertools.product(algorithms, directions):
        alg = {"avg_np": "avg_exclude_padding", "avg_p": "avg_include_padding"}.get(alg, alg)
        yield {**row, "alg": alg, "dir": direction}


def main():
    parser = arguments(__doc__, 0)
    parser.add_argument("lists", nargs="+", metavar="LIST")
    parser.add_argument("--words", default="own,onednn", help="own, onednn (the dialect), or both (%(default)s)")
    chosen = parser.parse_args()
    status = 0
    print(RULE)
    with Poolgrad(chosen.poolgrad) as poolgrad:
        for path in chosen.lists:
            report = Report(os.path.basename(path), chosen.shown)
            for number, row in enumerate(rows(path)):
                small = shrunk(row)
                if small != row:
                    report.note("made smaller by the rule")
                if "left out" in row:
                    report.note(f"option {row['left out']} left out")
                for way, said in itertools.product(ways(small), chosen.words.split(",")):
                    Problem(report, poolgrad, way, said == "onednn").run(numpy.random.default_rng(number))
            status |= report.end()
    sys.exit(status)


if __name__ == "__main__":
    main()
