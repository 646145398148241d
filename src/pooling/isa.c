/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/isa.h"

#include <stdlib.h>
#include <string.h>

#include "base/refusal.h"
#include "pooling/processor.h"

enum { ISA_COUNT = POOLGRAD_ISA_NEON + 1 };

/* Names of x86 belong to a build that emulates its routines as well. */
#if defined(__x86_64__) || defined(__i386__) || defined(POOLGRAD_EMULATE)
#define X86 1
#else
#define X86 0
#endif
#if defined(__aarch64__) || defined(__arm__)
#define ARM 1
#else
#define ARM 0
#endif

#if X86 && ARM
#define ARCHITECTURE_NAMES "best, scalar, sse4.1, avx2, avx512 or neon"
#elif X86
#define ARCHITECTURE_NAMES "best, scalar, sse4.1, avx2 or avx512"
#elif ARM
#define ARCHITECTURE_NAMES "best, scalar or neon"
#else
#define ARCHITECTURE_NAMES "best or scalar"
#endif

/* What src/routines/CMakeLists.txt compiles for this architecture, as far as POOLGRAD_ISAS lets it. */
static const struct poolgrad_routines *const tables[ISA_COUNT] = {
    [POOLGRAD_ISA_SCALAR] = &poolgrad_routines_scalar,
#if defined(POOLGRAD_COMPILES_SSE4_1)
    [POOLGRAD_ISA_SSE41] = &poolgrad_routines_sse41,
#endif
#if defined(POOLGRAD_COMPILES_AVX2)
    [POOLGRAD_ISA_AVX2] = &poolgrad_routines_avx2,
#endif
#if defined(POOLGRAD_COMPILES_AVX512)
    [POOLGRAD_ISA_AVX512] = &poolgrad_routines_avx512,
#endif
#if defined(POOLGRAD_COMPILES_NEON)
    [POOLGRAD_ISA_NEON] = &poolgrad_routines_neon,
#endif
};

static int of_this_architecture(poolgrad_isa isa)
{
    return isa <= POOLGRAD_ISA_SCALAR || (isa == POOLGRAD_ISA_NEON ? ARM : X86);
}

/* The scalar routines are always there. */
static poolgrad_isa best_compiled(poolgrad_isa most)
{
    int isa = (int)most;
    while (isa > POOLGRAD_ISA_SCALAR && !tables[isa]) isa--;
    return (poolgrad_isa)isa;
}

static poolgrad_isa lower(poolgrad_isa isa, poolgrad_isa bound)
{
    return bound != POOLGRAD_ISA_BEST && bound < isa ? bound : isa;
}

const char *poolgrad_isa_names(void)
{
    return ARCHITECTURE_NAMES;
}

/* The instruction set of this architecture with that name; false where there is none. */
static int from_name(const char *name, poolgrad_isa *isa)
{
    for (int i = 0; i < ISA_COUNT; i++) {
        if (strcmp(name, poolgrad_isa_name((poolgrad_isa)i)) != 0 || !of_this_architecture((poolgrad_isa)i)) continue;
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
    if (variable && *variable && !from_name(variable, &bound)) {
        return poolgrad_refuse(error, "POOLGRAD_MAX_ISA", "is '%.32s'; expected %s", variable, ARCHITECTURE_NAMES);
    }
    return POOLGRAD_OK;
}

int poolgrad_isa_compiled(poolgrad_isa isa)
{
    return isa == POOLGRAD_ISA_BEST || (poolgrad_isa_name(isa) && tables[isa]);
}

poolgrad_isa poolgrad_best_isa(void)
{
    return best_compiled(poolgrad_processor_isa());
}

const struct poolgrad_routines *poolgrad_choose_routines(poolgrad_isa max_isa)
{
    const char *variable = getenv("POOLGRAD_MAX_ISA");
    poolgrad_isa most = lower(poolgrad_processor_isa(), max_isa), bound;
    if (variable && *variable && from_name(variable, &bound)) most = lower(most, bound);
    return tables[best_compiled(most)];
}
