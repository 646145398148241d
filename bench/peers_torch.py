#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""poolgrad beside PyTorch on the processor: the same tensors, threads and moments.

    peers_torch.py [--library libpoolgrad.so] [--streams libpoolgrad_streams.so] [OPTION...]

poolgrad is called through its C interface on the memory of PyTorch's tensors. Every contender of every row is timed
once in each round, in a new random order, after a call that is not timed. PyTorch writes into a tensor that is there
already, so that no allocation is timed; only its L2-norm, which it composes of other operations, has no such form.
"""
import argparse
import ctypes
import math
import pathlib
import random
import sys
import time

import torch

INT64 = ctypes.c_int64
ALL = 2**63 - 1
SAMPLE_SECONDS = 2e-4
LONG_CALL_SECONDS = 2e-2

# Name: images, channels, height, width, kernel, stride, pad, dilation, and the kinds that networks use with it.
EVERY = ("average", "max", "argmax", "l2norm")
WORKLOADS = {
    "resnet_stem": ((8, 64, 112, 112, 3, 2, 1, 1), EVERY),
    "vgg": ((32, 64, 56, 56, 2, 2, 0, 1), EVERY),
    "incep_s1": ((8, 256, 28, 28, 3, 1, 1, 1), EVERY),
    "global_avg": ((16, 2048, 7, 7, 7, 7, 0, 1), ("average", "l2norm")),
    "big_image": ((1, 3, 2048, 2048, 2, 2, 0, 1), EVERY),
    "large_win": ((8, 64, 64, 64, 5, 1, 2, 1), EVERY),
    "dilated": ((4, 64, 128, 128, 3, 2, 1, 2), ("max", "argmax")),
    "tiny": ((1, 16, 32, 32, 2, 2, 0, 1), EVERY),
}
DIRECTIONS = ("forward", "gradient")
KINDS = {"average": 0, "max": 1, "argmax": 1, "l2norm": 2}
LAYOUTS = {"nchw": (0, torch.contiguous_format), "nhwc": (1, torch.channels_last)}
FORMATS = {"bfloat16": (5, torch.bfloat16), "float32": (4, torch.float32), "float64": (6, torch.float64)}
TAP8 = 9


# ---- The C interface, field by field -----------------------------------------------------------------------------

class Image(ctypes.Structure):
    """poolgrad_image and poolgrad_const_image, which are alike in memory."""
    _fields_ = [("data", ctypes.c_void_p), ("format", ctypes.c_int), ("layout", ctypes.c_int)] + [
        (name, INT64) for name in ("images", "channels", "depth", "height", "width", "image_stride", "channel_stride",
                                   "depth_stride", "row_stride", "column_stride")] + [("expanded", ctypes.c_int)]


class Window(ctypes.Structure):
    _fields_ = [(name, INT64) for name in ("kernel_width", "kernel_height", "kernel_depth", "stride_x", "stride_y",
                                           "stride_z", "dilation_x", "dilation_y", "dilation_z")]


class Region(ctypes.Structure):
    _fields_ = [(name, INT64) for name in ("x", "y", "z", "width", "height", "depth", "image", "images")]


class Problem(ctypes.Structure):
    _fields_ = ([("struct_size", ctypes.c_size_t), ("direction", ctypes.c_int), ("kind", ctypes.c_int),
                 ("window", Window)]
                + [(name, INT64) for name in ("offset_x", "offset_y", "offset_z", "offset_image", "kernel_offset_x",
                                              "kernel_offset_y", "kernel_offset_z")]
                + [("edge_mode", ctypes.c_int), ("zero_pad_x", INT64), ("zero_pad_y", INT64), ("zero_pad_z", INT64),
                   ("ties", ctypes.c_int), ("nan", ctypes.c_int), ("accumulator", ctypes.c_int),
                   ("gradient_region", Region), ("clip", Region), ("mapping", ctypes.c_int)]
                + [(name, INT64) for name in ("source_channel_offset", "source_channel_count",
                                              "gradient_channel_offset", "gradient_channel_count",
                                              "destination_channel_offset")]
                + [("add_to_destination", ctypes.c_int), ("source", Image), ("source_gradient", Image),
                   ("destination", Image), ("indices", Image), ("picks", Image), ("threads", ctypes.c_int),
                   ("max_isa", ctypes.c_int), ("mode", ctypes.c_int), ("concurrent_runs", ctypes.c_int)])


class Error(ctypes.Structure):
    _fields_ = [("field", ctypes.c_char * 48), ("message", ctypes.c_char * 256)]


class StreamPart(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("bytes", ctypes.c_size_t), ("written", ctypes.c_bool)]


class Stream(ctypes.Structure):
    _fields_ = [("part", StreamPart * 4), ("parts", ctypes.c_int), ("threads", ctypes.c_int), ("way", ctypes.c_int)]


def load_poolgrad(path):
    library = ctypes.CDLL(str(path))
    library.poolgrad_version.restype = ctypes.c_char_p
    library.poolgrad_image_dense.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int] + [INT64] * 4
    library.poolgrad_image_dense.restype = Image
    library.poolgrad_plan_create.argtypes = [ctypes.POINTER(Problem), ctypes.POINTER(ctypes.c_void_p),
                                             ctypes.POINTER(Error)]
    library.poolgrad_plan_run.argtypes = [ctypes.c_void_p]
    library.poolgrad_plan_run.restype = None
    library.poolgrad_plan_destroy.argtypes = [ctypes.c_void_p]
    library.poolgrad_plan_kernel.argtypes = [ctypes.c_void_p]
    library.poolgrad_plan_kernel.restype = ctypes.c_char_p
    check_layout(library)
    return library


def check_layout(library):
    """The structure here is the library's: its own initialiser fills it to the last field and no further."""
    problem = Problem()
    ctypes.memset(ctypes.addressof(problem), 0xff, ctypes.sizeof(problem))
    library.poolgrad_problem_init(ctypes.byref(problem), ctypes.c_size_t(ctypes.sizeof(problem)))
    counts = (problem.source_channel_count, problem.gradient_channel_count, problem.clip.images,
              problem.gradient_region.images)
    if counts != (ALL, ALL, ALL, ALL) or problem.window.dilation_z != 1 or problem.concurrent_runs != 0:
        sys.exit("peers_torch.py: the library's poolgrad_problem is not the one this program knows")


