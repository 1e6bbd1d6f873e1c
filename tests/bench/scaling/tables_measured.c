/* tables_measured.c: in: what was measured and counted.  out: its tables in Markdown. */
#include "scaling.h"

#include <math.h>
#include <unistd.h>

static double off(double model, double measured)
{
    return 100 * (model / measured - 1);
}

static const char *size_text(double bytes, char *text, size_t size)
{
    if (bytes < 1 << 20)
        snprintf(text, size, "%.0f KB", bytes / (1 << 10));
    else
        snprintf(text, size, "%.0f MB", bytes / (1 << 20));
    return text;
}

static void write_exchanges(FILE *file, const Results *r)
{
    const Line *reduce = &r->networks[0].reduce, *gather = &r->networks[0].gather;
    fprintf(file, "## What an exchange costs\n\nTwo processes on this machine, started by mpirun, through "
            "lstmc-mpi.so: each sends the other so many bytes (reduce and finish), or has half of an array of twice so "
            "many (gather). Median times, and what the line that fits them says, nearest by relative errors.\n\n"
            "| bytes each way | reduce, finish | line | off | gather | line | off |\n|--:|--:|--:|--:|--:|--:|--:|\n");
    for (int i = 0; i < r->exchanges; i++) {
        char text[32];
        const double lines[] = { line_at(reduce, r->bytes[i]), line_at(gather, r->bytes[i]) };
        fprintf(file, "| %s | %.1f us | %.1f us | %+.0f %% | %.1f us | %.1f us | %+.0f %% |\n",
                size_text(r->bytes[i], text, sizeof text), 1e6 * r->reduce[i], 1e6 * lines[0],
                off(lines[0], r->reduce[i]), 1e6 * r->gather[i], 1e6 * lines[1], off(lines[1], r->gather[i]));
    }
    fprintf(file, "\nreduce, finish: %.1f us + bytes / %.2f GB/s; gather: %.1f us + bytes / %.2f GB/s.\n\n",
            1e6 * reduce->latency, 1e-9 * reduce->bandwidth, 1e6 * gather->latency, 1e-9 * gather->bandwidth);
}

/* ---- a training step ---- */

static void write_steps_of(FILE *file, const Steps *steps)
{
    static const char *const names[] = { "lstmc, 2 shards", "lstmc, 8 shards", "PyTorch" };
    for (int maker = 0; maker < MAKERS; maker++)
        if (steps->there[maker]) {
            const double *least = steps->least[maker], *work = steps->work[maker];
            fprintf(file, "| %s | %.1f ms | %.1f ms | %.2f | %.1f ms | %.2f | %.1f, %.1f, %.1f ms |", names[maker],
                    1e3 * steps->seconds[maker][WAY_ONE], 1e3 * steps->seconds[maker][WAY_THREADS],
                    steps->faster[maker][WAY_THREADS], 1e3 * steps->seconds[maker][WAY_RANKS],
                    steps->faster[maker][WAY_RANKS], 1e3 * least[WAY_ONE], 1e3 * least[WAY_THREADS],
                    1e3 * least[WAY_RANKS]);
            if (work[WAY_RANKS] > 0)
                fprintf(file, " %.1f, %.1f ms, %.2f", 1e3 * work[WAY_ONE], 1e3 * work[WAY_RANKS],
                        work[WAY_ONE] / work[WAY_RANKS]);
            fputs(" |\n", file);
        }
    if (steps->there[MAKER_TORCH])
        fprintf(file, "| PyTorch / lstmc, 2 shards | %.2f | %.2f | | %.2f | | | |\n", steps->torch[WAY_ONE],
                steps->torch[WAY_THREADS], steps->torch[WAY_RANKS]);
}

