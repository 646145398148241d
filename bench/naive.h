/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling as one writes it in C without further thought: a loop over windows, one over taps, and for gradients a plane
 * that is cleared and then added to. What a library has to be faster than.
 */
#ifndef POOLGRAD_BENCH_NAIVE_H
#define POOLGRAD_BENCH_NAIVE_H

#include "measure/bench_trial.h"

/* Edge mode clamp, ties first, average over the taps inside. Every window has a tap inside, and no tap is NaN. */
struct naive {
    poolgrad_direction direction;
    enum measured_kind kind;
    poolgrad_layout layout;
    poolgrad_format format;
    int threads;
    int64_t images, channels, height, width, output_height, output_width;
    int64_t kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x, top, left;
    const void *source, *gradient;
    void *destination;
    uint8_t *picks; /* taps; read by gradients, written by forward calls */
    void *scratch;  /* a plane of sums for each thread, where those are wider than the format */
};

/* The trial's problem, on the trial's buffers. False where these loops do not do what it asks, or memory is lacking. */
bool poolgrad_naive_make(struct naive *w, const struct trial *trial);
void poolgrad_naive_free(struct naive *w);

/* As contenders are run. */
void poolgrad_naive_contend(const void *context);

#endif