# ---- Tensors and contenders --------------------------------------------------------------------------------------

def image(library, tensor, layout, code):
    return library.poolgrad_image_dense(tensor.data_ptr(), code, LAYOUTS[layout][0], *tensor.shape)


class Tensors:
    """What all rows of one workload, layout and format share."""

    def __init__(self, workload, layout, number_format):
        n, c, h, w, self.kernel, self.stride, self.pad, self.dilation = WORKLOADS[workload][0]
        memory, self.type = LAYOUTS[layout][1], FORMATS[number_format][1]
        self.workload, self.layout, self.format = workload, layout, number_format
        values = torch.rand(512) * 2 - 1
        self.source = self.place(values[torch.randint(512, (n, c, h, w))], memory)
        output, picks = torch.nn.functional.max_pool2d(self.source, self.kernel, self.stride, self.pad, self.dilation,
                                                       return_indices=True)
        self.output, self.picks = self.place(output, memory), picks.contiguous(memory_format=memory)
        self.gradient = self.place(torch.rand(output.shape) * 2 - 1, memory)
        self.destination = torch.zeros_like(self.source)
        self.saved = torch.zeros(output.shape, dtype=torch.uint8).contiguous(memory_format=memory)
        self.written = torch.zeros_like(self.saved)

    def place(self, tensor, memory):
        return tensor.to(self.type).contiguous(memory_format=memory)


