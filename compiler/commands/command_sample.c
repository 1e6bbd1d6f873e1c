/* command_sample.c: lstmc sample: text, token by token, drawn from what a model says of the next one. */
#include "sample_sets.h"
#include "compiler/session/instance.h"
#include "compiler/base/streams.h"

#include "runtime/text/tokens.h"
#include "runtime/base/message.h"
#include "runtime/lstmc_random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH 1000                 /* tokens, if none is asked for */

typedef struct Sampler {
    Session *session;
    const struct lstmc_model *model;
    const struct lstmc_meaning *meaning;
    Instance instance;
    int32_t *ids; size_t read;      /* of a model that reads a whole window: its last tokens, as many as there are */
    bool streams;                   /* it is read step by step */
    float *output;
    const float *next;              /* in that, what the model says of the next token */
    struct lstmc_sampling how;
    struct lstmc_candidate *room;
    int first, classes;             /* what is drawn from: not padding, nor what is unknown */
    struct lstmc_joiner joiner;
} Sampler;

/* ---- what comes next ---- */

/* A text of its own begins: nothing was read. */
static void forget(Sampler *p)
{
    const struct lstmc_model *m = p->model;
    if (p->streams)
        instance_reset(&p->instance);
    memset(p->ids, 0, m->input_count * sizeof *p->ids);
    p->read = 0;
}

/* The window again, one token longer, with zeros where they were in training; of what is too long the last tokens. */
static void read_window(Sampler *p, int32_t id)
{
    const struct lstmc_model *m = p->model;
    size_t window = m->input_count, places = m->output_count / (size_t)m->output_shape[m->output_rank - 1];
    if (p->meaning->pads_front || p->read == window)
        memmove(p->ids, p->ids + 1, (window - 1) * sizeof *p->ids);
    p->read += p->read < window;
    size_t place = p->meaning->pads_front ? window - 1 : p->read - 1;
    p->ids[place] = id;
    instance_predict(&p->instance, p->ids, (int32_t)p->read, p->output);
    p->next = p->output + (places > 1 ? place * (m->output_count / places) : 0);
}

/* The model has read one token more; its output is what it says of the next one. */
static void read_token(Sampler *p, int32_t id)
{
    p->next = p->output;
    if (p->streams)
        instance_step(&p->instance, &id, p->output);
    else
        read_window(p, id);
}

static int draw(Sampler *p, uint64_t number)
{
    return p->first + lstmc_sample(&p->how, p->next + p->first, p->classes - p->first, p->room, number);
}

/* ---- texts ---- */

/* Words stand apart, but for punctuation. A reader that has gone, or a full disk, is the end of it. */
static int print_token(Sampler *p, int id)
{
    const char *text = p->meaning->vocabulary.text[id];
    bool words = p->meaning->unit == LSTMC_WORDS || p->meaning->unit == LSTMC_WORDS_AND_LINES;
    if (words && lstmc_joins_by_space(&p->joiner, text, strlen(text)))
        putchar(' ');
    fputs(text, stdout);
    return streams_flush() ? LSTMC_IO : LSTMC_OK;
}

static bool ends_line(const Sampler *p, int id)
{
    return !strcmp(p->meaning->vocabulary.text[id], "\n");
}

/* What is written as it is; words go on behind it as behind their own. */
static void print_prompt(Sampler *p, const char *prompt, const int32_t *ids, size_t count)
{
    size_t length = strlen(prompt);
    struct lstmc_token token;
    fputs(prompt, stdout);
    for (const char *at = prompt; lstmc_token_next(p->meaning->unit, &at, prompt + length, &token);)
        lstmc_joins_by_space(&p->joiner, token.text, token.length);
    if (length && prompt[length - 1] == ' ')
        p->joiner.mark = 0;
    for (size_t i = 0; i < count; i++)
        read_token(p, ids[i]);
}

static int read_prompt(Sampler *p, const char *prompt)
{
    Session *s = p->session;
    struct lstmc_message why;
    size_t length = strlen(prompt), found;
    int32_t *ids = arena_array(s->arena, int32_t, length + 2);
    struct lstmc_meaning whole = *p->meaning;
    whole.pads_front = 0;
    int status = lstmc_encode(&whole, prompt, length, ids, length + 1, &found, &why);
    if (status)
        snprintf(s->message.text, sizeof s->message.text, "--prompt: %.400s", why.text);
    else
        print_prompt(p, prompt, ids, found);
    return status;
}

/* A text begins after the end of a line, or else with any token at all. */
static void begin(Sampler *p)
{
    const struct lstmc_names *vocabulary = &p->meaning->vocabulary;
    int id = 0;
    while (id < vocabulary->count - 1 && !ends_line(p, id))
        id++;
    read_token(p, id);
}

