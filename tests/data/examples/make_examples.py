#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tensors of this folder: what PyTorch computes for the programs in tests/examples.

    make_examples.py [FOLDER]      into FOLDER, or into the folder of this file

Needs Debian 12's python3-torch (1.13.1), and the tensors of ../make_data.py. README.md says what the files are.
"""
import math
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = sys.argv[1] if len(sys.argv) > 1 else HERE


def load(name):
    return torch.tensor(np.load(os.path.join(HERE, "..", name, "source.npy")))


def save(name, **tensors):
    os.makedirs(os.path.join(FOLDER, name), exist_ok=True)
    for file, tensor in tensors.items():
        np.save(os.path.join(FOLDER, name, file + ".npy"), np.ascontiguousarray(tensor.detach().numpy()))


def same_bits(a, b):
    return a.shape == b.shape and np.array_equal(a.detach().numpy().view(np.int32), b.detach().numpy().view(np.int32))


def head(y):
    """The rest of a network, for a gradient to come from: a linear layer and the loss by arbitrary labels."""
    layer = nn.Linear(y[0].numel(), 10)
    label = torch.arange(len(y)) % 10
    return lambda t: F.cross_entropy(layer(t.flatten(1)), label)


# ---- lenet.c ---------------------------------------------------------------------------------------------------------

RATE = 0.5  # a power of two: multiplying by it is exact unless it underflows


def lenet(name, x, chain):
    """A chain of poolings, and a step of gradient descent on the image that goes into it."""
    x = x.clone().requires_grad_(True)
    y = chain(x)
    y.retain_grad()
    loss = head(y)
    before = loss(y)
    before.backward()
    after = chain((x - RATE * x.grad).detach())
    assert loss(after) < before
    save(name, destination=y, source_gradient=y.grad, destination_gradient=x.grad, destination_after_step=after)


# ---- pyramid.c -------------------------------------------------------------------------------------------------------

def pyramid(name, x, bins, pool):
    """Spatial pyramid pooling as He et al. (2014) place it: windows of ceil(size / n), ceil rounding up, in steps of
    floor(size / n)."""
    x = x.clone().requires_grad_(True)
    size, levels = x.shape[2:], []
    for n in bins:
        level = pool(x, [math.ceil(a / n) for a in size], [a // n for a in size])
        assert level.shape[2:] == (n, n)
        level.retain_grad()
        levels.append(level)
    y = torch.cat([level.flatten(1) for level in levels], 1)
    head(y)(y).backward()

    # Autograd sums the gradients of x from the operation made last to the one made first. For averages, which reach
    # every pixel, other orders have other bits.
    parts = []
    for level, n in zip(levels, bins):
        t = x.detach().clone().requires_grad_(True)
        pool(t, [math.ceil(a / n) for a in size], [a // n for a in size]).backward(level.grad)
        parts.append(t.grad)
    assert same_bits(x.grad, (parts[2] + parts[1]) + parts[0])
    if pool is F.avg_pool2d:
        assert not same_bits(x.grad, (parts[0] + parts[1]) + parts[2])
        assert not same_bits(x.grad, (parts[0] + parts[2]) + parts[1])

    files = {}
    for level, n in zip(levels, bins):
        files[f"destination_{n}x{n}"], files[f"source_gradient_{n}x{n}"] = level, level.grad
    save(name, destination_gradient=x.grad, **files)


# ---- frameworks.c ----------------------------------------------------------------------------------------------------

class Axis:
    """Windows of one axis: where each begins, where it ends for whoever counts its taps."""

    def __init__(self, size, k, s, before, count, end):
        self.size, self.k, self.s, self.before, self.count, self.end = size, k, s, before, count, end

    def windows(self):
        for i in range(self.count):
            begin = i * self.s - self.before
            end = min(begin + self.k, self.end)
            yield end - begin, range(max(begin, 0), min(end, self.size))


def tensorflow_same(size, k, s):
    """TensorFlow's guide for SAME: total padding, of which the smaller half comes first. Averages count the image."""
    count = math.ceil(size / s)
    total = max((count - 1) * s + k - size, 0)
    return Axis(size, k, s, total // 2, count, size)


def caffe(size, k, s, pad):
    """pooling_layer.cpp: sizes round up, a window that would begin behind image and near padding goes, averages count
    the image and the padding."""
    count = math.ceil((size + 2 * pad - k) / s) + 1
    if pad and (count - 1) * s >= size + pad:
        count -= 1
    return Axis(size, k, s, pad, count, size + pad)


def plain(kind, x, axes, dy, counts_edges):
    """Pools as the published loops do, in float32, an operation at a time; the first maximum counts."""
    x, dy = x.numpy(), dy.numpy()
    y, dx = np.zeros_like(dy), np.zeros_like(x)
    for n, c in np.ndindex(x.shape[:2]):
        for i, (rows, ys) in enumerate(axes[0].windows()):
            for j, (columns, xs) in enumerate(axes[1].windows()):
                taps = [(n, c, v, u) for v in ys for u in xs]
                g = dy[n, c, i, j]
                if kind == "max":
                    pick = max(taps, key=lambda t: x[t])
                    y[n, c, i, j] = x[pick]
                    dx[pick] += g
                    continue
                count = np.float32(rows * columns if counts_edges else len(taps))
                total = np.float32(0)
                for t in taps:
                    total += x[t]
                y[n, c, i, j] = total / count
                for t in taps:
                    dx[t] += g / count
    return torch.tensor(y), torch.tensor(dx)


def framework(name, x, kind, axes, pool, counts_edges=False):
    """PyTorch's results for a layer, made sure of by the published loops."""
    x = x.clone().requires_grad_(True)
    y = pool(x)
    dy = torch.randn(y.shape)
    y.backward(dy)
    expected = plain(kind, x.detach(), axes, dy, counts_edges)
    assert same_bits(y, expected[0]) and same_bits(x.grad, expected[1]), name
    save(name, destination=y, source_gradient=dy, destination_gradient=x.grad)


def padded(kind, x, axes):
    """TensorFlow's layer by PyTorch: the padding is explicit, and an average divides by the taps of the image."""
    behind = [max((a.count - 1) * a.s + a.k - a.before - a.size, 0) for a in axes]
    k, s = [a.k for a in axes], [a.s for a in axes]
    pads = [axes[1].before, behind[1], axes[0].before, behind[0]]
    if kind == "max":
        return F.max_pool2d(F.pad(x, pads, value=-math.inf), k, s)
    taps = F.avg_pool2d(F.pad(torch.ones_like(x), pads), k, s, divisor_override=1)
    return F.avg_pool2d(F.pad(x, pads), k, s, divisor_override=1) / taps


def frameworks(photo):
    def crop(height, width):
        return photo[:, :, 40:40 + height, 30:30 + width]

    def tensorflow(name, kind, x, k, s):
        axes = [tensorflow_same(size, k, s) for size in x.shape[2:]]
        framework(name, x, kind, axes, lambda t: padded(kind, t, axes))

    tensorflow("tensorflow-same-max-3x3s2", "max", crop(27, 30), 3, 2)
    tensorflow("tensorflow-same-average-3x3s2", "average", crop(27, 30), 3, 2)
    tensorflow("tensorflow-same-average-4x4s1", "average", crop(27, 30), 4, 1)
    tensorflow("tensorflow-same-max-2x2s5", "max", crop(29, 28), 2, 5)

    # PyTorch's ceil mode goes back to Caffe, so that it can stand for it; it drops windows without padding, too.
    def ceil(name, kind, x, k, s, pad, counts_edges=False):
        axes = [caffe(size, k, s, pad) for size in x.shape[2:]]

        def pool(t):
            if kind == "max":
                return F.max_pool2d(t, k, s, pad, ceil_mode=True)
            return F.avg_pool2d(t, k, s, pad, ceil_mode=True, count_include_pad=counts_edges)

        framework(name, x, kind, axes, pool, counts_edges)

    ceil("caffe-max-3x3s2", "max", crop(30, 27), 3, 2, 0)
    ceil("caffe-average-3x3s2p1", "average", crop(30, 27), 3, 2, 1, True)
    ceil("caffe-average-3x3s2p1-odd", "average", crop(31, 27), 3, 2, 1, True)
    ceil("torch-ceil-max-3x3s2p1", "max", crop(30, 27), 3, 2, 1)
    ceil("torch-ceil-average-2x2s2p1", "average", crop(27, 30), 2, 2, 1)
    ceil("torch-ceil-average-5x5s3p2", "average", crop(27, 30), 5, 3, 2, True)


torch.manual_seed(5)
torch.set_num_threads(1)
digits, photo = load("digits-max-2x2")[:8], load("photo-max-3x3s2p1")[:, :2]
lenet("lenet-digits", digits, lambda t: F.max_pool2d(F.avg_pool2d(t, 2), 2))
lenet("lenet-photo", photo,
      lambda t: F.max_pool2d(F.avg_pool2d(F.avg_pool2d(F.max_pool2d(t, 3, 2), 3, 2), 2), 2))
pyramid("pyramid-max", photo, (1, 2, 4), F.max_pool2d)
pyramid("pyramid-average", photo, (1, 2, 3), F.avg_pool2d)
frameworks(photo)
