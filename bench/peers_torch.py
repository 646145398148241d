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

# Name: images, channels, depth (0: planes), height, width, kernel, stride, pad, dilation, and the kinds that networks
# use with it.
EVERY = ("average", "max", "argmax", "l2norm")
WORKLOADS = {
    "resnet_stem": ((8, 64, 0, 112, 112, 3, 2, 1, 1), EVERY),
    "vgg": ((32, 64, 0, 56, 56, 2, 2, 0, 1), EVERY),
    "incep_s1": ((8, 256, 0, 28, 28, 3, 1, 1, 1), EVERY),
    "global_avg": ((16, 2048, 0, 7, 7, 7, 7, 0, 1), ("average", "l2norm")),
    "big_image": ((1, 3, 0, 2048, 2048, 2, 2, 0, 1), EVERY),
    "large_win": ((8, 64, 0, 64, 64, 5, 1, 2, 1), EVERY),
    "dilated": ((4, 64, 0, 128, 128, 3, 2, 1, 2), ("max", "argmax")),
    "tiny": ((1, 16, 0, 32, 32, 2, 2, 0, 1), EVERY),
    "volume": ((1, 16, 8, 28, 28, 3, 2, 1, 1), EVERY),
    "volume_stem": ((2, 32, 16, 56, 56, 3, 2, 1, 1), EVERY),
    "volume_half": ((2, 16, 8, 32, 32, 2, 2, 0, 1), EVERY),
    "volume_s1": ((1, 64, 8, 28, 28, 3, 1, 1, 1), EVERY),
}
DIRECTIONS = ("forward", "gradient", "training")
KINDS = {"average": 0, "max": 1, "argmax": 1, "l2norm": 2}
# poolgrad's number, and PyTorch's word for planes and for volumes.
LAYOUTS = {"nchw": (0, torch.contiguous_format, torch.contiguous_format),
           "nhwc": (1, torch.channels_last, torch.channels_last_3d)}
FORMATS = {"float16": (3, torch.float16), "bfloat16": (5, torch.bfloat16), "float32": (4, torch.float32),
           "float64": (6, torch.float64)}
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
    library.poolgrad_image_dense_3d.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int] + [INT64] * 5
    library.poolgrad_image_dense_3d.restype = Image
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
    sizes = list(tensor.shape)
    if len(sizes) == 4:
        sizes.insert(2, 0)
    return library.poolgrad_image_dense_3d(tensor.data_ptr(), code, LAYOUTS[layout][0], *sizes)


class Tensors:
    """What all rows of one workload, layout and format share."""

    def __init__(self, workload, layout, number_format):
        n, c, z, h, w, self.kernel, self.stride, self.pad, self.dilation = WORKLOADS[workload][0]
        self.axes = 3 if z else 2
        memory, self.type = LAYOUTS[layout][self.axes - 1], FORMATS[number_format][1]
        self.workload, self.layout, self.format = workload, layout, number_format
        # PyTorch fills results of volumes that lie there in NDHWC as if they were NCDHW: it gets to make its own.
        self.allocating = z > 0 and memory is torch.channels_last_3d
        values = torch.rand(512) * 2 - 1
        sizes = (n, c, z, h, w) if z else (n, c, h, w)
        self.source = self.place(values[torch.randint(512, sizes)], memory)
        pool = torch.nn.functional.max_pool3d if z else torch.nn.functional.max_pool2d
        # In float32 or wider: not every release has every format.
        wide = self.source if self.type == torch.float64 else self.source.float()
        output, picks = pool(wide, self.kernel, self.stride, self.pad, self.dilation, return_indices=True)
        self.output = self.place(output, memory)
        self.picks = picks if self.allocating else picks.contiguous(memory_format=memory)
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
    deep = t.axes == 3
    problem.window = Window(k, k, k if deep else 1, t.stride, t.stride, t.stride if deep else 1, d, d, d if deep else 1)
    problem.offset_x = problem.offset_y = ((k - 1) * d + 1) // 2 - t.pad
    problem.offset_z = problem.offset_x if deep else 0
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


def save_plan(library, t, threads):
    """The forward call into the picks that gradients read."""
    problem = make_problem(library, t, "forward", "argmax", threads)
    problem.picks = image(library, t.saved, t.layout, TAP8)
    return make_plan(library, problem)


def save_picks(library, t, threads):
    plan = save_plan(library, t, threads)
    library.poolgrad_plan_run(plan)
    library.poolgrad_plan_destroy(plan)


def poolgrad_call(library, t, direction, kind, threads):
    """The call, where its result ends, and the plan whose kernel is told."""
    if direction != "training":
        plan = make_plan(library, make_problem(library, t, direction, kind, threads))
        result = t.output if direction == "forward" else t.destination
        return lambda: library.poolgrad_plan_run(plan), result, plan
    if kind == "argmax":
        forward = save_plan(library, t, threads)
    else:
        forward = make_plan(library, make_problem(library, t, "forward", kind, threads))
    gradient = make_plan(library, make_problem(library, t, "gradient", kind, threads))

    def step():
        library.poolgrad_plan_run(forward)
        library.poolgrad_plan_run(gradient)
    return step, t.destination, gradient


