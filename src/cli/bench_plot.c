/* SPDX-License-Identifier: Apache-2.0 */
/* What bench finds, as a picture: a bar for each row, as long as its share of the ceiling. */
#include "cli/bench.h"

/* In pixels. */
enum {
    WIDTH = 960,
    MARGIN = 16,
    HEAD = 74,   /* title and the names of the grid's lines */
    ROW = 20,    /* from bar to bar */
    BAR = 14,    /* thickness */
    GROUP = 28,  /* a workload's name over its bars */
    BARS = 300,  /* where they begin; labels stand left of it */
    VALUES = 150 /* room for the numbers behind the longest bar */
};

/* Colours that also the colour-blind tell apart (Okabe and Ito). */
static const char *color_of(enum measured_kind kind)
{
    static const char *const colors[MEASURED_KINDS] = {"#0072b2", "#d55e00", "#e69f00", "#009e73"};
    return colors[kind];
}

static bool begins_group(const struct bench *bench, int i)
{
    return i == 0 || bench->cases[bench->rows[i].which].workload != bench->cases[bench->rows[i - 1].which].workload;
}

/* The scale reaches a line of the grid beyond the longest bar. */
static int percent_at_end(const struct bench *bench)
{
    enum { STEP = 25, LEAST = 100 };
    int end = LEAST;
    for (int i = 0; i < bench->row_count; i++) {
        while (100 * poolgrad_bench_share(&bench->rows[i]) > end) end += STEP;
    }
    return end;
}

static int height_of(const struct bench *bench)
{
    int groups = 0;
    for (int i = 0; i < bench->row_count; i++) groups += begins_group(bench, i);
    return HEAD + groups * GROUP + bench->row_count * ROW + MARGIN;
}

static double place(int percent_end, double percent)
{
    return (double)BARS + percent / percent_end * (double)(WIDTH - BARS - VALUES);
}

static void print_grid(int percent_end, int height, FILE *file)
{
    int step = percent_end <= 200 ? 25 : percent_end / 8;
    for (int percent = 0; percent <= percent_end; percent += step) {
        double x = place(percent_end, percent);
        fprintf(file, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\"/>\n", x, HEAD - 6, x,
                height - MARGIN, percent == 100 ? "#555" : "#ddd");
        fprintf(file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%d %%</text>\n", x, HEAD - 12,
                percent);
    }
}

static void print_group(const struct bench *bench, const struct bench_row *row, int y, FILE *file)
{
    char geometry[CASE_NAME];
    const struct bench_case *of = &bench->cases[row->which];
    poolgrad_shape_name(&of->shape, geometry);
    fprintf(file, "<text x=\"%d\" y=\"%d\"><tspan font-weight=\"bold\">%s</tspan>  %s</text>\n", MARGIN, y + GROUP - 8,
            of->workload, geometry);
}

static void print_bar(const struct bench *bench, const struct bench_row *row, int percent_end, int y, FILE *file)
{
    double percent = 100 * poolgrad_bench_share(row), end = place(percent_end, percent);
    int threads = poolgrad_plan_threads(row->trial.plan);
    fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s %s, %s %s, %d thread%s</text>\n", BARS - 8,
            y + BAR - 2, poolgrad_direction_name(row->choice.direction), poolgrad_measured_kind_name(row->choice.kind),
            poolgrad_layout_name(row->choice.layout), poolgrad_format_name(bench->cases[row->which].format), threads,
            threads == 1 ? "" : "s");
    fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", BARS, y, end - (double)BARS,
            BAR, color_of(row->choice.kind));
    fprintf(file,
            "<text x=\"%.1f\" y=\"%d\" paint-order=\"stroke\" stroke=\"white\" stroke-width=\"4\">%.0f %%, %.4g ms, "
            "%.1f GB/s</text>\n",
            end + 5, y + BAR - 2, percent, row->seconds.median * 1e3, poolgrad_bench_rate(row));
}

void poolgrad_bench_print_plot(const struct bench *bench, const struct comparison *comparison, FILE *file)
{
    (void)comparison;
    int height = height_of(bench), percent_end = percent_at_end(bench), y = HEAD;
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"\n"
            "     font-family=\"DejaVu Sans, Arial, sans-serif\" font-size=\"12\" fill=\"#222\">\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
            WIDTH, height, WIDTH, height, WIDTH, height);
    fprintf(
        file,
        "<text x=\"%d\" y=\"24\" font-size=\"16\" font-weight=\"bold\">Share of what the memory allows</text>\n"
        "<text x=\"%d\" y=\"42\" fill=\"#555\">poolgrad %s, %d processors; 100 %% is the best stream that moves the "
        "same bytes</text>\n",
        MARGIN, MARGIN, poolgrad_version(), bench->processors);
    print_grid(percent_end, height, file);
    for (int i = 0; i < bench->row_count; i++) {
        if (begins_group(bench, i)) {
            print_group(bench, &bench->rows[i], y, file);
            y += GROUP;
        }
        print_bar(bench, &bench->rows[i], percent_end, y, file);
        y += ROW;
    }
    fprintf(file, "</svg>\n");
}
