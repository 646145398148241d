#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch as a backend of a conformance kit.

    poolgrad suite generate kit
    bench/suite_torch.py kit outputs
    poolgrad suite verify kit --actual outputs --skip-missing

Computes on the CPU what PyTorch can express: float32 and float64 in NCHW and NHWC, NCDHW and NDHWC, forward and by
automatic differentiation, without regions or windows of channels; adaptive windows, divisors, and gathers by
torch.gather. Needs python3-torch and python3-numpy.
"""
import json
import os
import sys
from collections import Counter

import numpy
import torch
import torch.nn.functional as F

# What its pooling layers have no words for.
FOREIGN = {"clip", "mapping-clip", "gradient-region", "kernel-offset", "channel-window", "batch-window", "indices",
           "add", "nc4hw4", "nc8hw8", "nc16hw16", "nc32hw32", "unorm", "size-only", "empty", "float16", "bfloat16",
           "root-mean"}

# Slowest first, as shapes are: the name of the size, the letter, the sides.
AXES = [("depth", "z", "front", "back"), ("height", "y", "top", "bottom"), ("width", "x", "left", "right")]


def read(kit, entry):
    """The array with its channels before its axes."""
    array = torch.from_numpy(numpy.load(os.path.join(kit, entry["file"])))
    return array.movedim(-1, 1) if entry["layout"] == "nhwc" else array


def padding(first, kernel, stride, dilation, size, windows):
    """Pixels before and behind that the windows reach; negative where they leave some out."""
    extent = (kernel - 1) * dilation + 1
    return -first, first + (windows - 1) * stride + extent - size


def is_adaptive(windows, size):
    """Whether adaptive pooling has these windows: one for each pixel where there is no table."""
    count = len(windows)
    return windows == [[i * size // count, -(-(i + 1) * size // count) - i * size // count] for i in range(count)]


def adaptive(problem, x, sizes, axes):
    """The result of adaptive pooling, or the reason why PyTorch cannot express it."""
    for (name, letter, _, _), size, count in zip(axes, x.shape[2:], sizes):
        windows = problem["windows_" + letter]
        alone = problem["window"]["kernel_" + name] == 1 and problem["window"]["stride_" + letter] == 1
        whole = alone and problem["offset_" + letter] == 0 and count == size
        if not (is_adaptive(windows, size) if windows else whole):
            return "table"
    if problem["kind"] == "l2norm" or problem["divisor"] or problem["ties"] not in ("first", "last"):
        return "adaptive " + problem["kind"]
    name = "adaptive_avg_pool" if problem["kind"] == "average" else "adaptive_max_pool"
    return getattr(F, f"{name}{len(axes)}d")(x, sizes)


def pooled(problem, x, sizes):
    """The result, or the reason why PyTorch cannot express it."""
    w, axes = problem["window"], AXES[-len(sizes):]
    if any(problem["windows_" + letter] for _, letter, _, _ in axes):
        return adaptive(problem, x, sizes, axes)
    kernel = [w["kernel_" + name] for name, _, _, _ in axes]
    stride = [w["stride_" + letter] for _, letter, _, _ in axes]
    dilation = [w["dilation_" + letter] for _, letter, _, _ in axes]
    centre = [problem["offset_" + letter] for _, letter, _, _ in axes]
    first = [c - ((k - 1) * d + 1) // 2 for c, k, d in zip(centre, kernel, dilation)]
    reach = [padding(*axis) for axis in zip(first, kernel, stride, dilation, x.shape[2:], sizes)]
    clamp = problem["edge_mode"] == "clamp"
    pads = [pad for axis in reversed(reach) for pad in axis]
    max_pool, average = getattr(F, f"max_pool{len(axes)}d"), getattr(F, f"avg_pool{len(axes)}d")
    if problem["kind"] == "max":
        if problem["ties"] not in ("first", "last"):
            return "ties"
        outside = -float("inf") if clamp else 0.0
        return max_pool(F.pad(x, pads, value=outside), kernel, stride, 0, dilation)
    if set(dilation) != {1}:
        return "dilation"
    if problem["kind"] == "l2norm":
        power = getattr(F, f"lp_pool{len(axes)}d", None)
        return power(F.pad(x, pads), 2, kernel, stride) if power else "lp_pool3d"
    if problem["divisor"]:
        return average(F.pad(x, pads), kernel, stride, divisor_override=problem["divisor"])
    if not clamp:
        return average(F.pad(x, pads), kernel, stride)
    inner = [max(before, 0) for before, _ in reach]
    zero = [problem["zero_pad_" + letter] for _, letter, _, _ in axes]
    if any(2 * p > k for p, k in zip(inner, kernel)) or any(before < 0 for before, _ in reach):
        return "padding"
    one_sided = any(problem["zero_pad_" + side] for axis in axes for side in axis[2:])
    if one_sided or (any(zero) and zero != inner):
        return "zero padding"
    # What is left of the padding behind the image decides how many windows there are, with ceil mode or without.
    for ceil in (False, True):
        y = average(x, kernel, stride, inner, ceil, zero == inner and any(inner))
        if list(y.shape[2:]) == sizes:
            return y
    return "number of windows"


def gathered(x, places):
    """The elements at places in the volume; +0 where there is none."""
    taken = x.flatten(2).gather(2, places.flatten(2).clamp(min=0)).reshape(places.shape)
    return torch.where(places < 0, torch.zeros((), dtype=x.dtype), taken)


def compute(kit, case):
    problem, files = case["problem"], case["files"]
    x = read(kit, files["source"]).clone().requires_grad_()
    if "gather" in case["features"]:
        places = read(kit, files["indices"])
        return gathered(x, places).detach() if places.dtype == torch.int64 else "indices"
    gradient = problem["direction"] == "gradient"
    g = read(kit, files["source_gradient"]) if gradient else None
    entry = files["source_gradient" if gradient else "expected"]
    sizes = [entry[name] for name, _, _, _ in AXES if entry[name] or name != "depth"]
    y = pooled(problem, x, sizes)
    if isinstance(y, str):
        return y
    if list(y.shape[2:]) != sizes or (gradient and g.dtype != y.dtype):
        return "shape or format"
    if gradient:
        y.backward(g)
        y = x.grad
    return y.detach()


def main(kit, outputs):
    os.makedirs(outputs, exist_ok=True)
    with open(os.path.join(kit, "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    if manifest["format_version"] != 2:
        sys.exit(f"{kit}: format_version is {manifest['format_version']}; expected 2")
    reasons = Counter()
    for case in manifest["cases"]:
        formats = {entry["format"] for name, entry in case["files"].items()
                   if name not in ("exact", "expected_indices", "indices")}
        foreign = FOREIGN & set(case["features"])
        if "gather" in case["features"]:
            foreign -= {"indices"}
        if foreign or len(formats) != 1:
            reasons[min(foreign) if foreign else "mixed formats"] += 1
            continue
        try:
            y = compute(kit, case)
        except RuntimeError as error:
            y = str(error).splitlines()[0]
        if isinstance(y, str):
            reasons[y] += 1
            continue
        reasons["computed"] += 1
        array = y.movedim(1, -1) if case["files"]["expected"]["layout"] == "nhwc" else y
        numpy.save(os.path.join(outputs, case["name"] + ".npy"), numpy.ascontiguousarray(array.numpy()))
    for reason, count in reasons.most_common():
        print(f"{count:6} {reason}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("suite_torch.py KIT OUTPUTS")
    main(sys.argv[1], sys.argv[2])