def make_problem(library, t, direction, kind, threads):
    problem = Problem()
    library.poolgrad_problem_init(ctypes.byref(problem), ctypes.c_size_t(ctypes.sizeof(problem)))
    code, k, d = FORMATS[t.format][0], t.kernel, t.dilation
    problem.direction, problem.kind = DIRECTIONS.index(direction), KINDS[kind]
    problem.window = Window(k, k, 1, t.stride, t.stride, 1, d, d, 1)
    problem.offset_x = problem.offset_y = ((k - 1) * d + 1) // 2 - t.pad
    problem.threads = threads
    problem.source = image(library, t.source, t.layout, code)
    if direction == "forward":
        problem.destination = image(library, t.output, t.layout, code)
    else:
        problem.source_gradient = image(library, t.gradient, t.layout, code)
        problem.destination = image(library, t.destination, t.layout, code)
    if kind == "argmax" and direction == "forward":
        problem.picks = image(library, t.written, t.layout, TAP8)
    elif kind == "argmax":
        problem.indices = image(library, t.saved, t.layout, TAP8)
        problem.source.data = None
    return problem


def make_plan(library, problem):
    plan, error = ctypes.c_void_p(), Error()
    if library.poolgrad_plan_create(ctypes.byref(problem), ctypes.byref(plan), ctypes.byref(error)) != 0:
        sys.exit("peers_torch.py: " + error.message.decode())
    return plan


def save_picks(library, t, threads):
    problem = make_problem(library, t, "forward", "argmax", threads)
    problem.picks = image(library, t.saved, t.layout, TAP8)
    plan = make_plan(library, problem)
    library.poolgrad_plan_run(plan)
    library.poolgrad_plan_destroy(plan)


def lp_pool(source, t):
    padded = torch.nn.functional.pad(source, (t.pad,) * 4) if t.pad else source
    return torch.nn.functional.lp_pool2d(padded, 2, t.kernel, t.stride)


def torch_l2norm(t, direction):
    """The call and where its result ends."""
    if t.dilation > 1 or t.type == torch.bfloat16:
        return None
    if direction == "forward":
        return lambda: lp_pool(t.source, t)
    leaf = t.source.detach().clone(memory_format=torch.preserve_format).requires_grad_(True)
    output = lp_pool(leaf, t)
    return lambda: torch.autograd.grad(output, leaf, t.gradient, retain_graph=True)[0]


def torch_call(t, direction, kind):
    aten = torch.ops.aten
    k, s, p, d = ([side, side] for side in (t.kernel, t.stride, t.pad, t.dilation))
    if kind == "l2norm":
        return torch_l2norm(t, direction)
    if kind == "average" and t.dilation > 1:
        return None
    if direction == "forward" and kind == "average":
        return lambda: aten.avg_pool2d.out(t.source, k, s, p, False, False, None, out=t.output)
    if direction == "forward":
        picks = torch.empty_like(t.picks)
        return lambda: aten.max_pool2d_with_indices.out(t.source, k, s, p, d, False, out=t.output, indices=picks)[0]
    if kind == "average":
        return lambda: aten.avg_pool2d_backward.grad_input(t.gradient, t.source, k, s, p, False, False, None,
                                                           grad_input=t.destination)
    return lambda: aten.max_pool2d_with_indices_backward.grad_input(t.gradient, t.source, k, s, p, d, False, t.picks,
                                                                    grad_input=t.destination)


def traffic(t, direction, kind):
    """What has to be read and written: tensor, whether written."""
    if direction == "forward":
        parts = [(t.source, False), (t.output, True)]
        return parts + [(t.written, True)] if kind == "argmax" else parts
    parts = [(t.gradient, False), (t.destination, True)]
    if kind == "argmax":
        return [(t.saved, False)] + parts
    return parts if kind == "average" else [(t.source, False)] + parts


