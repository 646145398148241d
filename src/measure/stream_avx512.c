/* SPDX-License-Identifier: Apache-2.0 */
#define STREAM_KERNEL poolgrad_stream_avx512
#include "measure/stream_kernel.h"
