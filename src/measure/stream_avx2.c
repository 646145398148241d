/* SPDX-License-Identifier: Apache-2.0 */
#define STREAM_KERNEL poolgrad_stream_avx2
#include "measure/stream_kernel.h"
