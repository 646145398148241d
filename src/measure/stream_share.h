/* SPDX-License-Identifier: Apache-2.0 */
/* What one thread does of a stream, and who can do it. */
#ifndef POOLGRAD_MEASURE_STREAM_SHARE_H
#define POOLGRAD_MEASURE_STREAM_SHARE_H

#include <stdint.h>

#include "measure/stream.h"

/* Prefetched: non-temporal stores, and reads asked for ahead of time. Without vector instructions all are regular. */
enum stream_stores { STREAM_REGULAR, STREAM_NONTEMPORAL, STREAM_PREFETCHED };

struct stream_share {
    char *data[STREAM_PARTS];
    uint64_t lines[STREAM_PARTS]; /* below 2^32 */
    bool written[STREAM_PARTS];
    int parts;
    uint64_t blocks; /* at least 1 */
    enum stream_stores stores;
};

/* Each returns something made of all it read, so that nothing can be left out. */
typedef uint64_t stream_kernel(const struct stream_share *share);

extern volatile uint64_t poolgrad_stream_sink;

stream_kernel poolgrad_stream_baseline;
stream_kernel poolgrad_stream_avx2;
stream_kernel poolgrad_stream_avx512;

#endif