static void write_steps(FILE *file, const Results *r)
{
    fprintf(file, "## A training step, batch %d\n\nOf lstmc a whole step of lstmc_train; ranks are processes with one "
            "thread each, by mpirun. Median of %d round%s of alternating trainings, each the median of its steps; "
            "faster: than one thread in the same round; fastest steps: of all that were timed, what "
            "neighbours disturb least; work: processor time of the one thread, and of a rank of two without what it "
            "waits, and how many times less. In each line of lstmc the weights are the same bits in all "
            "three, on every rank. PyTorch on two ranks: DistributedDataParallel over gloo%s%s.\n\n", BATCH, r->rounds,
            r->rounds == 1 ? "" : "s", *r->torch ? "; not here: " : "", r->torch);
    for (const Of *of = r->of; of < r->of + r->subjects; of++) {
        fprintf(file, "| %s | 1 thread | 2 threads | faster | 2 ranks | faster | fastest steps | work |\n"
                "|---|--:|--:|--:|--:|--:|--:|--:|\n",
                of->subject.title);
        write_steps_of(file, &of->steps);
        fputc('\n', file);
    }
}

/* ---- bytes ---- */

static void write_sent(FILE *file, const Of *of)
{
    static const int ranks[] = { 2, 3, 4, 8 };
    const double all = of->costs.gradient_bytes;
    fprintf(file, "%s, %.2f MB of gradients, 8 shards:\n\n| ranks | messages | gradients | weights | together | ring | "
            "ratio |\n|--:|--:|--:|--:|--:|--:|--:|\n", of->subject.name, 1e-6 * all);
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        const Traffic t = count_traffic(of->model, ranks[i], 8);
        const double ring = 2 * (ranks[i] - 1.0) / ranks[i] * all;
        fprintf(file, "| %d | %.0f | %.2f MB | %.2f MB | %.2f MB | %.2f MB | %.2f |\n", ranks[i], t.messages,
                1e-6 * t.sent, 1e-6 * t.gathered, 1e-6 * t.total, 1e-6 * ring, t.total / ring);
    }
    fprintf(file, "\nThe two processes of the step above sent the same: %.0f message%s of gradients, %.2f MB with the "
            "weights; and %.0f gathers of a few bytes, of losses and of what they agree on.\n\n",
            of->steps.counted[0], of->steps.counted[0] > 1 ? "s" : "", 1e-6 * of->steps.counted[1], of->costs.gathers);
}

static void write_memory(FILE *file, const Of *of)
{
    static const int ranks[] = { 1, 2, 3, 4, 8 };
    const double all = of->costs.gradient_bytes;
    const double states = (double)lstmc_optimizer_floats(of->model) * sizeof(float) / all;
    fprintf(file, "| %s, MB of a rank | weights | gradients | optimiser | received | together |\n"
            "|--:|--:|--:|--:|--:|--:|\n", of->subject.name);
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        const Traffic t = count_traffic(of->model, ranks[i], 8);
        const double weights = (double)of->model->weight_count * sizeof(float);
        const double parts[] = { weights, t.shards * all, states * t.own_bytes, t.room };
        fprintf(file, "| %d | %.2f | %.2f | %.2f | %.2f | %.2f |\n", ranks[i], 1e-6 * parts[0], 1e-6 * parts[1],
                1e-6 * parts[2], 1e-6 * parts[3], 1e-6 * (parts[0] + parts[1] + parts[2] + parts[3]));
    }
    fputc('\n', file);
}

void tables_measured(FILE *file, const Results *r)
{
    fprintf(file, "# Scaling\n\n%ld processors; load of the machine %.1f before, %.1f behind (its own part included). "
            "MB, GB: 10^6, 10^9 bytes, but KB and MB of the first column of exchanges 2^10 and 2^20.\n\n",
            sysconf(_SC_NPROCESSORS_ONLN), r->load[0], r->load[1]);
    write_exchanges(file, r);
    write_steps(file, r);
    fprintf(file, "## What a rank sends in a step, and keeps\n\nOf the rank that has most of each, by the functions "
            "that send it, over a transport that counts. ring: what an all-reduce in a ring sends, 2 (R - 1) / R times "
            "the gradients.\n\n");
    for (const Of *of = r->of; of < r->of + r->subjects; of++)
        write_sent(file, of);
    fprintf(file, "Memory: weights, gradients of the rank's shards, the optimiser's state of the weights that it "
            "updates, room for what others send; tapes and packed weights are not counted.\n\n");
    for (const Of *of = r->of; of < r->of + r->subjects; of++)
        write_memory(file, of);
}