static int check_model(Sampler *p)
{
    Session *s = p->session;
    const struct lstmc_model *m = &description_model(s->description)->descriptor;
    const struct lstmc_names *vocabulary = &p->meaning->vocabulary, *labels = &p->meaning->labels;
    const char *why = m->inputs || m->outputs
                          ? "the model has several inputs or outputs: text is written by one of each"
                      : !m->input_is_tokens || !vocabulary->count || p->meaning->unit == LSTMC_NO_TEXT
                          ? "the weight file says of no text that the model reads (was it trained on characters{...}, "
                            "words{...} or lines{..., next_token = true}?)"
                          : NULL;
    bool same = vocabulary->count == labels->count && m->output_rank &&
                m->output_shape[m->output_rank - 1] >= labels->count;
    for (int i = 0; !why && same && i < labels->count; i++)
        same = !strcmp(vocabulary->text[i], labels->text[i]);
    p->first = p->meaning->unit == LSTMC_BYTES ? 0 : LSTMC_ID_FIRST;
    if (!why && (!same || labels->count <= p->first))
        why = "what the model predicts is not the next of what it reads: its classes are other texts than its ids";
    if (why)
        snprintf(s->message.text, sizeof s->message.text, "%s", why);
    return why ? LSTMC_MISMATCH : LSTMC_OK;
}

static int allocate(Sampler *p)
{
    const struct lstmc_model *m = p->model = p->session->loaded.model;
    p->ids = lstmc_alloc(m->input_count * sizeof *p->ids);
    p->output = lstmc_alloc(m->output_count * sizeof *p->output);
    p->room = lstmc_alloc((size_t)p->meaning->labels.count * sizeof *p->room);
    return p->ids && p->output && p->room ? instance_open(&p->instance, p->session) : LSTMC_NO_MEMORY;
}

/* A model that says at each step what comes next goes on for ever. One that says it once, of a window, is asked again
 * with each token, and so is one that has learned with zeros in front, which say something to what has no mask. */
static bool streams(const Sampler *p, const Model *model)
{
    bool padded = p->meaning->between_line_ends && p->meaning->pads_front;
    return p->model->step && !padded && (p->model->output_rank > 1 || session_stateful(model) != LSTMC_STATELESS);
}

static void settle(Sampler *p)
{
    const Arguments *arguments = &p->session->arguments;
    const Model *model = description_model(p->session->description);
    p->streams = streams(p, model);
    p->classes = p->meaning->labels.count;
    p->how = (struct lstmc_sampling){ .from_logits = model->loss_options.from_logits,
                                      .temperature = arguments->temperature,
                                      .top_k = arguments->top_k,
                                      .top_p = arguments->top_p,
                                      .seed = arguments->seed ? arguments->seed : model->seed };
    forget(p);
}

static int write_text(Sampler *p, int length)
{
    int status = LSTMC_OK;
    for (int i = 0; !status && i < length; i++) {
        int id = draw(p, (uint64_t)i);
        status = print_token(p, id);
        if (p->meaning->between_line_ends && ends_line(p, id))
            forget(p);
        if (!status && i + 1 < length)
            read_token(p, id);
    }
    if (!status)
        putchar('\n');
    return status;
}

static int sample(Sampler *p)
{
    Session *s = p->session;
    const char *weights = session_file(s, s->arguments.weights, ".safetensors"), *prompt = s->arguments.prompt;
    int status = session_read_weights(s, weights);
    if (!status && samples_sets(s)) {
        s->arguments.compile.inference = true;
        return sample_sets(s, weights);
    }
    if (!status && s->arguments.out)
        status = lstmc_fail(&s->message, LSTMC_MISMATCH,
                            "--out is for models of multi_hot{...}: text goes to standard output");
    if (!status)
        status = check_model(p);
    s->arguments.compile.inference = true;
    if (!status)
        status = session_prepare(s, weights, false);
    if (!status)
        status = allocate(p);
    if (status)
        return status;
    settle(p);
    if (prompt && *prompt)
        status = read_prompt(p, prompt);
    else
        begin(p);
    return status ? status : write_text(p, s->arguments.length ? s->arguments.length : LENGTH);
}

int command_sample(const Arguments *arguments)
{
    Session s;
    session_open(&s, arguments);
    Sampler p = { .session = &s, .meaning = &s.meaning };
    int status = s.description ? sample(&p) : 1;
    instance_close(&p.instance);
    lstmc_free(p.ids);
    lstmc_free(p.output);
    lstmc_free(p.room);
    return session_close(&s, status);
}
