/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/isa.h"

#include <stdlib.h>
#include <string.h>

#include "geometry/error.h"

enum { ISA_COUNT = POOLGRAD_ISA_NEON + 1 };

static const char *const names[ISA_COUNT] = {"best", "scalar", "sse4.1", "avx2", "avx512", "neon"};

#if defined(__x86_64__) || defined(__i386__)
#define ARCHITECTURE_NAMES "best, scalar, sse4.1, avx2 or avx512"
static int of_this_architecture(poolgrad_isa isa)
{
    return isa != POOLGRAD_ISA_NEON;
}
#elif defined(__aarch64__) || defined(__arm__)
#define ARCHITECTURE_NAMES "best, scalar or neon"
static int of_this_architecture(poolgrad_isa isa)
{
    return isa <= POOLGRAD_ISA_SCALAR || isa == POOLGRAD_ISA_NEON;
}
#else
#define ARCHITECTURE_NAMES "best or scalar"
static int of_this_architecture(poolgrad_isa isa)
{
    return isa <= POOLGRAD_ISA_SCALAR;
}
#endif

const char *poolgrad_isa_names(void)
{
    return ARCHITECTURE_NAMES;
}

const char *poolgrad_isa_name(poolgrad_isa isa)
{
    return (int)isa >= 0 && (int)isa < ISA_COUNT ? names[isa] : NULL;
}

int poolgrad_isa_from_name(const char *name, poolgrad_isa *isa)
{
    for (int i = 0; i < ISA_COUNT; i++) {
        if (strcmp(name, names[i]) != 0 || !of_this_architecture((poolgrad_isa)i)) continue;
        *isa = (poolgrad_isa)i;
        return 1;
    }
    return 0;
}

poolgrad_status poolgrad_check_isa(poolgrad_isa max_isa, poolgrad_error *error)
{
    const char *variable = getenv("POOLGRAD_MAX_ISA");
    poolgrad_isa bound;
    if (!poolgrad_isa_name(max_isa) || !of_this_architecture(max_isa)) {
        return poolgrad_refuse(error, "max_isa", "is %d; expected %s", (int)max_isa, ARCHITECTURE_NAMES);
    }
    if (variable && *variable && !poolgrad_isa_from_name(variable, &bound)) {
        return poolgrad_refuse(error, "POOLGRAD_MAX_ISA", "is '%.32s'; expected %s", variable, ARCHITECTURE_NAMES);
    }
    return POOLGRAD_OK;
}

int poolgrad_isa_compiled(poolgrad_isa isa)
{
    return isa == POOLGRAD_ISA_BEST || isa == POOLGRAD_ISA_SCALAR;
}

poolgrad_isa poolgrad_best_isa(void)
{
    return POOLGRAD_ISA_SCALAR;
}
