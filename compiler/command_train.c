/* command_train.c: lstmc train: generates, compiles, loads and trains on the description's data; writes the weights. */
#include "session.h"

#include <stdio.h>

static void print_task(const Session *t, int epochs)
{
    const struct lstmc_model *m = &description_model(t->description)->descriptor;
    printf("%s: %zu samples, %zu held out, %zu weights, batches of %d, %d epoch%s%s", m->name, t->data.samples, t->validation.samples,
           m->weight_count, m->batch * m->shards, epochs, epochs == 1 ? "" : "s", t->arguments->interpreted ? ", interpreted" : "");
    if (t->threads > 1)
        printf(", %d threads", t->threads);
    printf("\n");
    fflush(stdout);
}

static void print_result(const Session *t, const struct lstmc_history *history)
{
    session_print_values(t, "", history->loss, history->metric);
    if (history->has_validation) {
        printf("  ");
        session_print_values(t, "val_", history->validation_loss, history->validation_metric);
    }
    printf("\n");
}

static int save(Session *t)
{
    const char *path = session_weight_file(t, t->arguments->weights);
    char **metadata = lstmc_meaning_metadata(&t->data.meaning, NULL);
    if (!metadata)
        return LSTMC_NO_MEMORY;
    int status = lstmc_weights_save(&description_model(t->description)->descriptor, t->weights, path, (const char *const *)metadata, &t->message);
    lstmc_metadata_free(metadata);
    if (!status)
        printf("weights: %s\n", path);
    return status;
}

static int train(Session *t)
{
    const Model *model = description_model(t->description);
    const Arguments *a = t->arguments;
    uint64_t seed = a->seed ? a->seed : model->seed;
    int status = session_prepare(t, a->init);
    if (status)
        return status;
    if (!a->init)
        lstmc_init(&model->descriptor, t->weights, seed);
    struct lstmc_train_options options = {
        .epochs = a->epochs ? a->epochs : model->epochs, .seed = seed, .shuffle = model->shuffle, .metrics = model->metrics,
        .metric_count = model->metric_count, .quiet = a->quiet,
    };
    struct lstmc_history history = { 0 };
    if (!a->quiet)
        print_task(t, options.epochs);
    status = lstmc_train(&t->engine, t->weights, &t->data, t->validation.samples ? &t->validation : NULL, &options, &history, &t->message);
    if (status)
        return status;
    print_result(t, &history);
    t->engine.prepare(t->engine.context, t->weights);
    session_compare_with_persistence(t);
    return save(t);
}

int command_train(const Arguments *arguments)
{
    Session t;
    session_open(&t, arguments);
    return session_close(&t, t.description ? train(&t) : 1);
}
