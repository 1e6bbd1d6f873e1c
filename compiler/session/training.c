/* training.c: in: a prepared session.  out: options of its training, and the weights that it begins with. */
#include "training.h"
#include "compiler/base/interrupt.h"

#include "runtime/base/message.h"

#include <math.h>
#include <stdio.h>

struct lstmc_train_options training_options(const Session *s)
{
    const Model *model = description_model(s->description);
    const Arguments *a = &s->arguments;
    struct lstmc_train_options options = {
        .epochs = a->epochs ? a->epochs : model->epochs, .seed = a->seed ? a->seed : model->seed,
        .shuffle = model->shuffle, .buckets = model->buckets, .stateful = session_stateful(model),
        .class_weight = model->class_weight, .class_count = model->class_count, .schedule = model->schedule,
        .gradient_accumulation_steps = model->gradient_accumulation_steps, .ema_momentum = model->ema_momentum,
        .ema_overwrite_frequency = model->ema_overwrite_frequency,
    };
    session_set_metrics(s, &options);
    return options;
}

bool training_restores_best(const Model *model)
{
    bool restores = false;
    for (int i = 0; i < model->callback_count; i++)
        restores |= model->callbacks[i].kind == LSTMC_EARLY_STOPPING && model->callbacks[i].restore_best_weights;
    return restores;
}

/* Of words, those of the description or of the data. Says how many of them the file does not have. */
static int read_vectors(Session *s, const Vectors *v)
{
    const struct lstmc_tensor *table = &description_model(s->description)->descriptor.weights[v->weight];
    struct lstmc_names said = { v->word_count, (char **)v->words }, *words = v->word_count ? &said
                                                                                          : &s->data.meaning.vocabulary;
    size_t missing;
    if (!v->is_text)
        return lstmc_read_vectors(v->file, table, s->weights, &s->message);
    if (!words->count)
        return lstmc_fail(&s->message, LSTMC_MISMATCH, "glove: this data has no vocabulary of words: write "
                          "glove{\"%.200s\", vocabulary = {...}}, the word of each id from 0", v->file);
    int status = lstmc_read_glove(v->file, words, table, s->weights, &missing, &s->message);
    if (!status && missing)
        fprintf(stderr, "note: %s: %zu words of the vocabulary are not in it, and begin as the initializer says\n",
                v->file, missing);
    return status;
}

int training_first_weights(Session *s, uint64_t seed)
{
    const struct lstmc_model *model = &description_model(s->description)->descriptor;
    lstmc_init(model, s->weights, seed);
    int status = lstmc_adapt(model, s->weights, &s->data, &s->message);
    for (int i = 0; !status && i < description_model(s->description)->vectors_count; i++)
        status = read_vectors(s, &description_model(s->description)->vectors[i]);
    return status;
}

typedef struct RateCall {
    Description *description;
    int callback;
    bool *failed;
} RateCall;

static double scheduled_rate(void *context, int epoch, double learning_rate)
{
    const RateCall *call = context;
    double rate = description_rate(call->description, call->callback, epoch, learning_rate);
    if (!isnan(rate))
        return rate;
    *call->failed = true;
    *interrupt_flag() = 1;
    return learning_rate;
}

struct lstmc_callback training_callback(const Session *s, int callback, bool *failed)
{
    struct lstmc_callback copy = description_model(s->description)->callbacks[callback];
    RateCall *call = arena_new(s->arena, RateCall);
    *call = (RateCall){ s->description, callback, failed };
    copy.schedule = scheduled_rate;
    copy.context = call;
    return copy;
}