def stream_calls(streams, parts, threads):
    """Buffers as large as the tensors, at multiples of a cache line."""
    line, held, calls = 64, [], []
    for tensor, _ in parts:
        size = tensor.numel() * tensor.element_size()
        buffer = torch.zeros(size + 2 * line, dtype=torch.uint8)
        held.append((buffer, buffer.data_ptr() + -buffer.data_ptr() % line, size))
    for way in range(streams.poolgrad_stream_ways()):
        stream = Stream(parts=len(parts), threads=threads, way=way)
        for i, ((_, data, size), (_, written)) in enumerate(zip(held, parts)):
            stream.part[i] = StreamPart(data, size, written)
        calls.append(lambda stream=stream, held=held: streams.poolgrad_stream_run(ctypes.byref(stream)))
    return calls


# ---- Timing ------------------------------------------------------------------------------------------------------

class Contender:
    def __init__(self, call):
        self.call, self.calls, self.samples = call, 1, []
        call()
        self.typical = self.time(1)
        self.calls = max(1, int(SAMPLE_SECONDS / max(self.typical, 1e-9)))

    def time(self, calls):
        call, begin = self.call, time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - begin) / calls

    def sample(self):
        if self.typical < LONG_CALL_SECONDS:
            self.call()
        self.samples.append(self.time(self.calls))

    @property
    def least(self):
        return min(self.samples)

    @property
    def median(self):
        ordered = sorted(self.samples)
        return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


class Row:
    def __init__(self, libraries, tensors, direction, kind, threads):
        library, streams = libraries
        t = tensors
        self.name = f"{direction}/{kind}/{t.layout}/{t.format}/{t.workload}"
        self.direction, self.kind, self.dilated = direction, kind, t.dilation > 1
        plan = make_plan(library, make_problem(library, t, direction, kind, threads))
        self.kernel = library.poolgrad_plan_kernel(plan).decode()
        result = t.output if direction == "forward" else t.destination
        self.own = Contender(lambda: library.poolgrad_plan_run(plan))
        expected, call = result.clone(memory_format=torch.preserve_format), torch_call(t, direction, kind)
        self.agrees = agreement(expected, call()) if call else 0
        self.torch = Contender(call) if call else None
        self.streams = [Contender(each) for each in stream_calls(streams, traffic(t, direction, kind), threads)]

    def contenders(self):
        return [self.own] + ([self.torch] if self.torch else []) + self.streams

    @property
    def share(self):
        return min(stream.median for stream in self.streams) / self.own.median

    @property
    def ratio(self):
        return self.torch.median / self.own.median if self.torch else None

    @property
    def least_ratio(self):
        return self.torch.least / self.own.least if self.torch else None


def agreement(expected, actual):
    """Elements of the same bits, 0 to 1."""
    bits = {2: torch.int16, 4: torch.int32, 8: torch.int64}[expected.element_size()]
    return (expected.detach().view(bits) == actual.detach().view(bits)).double().mean().item()


def compete(rows, rounds):
    order, chance = [each for row in rows for each in row.contenders()], random.Random(5)
    for done in range(rounds):
        chance.shuffle(order)
        for each in order:
            each.sample()
        if sys.stderr.isatty():
            print(f"\rround {done + 1} of {rounds} ", end="\n" if done + 1 == rounds else "", file=sys.stderr)


# ---- Telling -----------------------------------------------------------------------------------------------------

# What PyTorch's time over poolgrad's has to be in each row (or 90 % of the ceiling), and in the geometric mean.
TARGETS = {
    "dilated max, gradient": (2, None),
    "max from saved picks, gradient": (1.3, 2.5),
    "max from the source, gradient": (0.9, 1.8),
    "average, gradient": (1.3, 3),
    "L2-norm, gradient": (4, None),
    "forward, every kind": (1, 1.5),
}


def target_of(row):
    if row.direction == "forward":
        return "forward, every kind"
    if row.dilated:
        return "dilated max, gradient"
    return {"argmax": "max from saved picks, gradient", "max": "max from the source, gradient",
            "average": "average, gradient", "l2norm": "L2-norm, gradient"}[row.kind]


def geometric_mean(ratios):
    return math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))