def lp_pool(source, t):
    """PyTorch's own lp_pool2d, which releases before 2.2 do not have of volumes."""
    padded = torch.nn.functional.pad(source, (t.pad,) * (2 * t.axes)) if t.pad else source
    if t.axes == 2:
        return torch.nn.functional.lp_pool2d(padded, 2, t.kernel, t.stride)
    mean = torch.nn.functional.avg_pool3d(padded.pow(2), t.kernel, t.stride)
    return mean.mul(t.kernel ** 3).pow(0.5)


def torch_l2norm(t, direction):
    """The call and where its result ends."""
    if t.dilation > 1 or t.type in (torch.float16, torch.bfloat16):
        return None
    if direction == "forward":
        return lambda: lp_pool(t.source, t)
    leaf = t.source.detach().clone(memory_format=torch.preserve_format).requires_grad_(True)
    if direction == "training":
        return lambda: torch.autograd.grad(lp_pool(leaf, t), leaf, t.gradient)[0]
    output = lp_pool(leaf, t)
    return lambda: torch.autograd.grad(output, leaf, t.gradient, retain_graph=True)[0]


def torch_forward(t, kind, picks):
    """A call that returns the output and, of max, the positions, which go to `picks`."""
    aten = torch.ops.aten
    k, s, p, d = ([side] * t.axes for side in (t.kernel, t.stride, t.pad, t.dilation))
    if kind == "average":
        pool = aten.avg_pool3d if t.axes == 3 else aten.avg_pool2d
        if t.allocating:
            return lambda: (pool(t.source, k, s, p, False, False, None), None)
        return lambda: (pool.out(t.source, k, s, p, False, False, None, out=t.output), None)
    pool = aten.max_pool3d_with_indices if t.axes == 3 else aten.max_pool2d_with_indices
    if t.allocating:
        return lambda: pool(t.source, k, s, p, d, False)
    return lambda: pool.out(t.source, k, s, p, d, False, out=t.output, indices=picks)


def torch_gradient(t, kind):
    """A call that takes the positions, of max."""
    aten = torch.ops.aten
    k, s, p, d = ([side] * t.axes for side in (t.kernel, t.stride, t.pad, t.dilation))
    if kind == "average":
        pool = aten.avg_pool3d_backward if t.axes == 3 else aten.avg_pool2d_backward
        if t.allocating:
            return lambda _: pool(t.gradient, t.source, k, s, p, False, False, None)
        return lambda _: pool.grad_input(t.gradient, t.source, k, s, p, False, False, None, grad_input=t.destination)
    pool = aten.max_pool3d_with_indices_backward if t.axes == 3 else aten.max_pool2d_with_indices_backward
    if t.allocating:
        return lambda picks: pool(t.gradient, t.source, k, s, p, d, False, picks)
    return lambda picks: pool.grad_input(t.gradient, t.source, k, s, p, d, False, picks, grad_input=t.destination)


def torch_call(t, direction, kind):
    if kind == "l2norm":
        return torch_l2norm(t, direction)
    if kind == "average" and t.dilation > 1:
        return None
    forward, gradient = torch_forward(t, kind, torch.empty_like(t.picks)), torch_gradient(t, kind)
    if direction == "forward":
        return lambda: forward()[0]
    if direction == "gradient":
        return lambda: gradient(t.picks)
    return lambda: gradient(forward()[1])


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
        self.volume, self.half = t.axes == 3, t.type in (torch.float16, torch.bfloat16)
        self.tensors = t  # plans hold addresses in them
        own, result, plan = poolgrad_call(library, t, direction, kind, threads)
        self.kernel = library.poolgrad_plan_kernel(plan).decode()
        self.own = Contender(own)
        self.own.call()
        expected, call = result.clone(memory_format=torch.preserve_format), torch_call(t, direction, kind)
        self.agrees = agreement(expected, call) if call else None
        self.torch = Contender(call) if self.agrees is not None else None
        parts = ("forward", "gradient") if direction == "training" else (direction,)
        self.streams = [[Contender(each) for each in stream_calls(streams, traffic(t, part, kind), threads)]
                        for part in parts]

    def contenders(self):
        return [self.own] + ([self.torch] if self.torch else []) + [each for part in self.streams for each in part]

    @property
    def ceiling(self):
        return sum(min(stream.median for stream in part) for part in self.streams)

    @property
    def share(self):
        return self.ceiling / self.own.median

    @property
    def ratio(self):
        return self.torch.median / self.own.median if self.torch else None

    @property
    def least_ratio(self):
        return self.torch.least / self.own.least if self.torch else None


