/* sweep_table.c: what was measured to Markdown: of the shapes for each operation a table, those first where ours is
 * furthest behind, and a summary by groups of shapes; then a table of other layers and ways of use. */
#include "sweep.h"

#include <stdlib.h>

typedef struct Line {
    const Swept *swept;         /* of a shape */
    const Result *result;
    double ratio;               /* of the best peer to ours; 0: there is none, or ours is not there */
    int best;                   /* which column */
    double share;               /* of the limit */
} Line;

static const PeerIndex columns[] = { PEER_OPENBLAS, PEER_OPENBLAS_AVX2, PEER_ONEDNN, PEER_PLAIN, PEER_TORCH };
static const char *const column_names[] = { "OpenBLAS", "OpenBLAS, AVX2", "oneDNN", "plain", "PyTorch" };
#define COLUMNS ((int)(sizeof columns / sizeof *columns))

static Line line_of(const Swept *swept, const Result *result)
{
    Line line = { .swept = swept, .result = result };
    if (!result->of[PEER_OURS].there)
        return line;
    for (int i = 0; i < COLUMNS; i++) {
        const Measured *peer = &result->of[columns[i]];
        if (peer->there && (line.ratio <= 0 || peer->ratio < line.ratio)) {
            line.ratio = peer->ratio;
            line.best = i;
        }
    }
    line.share = result->bounds[result->bound] / result->of[PEER_OURS].ticks;
    return line;
}

static int compare_lines(const void *a, const void *b)
{
    double x = ((const Line *)a)->ratio, y = ((const Line *)b)->ratio;
    return (x > y) - (x < y);
}

/* Sorted: those that ours loses come first. */
static void make_lines(const Swept *swept, int count, Operation operation, Line *lines)
{
    for (int i = 0; i < count; i++)
        lines[i] = line_of(&swept[i], &swept[i].results[operation]);
    qsort(lines, (size_t)count, sizeof *lines, compare_lines);
}

static void put_ratio(FILE *file, double ratio)
{
    const char *mark = ratio < 1 ? "**" : "";
    if (ratio > 0)
        fprintf(file, " %s%.*f%s |", mark, ratio < 0.1 ? 3 : ratio < 10 ? 2 : 1, ratio, mark);
    else
        fputs(" - |", file);
}

/* Of each peer. */
static void put_ratios(FILE *file, const Line *line)
{
    const Result *result = line->result;
    const Measured *ours = &result->of[PEER_OURS];
    char time[40];
    fprintf(file, " %s |", ours->there ? time_text(ours->seconds, time, sizeof time) : "-");
    put_ratio(file, line->ratio);
    fprintf(file, " %s |", line->ratio > 0 ? column_names[line->best] : "-");
    for (int i = 0; i < COLUMNS; i++)
        put_ratio(file, ours->there && result->of[columns[i]].there ? result->of[columns[i]].ratio : 0);
}

static void put_line(FILE *file, const Line *line)
{
    const Shape *s = line->swept->shape;
    const Result *result = line->result;
    fprintf(file, "| %s | %d | %d | %d | %d |", shape_cell(s->kind), s->units, s->features, s->steps, s->batch);
    put_ratios(file, line);
    fprintf(file, " %.0f %% | %s%s%s |\n", 100 * line->share, bound_names[result->bound],
            result->bound == BOUND_BYTES ? " from " : "", result->bound == BOUND_BYTES ? result->level : "");
}

static void put_column_names(FILE *file)
{
    fputs(" ours | best peer / ours | best peer |", file);
    for (int i = 0; i < COLUMNS; i++)
        fprintf(file, " %s |", column_names[i]);
}

static void put_lines(FILE *file, const char *title, const Line *lines, int count)
{
    fprintf(file, "\n%s:\n\n| | units | features | steps | batch |", title);
    put_column_names(file);
    fputs(" share of the limit | the limit |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n", file);
    for (int i = 0; i < count; i++)
        put_line(file, &lines[i]);
}

/* ---- the summary ---- */

typedef enum Group {
    GROUP_LONG, GROUP_SHORT, GROUP_FEW_ROWS, GROUP_LARGE, GROUP_SMALL, GROUP_TINY, GROUP_ONE_STEP, GROUPS
} Group;

static const char *const group_names[GROUPS] = {
    [GROUP_LONG] = "64 to 1023 units, 50 steps and more, batch of 4 and more",
    [GROUP_SHORT] = "64 to 1023 units, fewer steps, batch of 4 and more",
    [GROUP_FEW_ROWS] = "64 to 1023 units, batch of 1 or 2",
    [GROUP_LARGE] = "1024 units and more",
    [GROUP_SMALL] = "4 to 63 units",
    [GROUP_TINY] = "1 to 3 units",
    [GROUP_ONE_STEP] = "one step",
};

static Group group_of(const Shape *s)
{
    if (s->steps == 1)
        return GROUP_ONE_STEP;
    if (s->units >= 1024)
        return GROUP_LARGE;
    if (s->units < 64)
        return s->units < 4 ? GROUP_TINY : GROUP_SMALL;
    if (s->batch <= 2)
        return GROUP_FEW_ROWS;
    return s->steps < 50 ? GROUP_SHORT : GROUP_LONG;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare_numbers);
    return (values[count / 2] + values[(count - 1) / 2]) / 2;
}