def tell_targets(rows):
    print(f"\n{'PyTorch over poolgrad':32} {'rows':>5} {'of least':>8} {'mean':>8} {'worst':>8} {'aim':>8} "
          f"{'short':>8} {'aim mean':>8}")
    for name, (least, mean) in TARGETS.items():
        of = [row for row in rows if row.torch and target_of(row) == name]
        if not of:
            continue
        reached = geometric_mean([row.ratio for row in of])
        least_times = geometric_mean([row.least_ratio for row in of])
        short = sum(row.ratio < least and row.share < 0.9 for row in of)
        good = short == 0 and (mean is None or reached >= mean)
        print(f"{name:32} {len(of):5} {least_times:8.2f} {reached:8.2f} {min(row.ratio for row in of):8.2f} "
              f"{least:8.1f} {short:8} {mean or '-':>8}  {'reached' if good else 'not reached'}")


def tell(rows, library, threads, rounds):
    print(f"poolgrad {library.poolgrad_version().decode()}, PyTorch {torch.__version__}, threads: {threads}, "
          f"rounds: {rounds}\n")
    print(f"{'case':44} {'ceiling':>9} {'poolgrad':>9} {'share':>8} {'PyTorch':>9} {'agrees':>8} {'ratio':>7} "
          f"{'of least':>8}  kernel")
    for row in rows:
        other = f"{'-':>9} {'':8} {'-':>7} {'-':>8}"
        if row.torch:
            other = (f"{row.torch.median * 1e3:9.4g} {100 * row.agrees:6.2f} % {row.ratio:7.2f} "
                     f"{row.least_ratio:8.2f}")
        print(f"{row.name:44} {row.share * row.own.median * 1e3:9.4g} {row.own.median * 1e3:9.4g} "
              f"{100 * row.share:6.1f} % {other}  {row.kernel}")
    tell_targets(rows)
    print("\nms, medians; share of the ceiling; agrees: elements of the same bits; short: rows below the aim and\n"
          "below 90 % of the ceiling; of least: with each one's least time in place of the median. PyTorch's\n"
          "max reads and writes positions of 8 bytes, in every row; its L2-norm is composed.")


# ---- The whole ---------------------------------------------------------------------------------------------------

def words(known):
    def parse(text):
        chosen = text.split(",")
        for word in chosen:
            if word not in known:
                raise argparse.ArgumentTypeError(f"'{word}' is none of {', '.join(known)}")
        return chosen
    return parse


def parse_options():
    build = pathlib.Path(__file__).resolve().parent.parent / "build" / "release"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--library", type=pathlib.Path, default=build / "libpoolgrad.so")
    parser.add_argument("--streams", type=pathlib.Path, default=build / "bench" / "libpoolgrad_streams.so")
    parser.add_argument("--workload", type=words(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--direction", type=words(DIRECTIONS), default=["gradient"])
    parser.add_argument("--kind", type=words(KINDS), default=None)
    parser.add_argument("--layout", type=words(LAYOUTS), default=list(LAYOUTS))
    parser.add_argument("--format", type=words(FORMATS), default=["float32"])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    if options.threads < 1 or options.repeat < 1:
        parser.error("--threads and --repeat: expected at least 1")
    return options


def make_rows(options, libraries):
    rows = []
    for workload in options.workload:
        for number_format in options.format:
            for layout in options.layout:
                tensors = Tensors(workload, layout, number_format)
                save_picks(libraries[0], tensors, options.threads)
                rows += [Row(libraries, tensors, direction, kind, options.threads)
                         for direction in options.direction for kind in options.kind or WORKLOADS[workload][1]]
    return rows


def main():
    options = parse_options()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    libraries = load_poolgrad(options.library), ctypes.CDLL(str(options.streams))
    rows = make_rows(options, libraries)
    compete(rows, options.repeat)
    tell(rows, libraries[0], options.threads, options.repeat)


if __name__ == "__main__":
    main()
