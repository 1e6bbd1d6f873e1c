/* table.c: results to Markdown. */
#include "bench.h"

#include <stdlib.h>
#include <unistd.h>

const char *time_text(double seconds, char *text, size_t size)
{
    static const struct { double scale; const char *unit; } units[] = { { 1, "s" }, { 1e3, "ms" }, { 1e6, "us" }, { 1e9, "ns" } };
    int i = 0;
    while (i < 3 && seconds * units[i].scale < 1)
        i++;
    double value = seconds * units[i].scale;
    snprintf(text, size, "%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, units[i].unit);
    return text;
}

/* "1.93 (2.0)": the ratio, and the wanted one. */
static void put_ratio(FILE *file, const Result *result, PeerIndex index)
{
    double wanted = result->task->wanted[index];
    const Measured *measured = measured_of(result, index);
    if (measured->there && result->of[PEER_OURS].there)
        fprintf(file, " %.*f", measured->ratio < 10 ? 2 : 1, measured->ratio);
    else
        fputs(" -", file);
    if (wanted > 0)
        fprintf(file, " (%g)", wanted);
    fputs(" |", file);
}

static void put_time(FILE *file, const Result *result, PeerIndex index)
{
    char text[40];
    const Measured *measured = measured_of(result, index);
    fprintf(file, " %s |", measured->there ? time_text(measured->seconds, text, sizeof text) : "-");
}

static void put_share(FILE *file, const Result *result)
{
    if (result->of[PEER_OURS].there)
        fprintf(file, " %.0f %%", 100 * result->bounds[result->bound] / result->of[PEER_OURS].ticks);
    else
        fputs(" -", file);
    if (result->task->wanted_share > 0)
        fprintf(file, " (%.0f %%)", 100 * result->task->wanted_share);
    fprintf(file, " | %s%s%s |", bound_names[result->bound], result->bound == BOUND_BYTES ? " from " : "",
            result->bound == BOUND_BYTES ? result->level : "");
}

static void put_one_thread(FILE *file, const Result *results, int count)
{
    fputs("| one thread | ours | oneDNN / ours | OpenBLAS / ours | PyTorch / ours | plain / ours | share of the limit | the limit | rounds |\n"
          "|---|---|---|---|---|---|---|---|---|\n", file);
    for (const Result *r = results; r < results + count; r++) {
        if (r->task->threads > 1)
            continue;
        fprintf(file, "| %s |", r->task->title);
        put_time(file, r, PEER_OURS);
        put_ratio(file, r, PEER_ONEDNN);
        put_ratio(file, r, PEER_OPENBLAS);
        put_ratio(file, r, PEER_TORCH);
        put_ratio(file, r, PEER_PLAIN);
        put_share(file, r);
        fprintf(file, " %d |\n", r->rounds);
    }
}

static void put_two_threads(FILE *file, const Result *results, int count)
{
    fputs("\n| two threads | ours | ours on one / ours | oneDNN / ours | OpenBLAS / ours | PyTorch / ours | rounds |\n"
          "|---|---|---|---|---|---|---|\n",
          file);
    for (const Result *r = results; r < results + count; r++) {
        if (r->task->threads == 1)
            continue;
        fprintf(file, "| %s |", r->task->title);
        put_time(file, r, PEER_OURS);
        put_ratio(file, r, PEER_OURS_ALONE);
        put_ratio(file, r, PEER_ONEDNN);
        put_ratio(file, r, PEER_OPENBLAS);
        put_ratio(file, r, PEER_TORCH);
        fprintf(file, " %d |\n", r->rounds);
    }
}

static void put_bf16(FILE *file, const Result *results, int count)
{
    fputs("\n| weights as bf16 | ours | float32 / bf16 | deviation of the output |\n|---|---|---|---|\n", file);
    for (const Result *r = results; r < results + count; r++) {
        const Measured *bf16 = &r->of[PEER_OURS_BF16];
        if (!bf16->there || !r->of[PEER_OURS].there)
            continue;
        fprintf(file, "| %s |", r->task->title);
        put_time(file, r, PEER_OURS_BF16);
        fprintf(file, " %.2f (%g) | %.1e |\n", 1 / bf16->ratio, r->task->wanted[PEER_OURS_BF16], r->bf16_deviation);
    }
}

static void put_times(FILE *file, const Limits *limits, const Result *results, int count)
{
    const char *unit = clock_counts_cycles() ? "cycles" : "ns";
    fprintf(file, "\nMedian times, and the three limits (multiply-adds: of all threads) in %s.\n\n"
            "| | ours | oneDNN | OpenBLAS | PyTorch | plain | multiply-adds | bytes | chain | measured before: oneDNN / OpenBLAS / PyTorch |\n"
            "|---|---|---|---|---|---|---|---|---|---|\n", unit);
    static const PeerIndex columns[] = { PEER_OURS, PEER_ONEDNN, PEER_OPENBLAS, PEER_TORCH, PEER_PLAIN };
    for (const Result *r = results; r < results + count; r++) {
        fprintf(file, "| %s |", r->task->title);
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
            put_time(file, r, columns[i]);
        for (int i = 0; i < BOUNDS; i++)
            fprintf(file, " %.4g |", r->bounds[i]);
        fprintf(file, " %s |\n", r->task->before);
    }
    fprintf(file, "\nLimits of one core here: %.2f multiply-adds/%s, reading while multiplying %.1f, %.1f, %.1f, %.1f B/%s from 16 KB, 256 KB, 4 MB, "
            "256 MB, dependent chain of a step %.0f %s.\n", limits->multiply_adds, clock_counts_cycles() ? "cycle" : "ns", limits->bytes[0],
            limits->bytes[1], limits->bytes[2], limits->bytes[3], clock_counts_cycles() ? "cycle" : "ns", limits->chain, unit);
}

static void put_sizes(FILE *file, const Size *sizes)
{
    fputs("\n| | text of the inference object, -Os | -O2 | whole source, lines | cc -O2, processor time | lstmc, processor time |\n"
          "|---|---|---|---|---|---|\n", file);
    for (int i = 0; i < workload_count; i++) {
        char cc[40], lstmc[40];
        if (sizes[i].there)
            fprintf(file, "| %s | %ld B | %ld B | %ld | %s | %s |\n", workloads[i].name, sizes[i].text_small, sizes[i].text_fast, sizes[i].lines,
                    time_text(sizes[i].cc_seconds, cc, sizeof cc), time_text(sizes[i].lstmc_seconds, lstmc, sizeof lstmc));
    }
}

static void put_notes(FILE *file)
{
    double load;
    if (getloadavg(&load, 1) == 1)
        fprintf(file, "\nLoad of the machine in the last minute, the bench included: %.1f on %ld processors. On a busy machine two threads "
                "mean little: peers whose threads spin while they wait then fall behind by far.\n", load, sysconf(_SC_NPROCESSORS_ONLN));
    fprintf(file,
            "\nTime is %s. A ratio is a peer's time over ours, the median over interleaved rounds; in parentheses what is wanted.\n"
            "- ours: lstmc%s%s, `$CC %s`; plain: `--target=plain`, `" PLAIN_FLAGS "`.\n"
            "- bf16: `--weights-dtype=bf16`; the deviation is that from float32, of the largest value.\n"
            "- OpenBLAS: cells of its calls, `-O3 -march=" BENCH_ARCH " -ffast-math`, gates in vectors, products with\n"
            "  x for all steps in one sgemm, in a stream [x, h] in one sgemv; with the kernels that it picks, or with\n"
            "  those for AVX2 where they are faster. The layers around oneDNN's recurrent ones are the same. oneDNN\n"
            "  reorders its weights once for inference, and after each update in training.\n"
            "- A training step: forward, loss, backward, sum over shards, Adam, operands made from the new weights. Inference: one row.\n"
            "- All peers have the same weights and data, and their outputs (inference), losses and gradients (training) agree to 1e-4\n"
            "  of the largest value, or they are not timed. GRU: Keras's reset_after, which is oneDNN's lbr_gru, and PyTorch's GRU with the gates\n"
            "  in another order.\n"
            "- The limit is the largest of: multiply-adds over the FMA peak (training: forward and twice that, less the first layer's input\n"
            "  gradient); bytes of weights over the bandwidth of a buffer as large as them (behind an embedding the product with the kernel counts\n"
            "  as one row of a table; training: Adam's traffic, and the recurrent kernel at each step, forth and back); steps times the chain, which is the measured latency of one product, sigmoid,\n"
            "  tanh, store and load, and then this step's recurrent multiply-adds at the peak, since they wait for h.\n",
            clock_counts_cycles() ? "core cycles in user mode for one thread of this process, processor time for PyTorch, wall time for two threads"
                                  : "processor time for one thread (the kernel gives no cycle counter here), wall time for two",
            *options.lstmc ? " " : "", options.lstmc, options.flags);
}

void table_write(FILE *file, const Limits *limits, const Result *results, int result_count, const Size *sizes)
{
    put_one_thread(file, results, result_count);
    put_two_threads(file, results, result_count);
    put_bf16(file, results, result_count);
    put_times(file, limits, results, result_count);
    put_sizes(file, sizes);
    put_notes(file);
}
