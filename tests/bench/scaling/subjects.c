/* subjects.c: in: one of two models.  out: its description, its C, its functions. Both are workloads of the bench,
 * sentiment.lua and a large LSTM, in batches of 64 rows. */
#include "scaling.h"

#include <dlfcn.h>
#include <stdlib.h>

#define STEPS_QUICK 4           /* two of them warm up */

static const struct { const char *name, *title; int workload, steps; } known[SUBJECTS] = {
    { "sentiment", "sentiment.lua: Embedding(5000, 32), LSTM(100), Dense(1), 200 steps", 0, 12 },
    { "lstm512", "256 features, LSTM(512), 100 steps", 5, 5 },
};

Subject subject_make(int index)
{
    Subject subject = { known[index].name, known[index].title, workloads[known[index].workload],
                        options.quick ? STEPS_QUICK : known[index].steps };
    subject.workload.name = subject.name;
    subject.workload.batch = BATCH;
    return subject;
}

void subject_build(const Subject *subject, int rows, int shards, char *library, size_t size)
{
    char name[64], words[200], why[WHY_MAX] = "";
    Workload workload = subject->workload;
    Built built;
    workload.batch = rows;
    snprintf(name, sizeof name, "rows%d-shards%d", rows, shards);
    snprintf(words, sizeof words, "%s shards=%d", options.lstmc, shards);
    const Flavour flavour = { name, words, options.flags };
    if (!generated_build(&workload, &flavour, &built, why)) {
        fprintf(stderr, "scaling: %s, %s: %s\n", subject->name, name, why);
        exit(1);
    }
    snprintf(library, size, "%s", built.library);
}

const struct lstmc_model *subject_load(const Subject *subject, const char *library)
{
    char symbol[64];
    snprintf(symbol, sizeof symbol, "%s_model", subject->name);
    void *loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    return loaded ? dlsym(loaded, symbol) : NULL;
}
