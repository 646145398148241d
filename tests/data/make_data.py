#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tensors of this folder: pooling layers of small networks, caught while they are trained on real images.

    make_data.py [FOLDER]      into FOLDER, or into the folder of this file

Needs Debian 12's python3-torch (1.13.1), python3-sklearn and python3-skimage. README.md says what the files are.
"""
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from skimage import data
from sklearn.datasets import load_digits

FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))


def catch(name, options, x, pool, loss):
    """Pools x, and keeps x and the gradients of the loss by the pooling's output and by x."""
    x = x.detach().clone().requires_grad_(True)
    y = pool(x)
    y.retain_grad()
    loss(y).backward()
    folder = os.path.join(FOLDER, name)
    os.makedirs(folder, exist_ok=True)
    for file, tensor in ("source", x.detach()), ("source_gradient", y.grad), ("destination_gradient", x.grad):
        np.save(os.path.join(folder, file + ".npy"), np.ascontiguousarray(tensor.numpy()))
    with open(os.path.join(folder, "options"), "w") as file:
        file.write(options + "\n")


def digits():
    """A network with two convolutions, after 60 steps of training on the handwritten digits."""
    images = load_digits()
    x = torch.tensor(images.images[:, None] / 16.0, dtype=torch.float32)
    label = torch.tensor(images.target)
    first, second = nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
    last = nn.Linear(32 * 2 * 2, 10)
    parameters = [*first.parameters(), *second.parameters(), *last.parameters()]
    optimizer = torch.optim.SGD(parameters, 0.1, 0.9)

    def head(pooled):
        return last(F.avg_pool2d(F.relu(second(pooled)), 2).flatten(1))

    for _ in range(60):
        batch = torch.randint(0, len(x), (64,))
        optimizer.zero_grad()
        F.cross_entropy(head(F.max_pool2d(F.relu(first(x[batch])), 2)), label[batch]).backward()
        optimizer.step()

    batch = torch.arange(16)
    a = F.relu(first(x[batch]))
    catch("digits-max-2x2", "--kind max --kernel 2 --stride 2", a,
          lambda t: F.max_pool2d(t, 2),
          lambda y: F.cross_entropy(head(y), label[batch]))
    a = F.relu(second(F.max_pool2d(a, 2)))
    catch("digits-average-3x3s2p1", "--kind average --kernel 3 --stride 2 --pad 1", a,
          lambda t: F.avg_pool2d(t, 3, 2, 1, count_include_pad=False),
          lambda y: F.cross_entropy(last(y.flatten(1)), label[batch]))


def photo():
    """The first convolution of a network for photographs, before its first step of training."""
    crop = data.astronaut()[64:264, 128:360].astype(np.float32) / 255
    image = torch.tensor(crop).permute(2, 0, 1)[None]
    stem = nn.Conv2d(3, 8, 7, stride=2, padding=3)
    target = F.avg_pool2d(image.mean(1, keepdim=True), 4)
    a = F.relu(stem(image))
    catch("photo-max-3x3s2p1", "--kind max --kernel 3 --stride 2 --pad 1", a,
          lambda t: F.max_pool2d(t, 3, 2, 1),
          lambda y: F.mse_loss(y.mean(1, keepdim=True), target))
    catch("photo-dilated-max-3x3d2", "--kind dilated-max --kernel 3 --stride 1 --dilation 2 --pad 1", a,
          lambda t: F.max_pool2d(t, 3, 1, 1, 2),
          lambda y: (y ** 2).mean())
    # Moved up, the source has no zeros: every pixel has a gradient to compare.
    catch("photo-l2norm-2x2", "--kind l2norm --kernel 2 --stride 2", a + 1e-3,
          lambda t: F.lp_pool2d(t, 2.0, 2),
          lambda y: (y ** 2).mean())


torch.manual_seed(3)
torch.set_num_threads(1)
digits()
photo()