static void put_group(FILE *file, const char *operation, Group group, const Line *lines, int count)
{
    double ratios[SWEPT_MAX], shares[SWEPT_MAX];
    int n = 0, lost = 0;
    for (int i = 0; i < count; i++) {
        if (group_of(lines[i].swept->shape) != group || lines[i].ratio <= 0)
            continue;
        ratios[n] = lines[i].ratio;
        shares[n++] = lines[i].share;
        lost += lines[i].ratio < 1;
    }
    if (!n)
        return;
    double middle = median(ratios, n), share = median(shares, n);
    fprintf(file, "| %s, %s | %d | %.2f / %.2f / %.2f | %d | %.0f %% |\n", operation, group_names[group], n, ratios[0],
            middle, ratios[n - 1], lost, 100 * share);
}

static void put_shapes(FILE *file, const Sweep *sweep)
{
    static const char *const titles[OPERATIONS] = { "Inference", "Training step" };
    static Line lines[OPERATIONS][SWEPT_MAX];
    int count = sweep->swept_count;
    for (int operation = 0; operation < OPERATIONS; operation++) {
        make_lines(sweep->swept, count, (Operation)operation, lines[operation]);
        put_lines(file, titles[operation], lines[operation], count);
    }
    fputs("\n| | shapes | best peer / ours: least / median / most | ours is behind in | share of the limit, median |\n"
          "|---|---|---|---|---|\n", file);
    for (int operation = 0; operation < OPERATIONS; operation++)
        for (int group = 0; group < GROUPS; group++)
            put_group(file, operation ? "training" : "inference", (Group)group, lines[operation], count);
}

/* ---- other layers and ways of use ---- */

static void put_use(FILE *file, const Used *used)
{
    const Measured *ours = &used->result.of[PEER_OURS], *bf16 = &used->result.of[PEER_OURS_BF16];
    Line line = line_of(NULL, &used->result);
    fprintf(file, "| %s | %s |", used->workload.model, way_titles[used->way]);
    put_ratios(file, &line);
    if (ours->there && bf16->there)
        fprintf(file, " %.2f |\n", bf16->ratio);
    else
        fputs(" - |\n", file);
}

/* In their own order: silence beside sound. */
static void put_uses(FILE *file, const Sweep *sweep)
{
    if (!sweep->used_count)
        return;
    fputs("\nOther layers and ways of use:\n\n| | |", file);
    put_column_names(file);
    fputs(" ours with bf16 / ours |\n|---|---|---|---|---|---|---|---|---|---|---|\n", file);
    for (int i = 0; i < sweep->used_count; i++)
        put_use(file, &sweep->used[i]);
}

static void put_notes(FILE *file, const Limits *limits)
{
    const char *unit = clock_counts_cycles() ? "cycle" : "ns", *units = clock_counts_cycles() ? "cycles" : "ns";
    char why[WHY_MAX];
    const Blas *picked = blas_picked(why), *avx2 = blas_avx2(why);
    fprintf(file,
            "\nShapes are one recurrent layer that returns its last output, with the mean squared error. A training\n"
            "step is forward, loss, backward, Adam and the operands made from the new weights; that of other layers\n"
            "has %d rows. On one thread; a ratio is a peer's time over ours, the median over interleaved rounds; all\n"
            "peers agree to 1e-4 of the largest value.\n"
            "- ours: lstmc%s%s, `$CC %s`; plain: `--target=plain`, `" PLAIN_FLAGS "`.\n"
            "- OpenBLAS: cells of its calls, with the kernels that it picks (%s), and with those for AVX2 (%s).\n"
            "- GRU is Keras's reset_after; that of \"GRU before\" is before the product. PyTorch takes part in\n"
            "  few shapes. -: a peer is not there, or the bench has no such layer for it.\n"
            "- A step in silence is one of a stream whose input has been zero for so long that its state has faded to\n"
            "  numbers below the least normal float, which no peer takes for 0 unless the program says so.\n"
            "- Limits: %.2f multiply-adds/%s; %.1f, %.1f, %.1f, %.1f B/%s from 16 KB, 256 KB, 4 MB, 256 MB; the\n"
            "  dependent chain of a step with gates %.0f %s, of one of a SimpleRNN %.0f %s. Activations count in the\n"
            "  chain alone.\n",
            OTHER_BATCH, *options.lstmc ? " " : "", options.lstmc, options.flags,
            picked ? picked->core : "it is not there", avx2 ? avx2->core : "no others", limits->multiply_adds, unit,
            limits->bytes[0], limits->bytes[1], limits->bytes[2], limits->bytes[3], unit, limits->chain, units,
            limits->simple_chain, units);
}

void sweep_table_write(FILE *file, const Sweep *sweep)
{
    if (sweep->swept_count)
        put_shapes(file, sweep);
    put_uses(file, sweep);
    put_notes(file, sweep->limits);
}
