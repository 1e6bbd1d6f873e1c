/* tables_model.c: in: what was measured.  out: what the model of the time of a step says of many ranks, in Markdown,
 * where it was measured too how far off it is, and what it assumes. */
#include "scaling.h"

#include <math.h>

static void write_costs(FILE *file, const Results *r)
{
    fprintf(file, "## The model\n\nMeasured on one thread, ms of processor time: forward and backward of a shard by "
            "its rows; the update of all weights (Adam); taking all of them over (what a rank does with what others "
            "have updated); the sum of two arrays of gradients.\n\n"
            "| rows | 1 | 2 | 4 | 8 | 16 | 32 | 64 | update | take over | sum |\n"
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (const Of *of = r->of; of < r->of + r->subjects; of++) {
        fprintf(file, "| %s |", of->subject.name);
        for (int i = 0; i < ROWS_SIZES; i++)
            fprintf(file, " %.2f |", 1e3 * of->costs.shard[i]);
        fprintf(file, " %.3f | %.3f | %.3f |\n", 1e3 * of->costs.update, 1e3 * of->costs.renew, 1e3 * of->costs.add);
    }
}

/* Beside the steps that were measured. */
static void write_check(FILE *file, const Results *r)
{
    fprintf(file, "\nBeside the measured steps, batch %d, without overlap:\n\n| model | shards | 1 rank | measured | "
            "off | 2 ranks | measured | off |\n|---|--:|--:|--:|--:|--:|--:|--:|\n", BATCH);
    for (const Of *of = r->of; of < r->of + r->subjects; of++)
        for (int maker = 0; maker < MAKER_TORCH; maker++) {
            const int shards = maker == MAKER_TWO ? 2 : 8;
            fprintf(file, "| %s | %d |", of->subject.name, shards);
            for (int ranks = 1; ranks <= 2; ranks++) {
                const Traffic t = count_traffic(of->model, ranks, shards);
                const double says = model_step(&of->costs, &r->networks[0], &t, ranks, shards,
                                               (double)BATCH / shards).apart;
                const double was = of->steps.seconds[maker][ranks == 1 ? WAY_ONE : WAY_RANKS];
                fprintf(file, " %.1f ms | %.1f ms | %+.0f %% |", 1e3 * says, 1e3 * was, 100 * (says / was - 1));
            }
            fputc('\n', file);
        }
}

static Predicted predict(const Results *r, const Of *of, int point, int network, Growth growth)
{
    const int ranks = r->ranks[point], shards = shards_of(ranks, growth);
    return model_step(&of->costs, &r->networks[network], growth == GROWTH_WEAK ? &of->weak[point] : &of->strong[point],
                      ranks, shards, growth == GROWTH_WEAK ? BATCH : (double)STRONG_ROWS / shards);
}

/* "12.3 - 14.5" */
static void put_range(FILE *file, const Predicted *p)
{
    const int digits = p->apart < 0.00995 ? 2 : 1;
    fprintf(file, " %.*f - %.*f |", digits, 1e3 * p->overlapped, digits, 1e3 * p->apart);
}

static void write_predictions(FILE *file, const Results *r, const Of *of)
{
    fprintf(file, "\n| %s, ms | weak: memory | cluster | efficient | strong: memory | cluster | faster | imbalance |\n"
            "|--:|--:|--:|--:|--:|--:|--:|--:|\n", of->subject.name);
    for (int i = 0; i < r->points; i++) {
        const int ranks = r->ranks[i], shards = shards_of(ranks, GROWTH_STRONG), most = (shards + ranks - 1) / ranks;
        const Predicted weak = predict(r, of, i, 1, GROWTH_WEAK), strong = predict(r, of, i, 1, GROWTH_STRONG);
        fprintf(file, "| %d |", ranks);
        for (int growth = 0; growth < GROWTHS; growth++) {
            const Predicted memory = predict(r, of, i, 0, (Growth)growth);
            put_range(file, &memory);
            put_range(file, growth == GROWTH_WEAK ? &weak : &strong);
            if (growth == GROWTH_WEAK)
                fprintf(file, " %.0f %% |", 100 * predict(r, of, 0, 1, GROWTH_WEAK).apart / weak.apart);
            else
                fprintf(file, " %.1f | %.2f |\n", predict(r, of, 0, 1, GROWTH_STRONG).apart / strong.apart,
                        (double)most * ranks / shards);
        }
    }
}

static void write_parts(FILE *file, const Results *r)
{
    fprintf(file, "\nOf which, on the cluster, ms:\n\n| model | growth | ranks | compute | reduce | sum | update | "
            "gather | take over | agree | messages | MB sent | received |\n"
            "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (const Of *of = r->of; of < r->of + r->subjects; of++)
        for (int growth = 0; growth < GROWTHS; growth++)
            for (int i = 0; i < r->points; i++) {
                const Predicted p = predict(r, of, i, 1, (Growth)growth);
                const Traffic *traffic = growth == GROWTH_WEAK ? &of->weak[i] : &of->strong[i];
                if (r->ranks[i] != 8 && r->ranks[i] != 64 && r->ranks[i] != 1024)
                    continue;
                fprintf(file, "| %s | %s | %d | %.2f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.0f | %.2f | "
                        "%.2f |\n", of->subject.name,
                        growth == GROWTH_WEAK ? "weak" : "strong", r->ranks[i], 1e3 * p.compute, 1e3 * p.reduce,
                        1e3 * p.sum, 1e3 * p.update, 1e3 * p.gather, 1e3 * p.renew, 1e3 * p.small,
                        traffic->messages, 1e-6 * traffic->sent, 1e-6 * traffic->received);
            }
}

static void write_assumptions(FILE *file, const Results *r)
{
    fprintf(file, "\nWhat the model assumes:\n\n"
            "- Every rank has one thread on a processor of its own, as fast as this one alone, and one link.\n"
            "- weak: %d rows a rank, one shard each. strong: a batch of %d rows, as many shards as the next power of "
            "two from the ranks on. A step waits for the rank that has most: ceil(shards / ranks) shards, an imbalance "
            "of ceil(shards / ranks) ranks / shards.\n"
            "- compute: a shard of so many rows as measured, between the sizes along a line.\n"
            "- reduce: messages that a rank sends x latency + the more of what it sends and receives / bandwidth, both "
            "as counted. gather: log2(ranks) x latency + the weights / bandwidth. agree: gathers of a few bytes, "
            "log2(ranks) x latency each", BATCH, STRONG_ROWS);
    for (const Of *of = r->of; of < r->of + r->subjects; of++)
        fprintf(file, "%s %s %.0f a step", of > r->of ? "," : ":", of->subject.name, of->costs.gathers);
    fprintf(file, ".\n- sum, update: by the weights of the rank that has most. take over: all weights, on every rank.\n"
            "- memory: the latency and bandwidth above, which are of shared memory, as if every two ranks had it. "
            "cluster: %.3g us, %.3g GB/s a link. No contention: neither of messages for the same rank, nor in "
            "switches.\n"
            "- The larger number: no overlap, everything one after the other. The smaller one: full overlap, the "
            "longer of what works and what talks. lstmc overlaps reduce alone, with what follows the first phase of "
            "backward",
            1e6 * r->networks[1].reduce.latency, 1e-9 * r->networks[1].reduce.bandwidth);
    for (const Of *of = r->of; of < r->of + r->subjects; of++)
        fprintf(file, "%s %s has %d", of > r->of ? "," : ":", of->subject.name,
                of->model->backward_phases > 1 ? of->model->backward_phases : 1);
    fputs(".\n", file);
}

void tables_model(FILE *file, const Results *r)
{
    write_costs(file, r);
    write_check(file, r);
    for (const Of *of = r->of; of < r->of + r->subjects; of++)
        write_predictions(file, r, of);
    write_parts(file, r);
    write_assumptions(file, r);
}
