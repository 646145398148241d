/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/posix.h"

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

int poolgrad_command_info(const struct options *options)
{
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64,
                                              POOLGRAD_UNORM8,  POOLGRAD_UNORM16,  POOLGRAD_INT32,   POOLGRAD_INT64,
                                              POOLGRAD_TAP8,    POOLGRAD_TAP16,    POOLGRAD_TAP32};
    (void)options;
    printf("poolgrad          %s\n", poolgrad_version());
    printf("modes             fast, reference\n");
    print_isas();
    if (poolgrad_has_openmp()) {
        printf("threads           up to %d by default (OpenMP)\n", poolgrad_processors());
    } else {
        printf("threads           1 (built without OpenMP)\n");
    }
    print_formats("formats", formats, 4);
    print_formats("of sources, too", formats + 4, 2);
    print_formats("of indices", formats + 6, 5);
    printf("layouts           nchw, nhwc, nc4hw4\n");
    return 0;
}
