#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch as a backend of a conformance kit.

    poolgrad suite generate kit
    bench/suite_torch.py kit outputs
    poolgrad suite verify kit --actual outputs --skip-missing

Computes on the CPU what PyTorch can express: float32 and float64 in NCHW and NHWC, forward and by automatic
differentiation, without regions, windows of channels or indices. Needs python3-torch and python3-numpy.
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
           "add", "nc4hw4", "unorm", "size-only", "empty", "float16", "bfloat16"}


def read(kit, entry):
    array = torch.from_numpy(numpy.load(os.path.join(kit, entry["file"])))
    return array.permute(0, 3, 1, 2) if entry["layout"] == "nhwc" else array


def padding(first, kernel, stride, dilation, size, windows):
    """Pixels before and behind that the windows reach; negative where they leave some out."""
    extent = (kernel - 1) * dilation + 1
    return -first, first + (windows - 1) * stride + extent - size


def pooled(problem, x, width, height):
    """The result, or the reason why PyTorch cannot express it."""
    w = problem["window"]
    kernel, stride = (w["kernel_height"], w["kernel_width"]), (w["stride_y"], w["stride_x"])
    dilation = (w["dilation_y"], w["dilation_x"])
    centre = (problem["offset_y"], problem["offset_x"])
    first = [c - ((k - 1) * d + 1) // 2 for c, k, d in zip(centre, kernel, dilation)]
    (top, bottom), (left, right) = (padding(f, k, s, d, size, n) for f, k, s, d, size, n in
                                    zip(first, kernel, stride, dilation, x.shape[2:], (height, width)))
    clamp = problem["edge_mode"] == "clamp"
    pads = (left, right, top, bottom)
    if problem["kind"] == "max":
        if problem["ties"] not in ("first", "last"):
            return "ties"
        outside = -float("inf") if clamp else 0.0
        return F.max_pool2d(F.pad(x, pads, value=outside), kernel, stride, 0, dilation)
    if dilation != (1, 1):
        return "dilation"
    if problem["kind"] == "l2norm":
        return F.lp_pool2d(F.pad(x, pads), 2, kernel, stride)
    if not clamp:
        return F.avg_pool2d(F.pad(x, pads), kernel, stride)
    zero = (problem["zero_pad_y"], problem["zero_pad_x"])
    inner = (max(top, 0), max(left, 0))
    if any(2 * p > k for p, k in zip(inner, kernel)) or top < 0 or left < 0:
        return "padding"
    if zero not in ((0, 0), inner):
        return "zero padding"
    # What is left of the padding behind the image decides how many windows there are, with ceil mode or without.
    for ceil in (False, True):
        y = F.avg_pool2d(x, kernel, stride, inner, ceil, zero == inner and inner != (0, 0))
        if y.shape[2:] == (height, width):
            return y
    return "number of windows"


def compute(kit, case):
    problem, files = case["problem"], case["files"]
    x = read(kit, files["source"]).clone().requires_grad_()
    gradient = problem["direction"] == "gradient"
    if gradient:
        g = read(kit, files["source_gradient"])
        width, height = g.shape[3], g.shape[2]
    else:
        width, height = files["expected"]["width"], files["expected"]["height"]
    y = pooled(problem, x, width, height)
    if isinstance(y, str):
        return y
    if y.shape[2:] != (height, width) or (gradient and g.dtype != y.dtype):
        return "shape or format"
    if gradient:
        y.backward(g)
        y = x.grad
    return y.detach()


def main(kit, outputs):
    os.makedirs(outputs, exist_ok=True)
    with open(os.path.join(kit, "manifest.json"), encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    reasons = Counter()
    for case in cases:
        formats = {entry["format"] for name, entry in case["files"].items() if name not in ("exact", "expected_indices")}
        foreign = FOREIGN & set(case["features"])
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
        array = y.permute(0, 2, 3, 1) if case["files"]["expected"]["layout"] == "nhwc" else y
        numpy.save(os.path.join(outputs, case["name"] + ".npy"), numpy.ascontiguousarray(array.numpy()))
    for reason, count in reasons.most_common():
        print(f"{count:6} {reason}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("suite_torch.py KIT OUTPUTS")
    main(sys.argv[1], sys.argv[2])
