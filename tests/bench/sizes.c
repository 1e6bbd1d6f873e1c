/* sizes.c: a workload to the size of its object for inference and the time that it takes to make and to compile. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* The first number of the second line of size(1). */
static long text_bytes(const char *object)
{
    char line[700], log[600];
    long text = 0;
    snprintf(log, sizeof log, "%s.size", object);
    snprintf(line, sizeof line, "size %s", object);
    FILE *file = run_words(line, log) ? NULL : fopen(log, "r");
    if (file && fgets(line, sizeof line, file) && fgets(line, sizeof line, file))
        text = strtol(line, NULL, 10);
    if (file)
        fclose(file);
    return text;
}

static long count_lines(const char *path)
{
    FILE *file = fopen(path, "r");
    long lines = 0;
    for (int c; file && (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

Size sizes_measure(const Workload *workload)
{
    char whole_words[200], inference_words[200];
    snprintf(whole_words, sizeof whole_words, "%s shards=1", options.lstmc);
    snprintf(inference_words, sizeof inference_words, "%s --inference", options.lstmc);
    const Flavour whole = { "ours-training", whole_words, options.flags },
                  fast = { "ours-inference", inference_words, options.flags },
                  small = { "ours-small", inference_words, "-Os -march=" BENCH_ARCH };
    Built built;
    Size size = { 0 };
    char why[WHY_MAX] = "";
    if (generated_build(workload, &small, &built, why)) {
        size.text_small = text_bytes(built.object);
        if (generated_build(workload, &fast, &built, why))
            size.text_fast = text_bytes(built.object);
    }
    size.there = size.text_fast && generated_build(workload, &whole, &built, why);
    size.lstmc_seconds = built.lstmc_seconds;
    size.cc_seconds = built.cc_seconds;
    size.lines = size.there ? count_lines(built.source) : 0;
    if (!size.there)
        fprintf(stderr, "%s: no sizes: %s\n", workload->name, why);
    return size;
}