def agreement(expected, call):
    """Elements of the same bits, 0 to 1; None where this release of PyTorch has no such operation in the format."""
    bits = {2: torch.int16, 4: torch.int32, 8: torch.int64}[expected.element_size()]
    try:
        actual = call()
    except RuntimeError as error:
        if "not implemented" not in str(error):
            raise
        return None
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

# What PyTorch's time over poolgrad's has to be in each row (or 85 % of the ceiling), and in the geometric mean (or 70 %)
# on a few threads and on many.
TARGETS = {
    "dilated max, gradient": (1.3, 3, 4),
    "max from saved picks, gradient": (1.3, 2.6, 4),
    "max from the source, gradient": (0.9, 1.6, 2.5),
    "average, gradient": (1.2, 2.8, 3.5),
    "L2-norm, gradient": (1.2, 4, 4),
    "float16 and bfloat16, gradient": (1, 2, 2),
    "forward, every kind": (1.1, 2.5, 3),
    "float16 and bfloat16, forward": (1, 2, 2),
    "volumes, both directions": (1, 2, 2),
    "training step": (1.3, 2.5, 3),
}
NEAR_CEILING, MEAN_NEAR_CEILING, MANY_THREADS = 0.85, 0.7, 8


def target_of(row):
    if row.direction == "training":
        return "training step"
    if row.volume:
        return "volumes, both directions"
    if row.half:
        return f"float16 and bfloat16, {row.direction}"
    if row.direction == "forward":
        return "forward, every kind"
    if row.dilated:
        return "dilated max, gradient"
    return {"argmax": "max from saved picks, gradient", "max": "max from the source, gradient",
            "average": "average, gradient", "l2norm": "L2-norm, gradient"}[row.kind]


def geometric_mean(ratios):
    return math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))


def tell_targets(rows, threads):
    print(f"\n{'PyTorch over poolgrad':32} {'rows':>5} {'of least':>8} {'mean':>8} {'aim mean':>8} {'worst':>8} "
          f"{'aim':>8} {'short':>6} {'share':>8}  {'':11}  worst row")
    for name, (least, mean_of_few, mean_of_many) in TARGETS.items():
        mean = mean_of_many if threads >= MANY_THREADS else mean_of_few
        of = [row for row in rows if row.torch and target_of(row) == name]
        if not of:
            continue
        reached, worst = geometric_mean([row.ratio for row in of]), min(of, key=lambda row: row.ratio)
        least_times = geometric_mean([row.least_ratio for row in of])
        short = sum(row.ratio < least and row.share < NEAR_CEILING for row in of)
        share = geometric_mean([row.share for row in of])
        good = short == 0 and (reached >= mean or share >= MEAN_NEAR_CEILING)
        print(f"{name:32} {len(of):5} {least_times:8.2f} {reached:8.2f} {mean:8.1f} {worst.ratio:8.2f} "
              f"{least:8.1f} {short:6} {100 * share:6.1f} %  "
              f"{'reached' if good else 'not reached':11}  {worst.name}")


def write_csv(rows, threads, file):
    print("class,case,kernel,threads,ceiling,poolgrad,share,torch,ratio,ratio_of_least", file=file)
    for row in rows:
        other = f"{row.torch.median * 1e3:.6g},{row.ratio:.4g},{row.least_ratio:.4g}" if row.torch else ",,"
        print(f"\"{target_of(row)}\",{row.name},{row.kernel},{threads},{row.ceiling * 1e3:.6g},"
              f"{row.own.median * 1e3:.6g},{row.share:.4g},{other}", file=file)


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
        print(f"{row.name:44} {row.ceiling * 1e3:9.4g} {row.own.median * 1e3:9.4g} "
              f"{100 * row.share:6.1f} % {other}  {row.kernel}")
    tell_targets(rows, threads)
    print("\nms, medians; share of the ceiling; agrees: elements of the same bits; short: rows below the aim and\n"
          "below 90 % of the ceiling; of least: with each one's least time in place of the median; means and shares\n"
          "of a class are geometric. PyTorch's max reads and writes positions of 8 bytes, in every row; its L2-norm is\n"
          "composed.")


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
    parser.add_argument("--csv", type=pathlib.Path, help="writes all rows to this file as well")
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
                         for direction in options.direction for kind in options.kind or WORKLOADS[workload][1]
                     if direction != "training" or kind != "max"]
    return rows


def main():
    options = parse_options()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    libraries = load_poolgrad(options.library), ctypes.CDLL(str(options.streams))
    rows = make_rows(options, libraries)
    compete(rows, options.repeat)
    tell(rows, libraries[0], options.threads, options.repeat)
    if options.csv:
        with open(options.csv, "w", encoding="utf-8") as file:
            write_csv(rows, options.threads, file)


if __name__ == "__main__":
    main()
