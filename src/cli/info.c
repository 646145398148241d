/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/posix.h"
#include "files/inflate.h"

#include <poolgrad/poolgrad.h>

static void print_isas(void)
{
    printf("instruction sets  ");
    for (int isa = POOLGRAD_ISA_SCALAR; poolgrad_isa_name((poolgrad_isa)isa); isa++) {
        if (!poolgrad_isa_compiled((poolgrad_isa)isa)) continue;
        bool usable = isa <= (int)poolgrad_best_isa();
        printf("%s%s%s", isa == POOLGRAD_ISA_SCALAR ? "" : ", ", poolgrad_isa_name((poolgrad_isa)isa),
               usable ? "" : " (not on this processor)");
    }
    printf("\n");
}

static void print_formats(const char *label, const poolgrad_format *format, size_t count)
{
    printf("%-18s", label);
    for (size_t i = 0; i < count; i++) printf("%s%s", i == 0 ? "" : ", ", poolgrad_format_name(format[i]));
    printf("\n");
}

/* Which kernel computes each case that the options choose. */
static int tell_kernels(const struct options *options)
{
    struct bench bench = {0};
    int status = poolgrad_bench_choose(options, &bench);
    if (status == 0) status = poolgrad_bench_make(options, &bench);
    if (status == 0) poolgrad_bench_print_kernels(&bench, stdout);
    poolgrad_bench_free(&bench);
    return status;
}

/* What is said of a geometry needs one. */
static int refuse_alone(const struct options *options)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!poolgrad_given(options, (enum option)i)) continue;
        return poolgrad_fail(options, "--%s is about a geometry; expected --input-size or --workload as well",
                             poolgrad_options[i].name);
    }
    return 0;
}

int poolgrad_command_info(const struct options *options)
{
    if (poolgrad_given(options, OPTION_INPUT_SIZE) || poolgrad_given(options, OPTION_WORKLOAD)) {
        return tell_kernels(options);
    }
    if (refuse_alone(options) != 0) return 2;
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64,
                                              POOLGRAD_UNORM8,  POOLGRAD_UNORM16,  POOLGRAD_INT32,   POOLGRAD_INT64,
                                              POOLGRAD_TAP8,    POOLGRAD_TAP16,    POOLGRAD_TAP32};
    printf("poolgrad          %s\n", poolgrad_version());
    if (poolgrad_oracle_versions()) {
        printf("modes             fast, reference, exact (%s)\n", poolgrad_oracle_versions());
    } else {
        printf("modes             fast, reference (built without GMP and MPFR: not exact)\n");
    }
    print_isas();
    if (poolgrad_has_openmp()) {
        printf("threads           up to %d by default (OpenMP)\n", poolgrad_processors());
    } else {
        printf("threads           1 (built without OpenMP)\n");
    }
    print_formats("formats", formats, 4);
    print_formats("of sources, too", formats + 4, 2);
    print_formats("of indices", formats + 6, 5);
    printf("layouts           ");
    for (int i = 0; poolgrad_layout_name((poolgrad_layout)i); i++)
        printf("%s%s", i == 0 ? "" : ", ", poolgrad_layout_name((poolgrad_layout)i));
    printf("\n");
    printf("files             .npy, members of .npz%s\n",
           poolgrad_can_inflate() ? "" : " that are not compressed (built without zlib)");
    if (poolgrad_json_version()) {
        printf("graphs            read with jansson %s\n", poolgrad_json_version());
    } else {
        printf("graphs            not read (built without jansson)\n");
    }
    return 0;
}
