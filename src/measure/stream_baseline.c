/* SPDX-License-Identifier: Apache-2.0 */
#define STREAM_KERNEL poolgrad_stream_baseline
#include "measure/stream_kernel.h"
