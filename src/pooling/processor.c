/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/processor.h"

/* Where a processor tells nothing; and the most of a shared cache that one problem can count on. */
enum { USUAL_CACHE = 32 << 20, MOST_CACHE = 48 << 20 };

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdatomic.h>

/* The leaves that list a processor's caches, one cache a subleaf, in the same form: Intel's and AMD's. */
static int64_t greatest_cache(unsigned leaf)
{
    enum { MOST = 16, KIND = 0x1f };
    unsigned a, b, c, d;
    int64_t greatest = 0;
    for (unsigned i = 0; i < MOST && __get_cpuid_count(leaf, i, &a, &b, &c, &d) && (a & KIND) != 0; i++) {
        const int64_t ways = (b >> 22) + 1, partitions = (b >> 12 & 0x3ff) + 1, line = (b & 0xfff) + 1;
        const int64_t bytes = ways * partitions * line * ((int64_t)c + 1);
        if (bytes > greatest) greatest = bytes;
    }
    return greatest;
}

/* Asked once, as below. */
int64_t poolgrad_processor_cache(void)
{
    enum { INTEL = 4, AMD = 0x8000001d };
    static _Atomic int64_t known;
    int64_t bytes = atomic_load_explicit(&known, memory_order_relaxed);
    if (bytes != 0) return bytes;
    bytes = greatest_cache(AMD);
    if (bytes == 0) bytes = greatest_cache(INTEL);
    if (bytes == 0) bytes = USUAL_CACHE;
    if (bytes > MOST_CACHE) bytes = MOST_CACHE;
    atomic_store_explicit(&known, bytes, memory_order_relaxed);
    return bytes;
}

#else

int64_t poolgrad_processor_cache(void)
{
    return USUAL_CACHE;
}

#endif

#if defined(POOLGRAD_EMULATE)

/* Emulated routines are plain C. */
poolgrad_isa poolgrad_processor_isa(void)
{
    return POOLGRAD_ISA_NEON;
}

#elif defined(__x86_64__)

/* Where a requirement is looked up. */
enum source { LEAF_1_ECX, LEAF_7_EBX, XCR0, SOURCES };

/* Extended control register 0: the registers the system saves when it switches threads. */
enum { XCR0_YMM = 0x06, XCR0_ZMM = 0xe0 };

/* All that a -m flag of src/routines/CMakeLists.txt lets a compiler use, implied instructions included. An instruction
 * set needs what those below it need as well. */
static const struct requirement {
    poolgrad_isa isa;
    enum source source;
    unsigned bits;
} requirements[] = {
    {POOLGRAD_ISA_SSE41, LEAF_1_ECX, bit_SSE3 | bit_SSSE3 | bit_SSE4_1},                          /* -msse4.1 */
    {POOLGRAD_ISA_AVX2, LEAF_1_ECX, bit_SSE4_2 | bit_POPCNT | bit_XSAVE | bit_OSXSAVE | bit_AVX}, /* -mavx2 */
    {POOLGRAD_ISA_AVX2, LEAF_7_EBX, bit_AVX2},                                                    /* -mavx2 */
    {POOLGRAD_ISA_AVX2, LEAF_1_ECX, bit_F16C},                                                    /* -mf16c */
    {POOLGRAD_ISA_AVX2, XCR0, XCR0_YMM},                                                          /* -mavx2 */
    {POOLGRAD_ISA_AVX512, LEAF_1_ECX, bit_FMA},                                                   /* -mavx512f */
    {POOLGRAD_ISA_AVX512, LEAF_7_EBX, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL},  /* -mavx512* */
    {POOLGRAD_ISA_AVX512, XCR0, XCR0_ZMM},                                                        /* -mavx512f */
};

static unsigned read_xcr0(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return low;
}

static poolgrad_isa ask_processor(void)
{
    unsigned a, b, c, d, found[SOURCES] = {0};
    if (__get_cpuid(1, &a, &b, &c, &d)) found[LEAF_1_ECX] = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) found[LEAF_7_EBX] = b;
    if (found[LEAF_1_ECX] & bit_OSXSAVE) found[XCR0] = read_xcr0();
    poolgrad_isa best = POOLGRAD_ISA_AVX512;
    for (size_t i = 0; i < sizeof requirements / sizeof *requirements; i++) {
        const struct requirement *r = &requirements[i];
        if ((found[r->source] & r->bits) != r->bits && r->isa <= best) best = (poolgrad_isa)(r->isa - 1);
    }
    return best;
}

/* Asked once: under virtualisation each question costs microseconds. Threads that ask at the same time find the same
 * answer. */
poolgrad_isa poolgrad_processor_isa(void)
{
    static atomic_int known = POOLGRAD_ISA_BEST;
    int isa = atomic_load_explicit(&known, memory_order_relaxed);
    if (isa == POOLGRAD_ISA_BEST) {
        isa = (int)ask_processor();
        atomic_store_explicit(&known, isa, memory_order_relaxed);
    }
    return (poolgrad_isa)isa;
}

#elif defined(__aarch64__)

/* Part of the architecture. */
poolgrad_isa poolgrad_processor_isa(void)
{
    return POOLGRAD_ISA_NEON;
}

#else

poolgrad_isa poolgrad_processor_isa(void)
{
    return POOLGRAD_ISA_SCALAR;
}

#endif
