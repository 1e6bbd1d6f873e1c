/* command_sample.c: lstmc sample: text, token by token, drawn from what a model says of the next one. */
#include "compiler/session/session.h"
#include "compiler/base/streams.h"

#include "runtime/lstmc_random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH 1000                 /* tokens, if none is asked for */

enum { STREAM_SAMPLE = 0x54455854 };

typedef struct Sampler {
    Session *session;
    const struct lstmc_model *model;
    const struct lstmc_meaning *meaning;
    void *packed, *state, *scratch;
    int32_t *ids;                   /* of a model that reads a whole window: its last tokens */
    int32_t last;                   /* the token that was read last */
    float *output;
    double *weight;
    int classes;
} Sampler;

/* ---- what comes next ---- */

/* The model has read one token more; its output is what it says of the next one. */
static void read_token(Sampler *p, int32_t id)
{
    const struct lstmc_model *m = p->model;
    p->last = id;
    if (m->step) {
        m->step(p->packed, p->state, &id, p->output);
        return;
    }
    memmove(p->ids, p->ids + 1, (m->input_count - 1) * sizeof *p->ids);
    p->ids[m->input_count - 1] = id;
    m->predict(p->packed, p->scratch, p->ids, p->output);
}

/* exp(log p / temperature), of logits exp(z / temperature), from the largest on, so that nothing overflows. */
static int draw(Sampler *p, uint64_t number)
{
    const Model *model = description_model(p->session->description);
    const float *y = p->output + (p->model->step ? 0 : p->model->output_count - (size_t)p->classes);
    double temperature = p->session->arguments.temperature, sum = 0;
    int best = 0;
    for (int i = 1; i < p->classes; i++)
        if (y[i] > y[best])
            best = i;
    if (temperature == 0)
        return best;
    for (int i = 0; i < p->classes; i++) {
        double distance = model->loss_options.from_logits ? (double)y[i] - (double)y[best]
                                                          : log((double)y[i] / (double)y[best]);
        sum += p->weight[i] = exp(distance / temperature);
    }
    uint64_t seed = p->session->arguments.seed ? p->session->arguments.seed : model->seed;
    double at = (double)(lstmc_random_bits(seed, STREAM_SAMPLE, number, 0) >> 11) * 0x1p-53 * sum;
    for (int i = 0; i < p->classes; i++)
        if ((at -= p->weight[i]) < 0)
            return i;
    return best;
}

/* ---- texts ---- */

/* As it is drawn; a reader that has gone, or a full disk, is the end of it. */
static int print_token(const Sampler *p, int id, bool first)
{
    fputs(p->meaning->unit == LSTMC_WORDS && !first ? " " : "", stdout);
    fputs(p->meaning->vocabulary.text[id], stdout);
    return streams_flush() ? LSTMC_IO : LSTMC_OK;
}

static int read_prompt(Sampler *p, const char *prompt)
{
    Session *s = p->session;
    struct lstmc_message why;
    size_t length = strlen(prompt), found;
    int32_t *ids = arena_array(s->arena, int32_t, length + 1);
    struct lstmc_meaning whole = *p->meaning;
    whole.pads_front = 0;
    int status = lstmc_encode(&whole, prompt, length, ids, length, &found, &why);
    if (status) {
        snprintf(s->message.text, sizeof s->message.text, "--prompt: %.400s", why.text);
        return status;
    }
    for (size_t i = 0; i < found; i++)
        read_token(p, ids[i]);
    fputs(prompt, stdout);
    return LSTMC_OK;
}

/* A text begins after the end of a line, or else with any token at all. */
static void begin(Sampler *p)
{
    for (int id = 0; id < p->meaning->vocabulary.count; id++)
        if (!strcmp(p->meaning->vocabulary.text[id], "\n")) {
            read_token(p, id);
            return;
        }
    read_token(p, p->meaning->vocabulary.count - 1);
}

static int check_model(Sampler *p)
{
    Session *s = p->session;
    const struct lstmc_model *m = &description_model(s->description)->descriptor;
    const struct lstmc_names *vocabulary = &p->meaning->vocabulary, *labels = &p->meaning->labels;
    const char *why = !m->input_is_tokens || !vocabulary->count || p->meaning->unit == LSTMC_NO_TEXT
                          ? "the weight file says of no text that the model reads (was it trained on characters{...}?)"
                          : NULL;
    bool same = vocabulary->count == labels->count && m->output_rank &&
                m->output_shape[m->output_rank - 1] == labels->count;
    for (int i = 0; !why && same && i < labels->count; i++)
        same = !strcmp(vocabulary->text[i], labels->text[i]);
    if (!why && !same)
        why = "what the model predicts is not the next of what it reads: its classes are other texts than its ids";
    if (why)
        snprintf(s->message.text, sizeof s->message.text, "%s", why);
    return why ? LSTMC_MISMATCH : LSTMC_OK;
}

static int allocate(Sampler *p)
{
    const struct lstmc_model *m = p->model = p->session->loaded.model;
    p->classes = m->output_shape[m->output_rank - 1];
    p->packed = lstmc_alloc(m->packed_bytes + 1);
    p->state = lstmc_alloc(m->state_bytes + 1);
    p->scratch = lstmc_alloc(m->scratch_bytes + 1);
    p->ids = lstmc_alloc(m->input_count * sizeof *p->ids);
    p->output = lstmc_alloc(m->output_count * sizeof *p->output);
    p->weight = lstmc_alloc((size_t)p->classes * sizeof *p->weight);
    return p->packed && p->state && p->scratch && p->ids && p->output && p->weight ? LSTMC_OK : LSTMC_NO_MEMORY;
}

static int sample(Sampler *p)
{
    Session *s = p->session;
    const char *weights = session_file(s, s->arguments.weights, ".safetensors"), *prompt = s->arguments.prompt;
    int status = session_read_weights(s, weights);
    if (!status)
        status = check_model(p);
    s->arguments.compile.inference = true;
    if (!status)
        status = session_prepare(s, weights, false);
    if (!status)
        status = allocate(p);
    if (status)
        return status;
    p->model->prepare(p->packed, s->weights);
    if (p->model->step)
        p->model->reset(p->packed, p->state);
    if (prompt && *prompt)
        status = read_prompt(p, prompt);
    else
        begin(p);
    int length = s->arguments.length ? s->arguments.length : LENGTH;
    for (int i = 0; !status && i < length; i++) {
        int id = draw(p, (uint64_t)i);
        status = print_token(p, id, i == 0 && !(prompt && *prompt));
        if (!status && i + 1 < length)
            read_token(p, id);
    }
    if (!status)
        putchar('\n');
    return status;
}

int command_sample(const Arguments *arguments)
{
    Session s;
    session_open(&s, arguments);
    Sampler p = { .session = &s, .meaning = &s.meaning };
    int status = s.description ? sample(&p) : 1;
    lstmc_free(p.packed);
    lstmc_free(p.state);
    lstmc_free(p.scratch);
    lstmc_free(p.ids);
    lstmc_free(p.output);
    lstmc_free(p.weight);
    return session_close(&s, status);
}
