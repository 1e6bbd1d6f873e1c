/* sample_sets.c: in: a model that says how probable each number is in the next set.  out: sets drawn from that, one
 * after the other, as lines of numbers or as a MIDI file. Numbers of a set are drawn each by itself: Bernoulli. */
#include "sample_sets.h"
#include "midi.h"

#include "compiler/base/streams.h"
#include "compiler/session/instance.h"

#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "runtime/files/replace.h"
#include "runtime/lstmc_random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPO 90                    /* steps a minute, if nothing is said */

enum { STREAM_SETS = 0x53455453 };

typedef struct Sampler {
    Session *session;
    const struct lstmc_model *model;
    Instance instance;
    int width, steps;               /* numbers that a set may hold; sets that the model was trained on at once */
    int *number;                    /* of each feature */
    float *x, *y;                   /* of a model that does not stream the last `steps` sets, and its answer to them */
    int read;                       /* how many it has read */
    const float *output;            /* what it says of the next set */
    bool *sets; int drawn;          /* [drawn][width]: the prompt, and what was drawn behind it */
} Sampler;

bool samples_sets(const Session *session)
{
    return description_model(session->description)->data.kind == DATA_MULTI_HOT;
}

/* ---- what can be sampled ---- */

/* The numbers of the features, which the reader of the data has left in the weight file. */
static int read_numbers(Sampler *p)
{
    const struct lstmc_names *columns = &p->session->meaning.columns;
    for (int i = 0; i < p->width && columns->count == p->width; i++) {
        double number;
        if (!lstmc_number_read(columns->text[i], strlen(columns->text[i]), &number) || fabs(number) > 1e9)
            break;
        p->number[i] = (int)number;
        if (i + 1 == p->width)
            return LSTMC_OK;
    }
    return lstmc_fail(&p->session->message, LSTMC_MISMATCH,
                      "the weight file does not say which numbers the sets are of (was it trained on multi_hot{...}?)");
}

static int check_model(const Sampler *p)
{
    const Model *model = description_model(p->session->description);
    const struct lstmc_model *m = &model->descriptor;
    if (m->inputs || m->targets || m->input_rank != 2 || m->output_rank != 2 || m->output_count != m->input_count ||
        !model->loss || strcmp(model->loss, "binary_crossentropy"))
        return lstmc_fail(&p->session->message, LSTMC_MISMATCH,
                          "sets are drawn from probabilities of each number: the model needs one Input{steps, "
                          "numbers}, as many outputs for each step, and loss = \"binary_crossentropy\"");
    return LSTMC_OK;
}

/* ---- what comes next ---- */

static void read_set(Sampler *p, const float *set)
{
    const struct lstmc_model *m = p->model;
    size_t width = (size_t)p->width;
    if (m->step) {
        instance_step(&p->instance, set, p->y);
        p->output = p->y;
        return;
    }
    if (p->read == p->steps)
        memmove(p->x, p->x + width, (size_t)(p->steps - 1) * width * sizeof *p->x);
    else
        p->read++;
    memcpy(p->x + (size_t)(p->read - 1) * width, set, width * sizeof *set);
    instance_predict(&p->instance, p->x, p->read, p->y);
    p->output = p->y + (size_t)(p->read - 1) * width;
}

/* The probability p of each number becomes sigmoid(logit(p) / temperature): 0 takes what is more probable than not. */
static void draw_set(Sampler *p, bool *set)
{
    const Model *model = description_model(p->session->description);
    double temperature = p->session->arguments.temperature;
    uint64_t seed = p->session->arguments.seed ? p->session->arguments.seed : model->seed;
    for (int i = 0; i < p->width; i++) {
        double y = (double)p->output[i], logit = model->loss_options.from_logits ? y : log(y) - log1p(-y);
        double at = (double)(lstmc_random_bits(seed, STREAM_SETS, (uint64_t)p->drawn, (uint64_t)i) >> 11) * 0x1p-53;
        set[i] = temperature == 0 ? logit > 0 : at < 1 / (1 + exp(-logit / temperature));
    }
}

/* Set number p->drawn is there; the model reads it. */
static void take_set(Sampler *p, float *x)
{
    const bool *set = p->sets + (size_t)p->drawn++ * (size_t)p->width;
    for (int i = 0; i < p->width; i++)
        x[i] = set[i];
    read_set(p, x);
}

/* ---- the prompt ---- */

static int find_number(const Sampler *p, double number)
{
    for (int i = 0; i < p->width; i++)
        if (number == p->number[i])
            return i;
    return -1;
}

/* "60 64 67, 62, , 60": sets with commas between, of numbers with blanks between. */
static int read_prompt(Sampler *p, const char *prompt)
{
    int set = 0;
    for (const char *at = prompt; *(at += strspn(at, " \t\n"));) {
        size_t length = strcspn(at, " \t\n,");
        double number;
        if (*at == ',') {
            set++;
            at++;
            continue;
        }
        char *word = arena_format(p->session->arena, "%.*s", (int)length, at);
        int feature = lstmc_number_read(word, length, &number) ? find_number(p, number) : -1;
        if (feature < 0)
            return lstmc_fail(&p->session->message, LSTMC_MISMATCH,
                              "--prompt: set %d: \"%.40s\" is none of the numbers %d to %d that the model knows: write "
                              "sets with commas between, like \"60 64 67, 62 65\"", set + 1, word, p->number[0],
                              p->number[p->width - 1]);
        p->sets[(size_t)set * (size_t)p->width + (size_t)feature] = true;
        at += length;
    }
    return LSTMC_OK;
}

static int count_sets(const char *prompt)
{
    int count = prompt && prompt[strspn(prompt, " \t\n")] ? 1 : 0;
    for (; prompt && *prompt; prompt++)
        count += *prompt == ',';
    return count;
}

/* ---- what is written ---- */

static bool is_midi(const char *path)
{
    size_t length = path ? strlen(path) : 0;
    return (length > 4 && !strcmp(path + length - 4, ".mid")) || (length > 5 && !strcmp(path + length - 5, ".midi"));
}

static int write_midi(Sampler *p, const char *path)
{
    Session *s = p->session;
    if (p->number[0] < 0 || p->number[p->width - 1] >= MIDI_NOTES)
        return lstmc_fail(&s->message, LSTMC_MISMATCH, "%.250s: MIDI has the notes 0 to 127, and the sets are of %d to "
                          "%d: write them to a file with another ending", path, p->number[0], p->number[p->width - 1]);
    bool(*notes)[MIDI_NOTES] = arena_alloc(s->arena, (size_t)p->drawn * sizeof *notes);
    for (int t = 0; t < p->drawn; t++)
        for (int i = 0; i < p->width; i++)
            notes[t][p->number[i]] = p->sets[(size_t)t * (size_t)p->width + (size_t)i];
    int error = midi_write(path, (const bool(*)[MIDI_NOTES])notes, (size_t)p->drawn,
                           s->arguments.tempo ? s->arguments.tempo : TEMPO);
    return error ? lstmc_fail(&s->message, LSTMC_IO, "%.250s: cannot be written: %s", path, lstmc_write_reason(error))
                 : LSTMC_OK;
}

/* A line for each set. */
static int write_lines(const Sampler *p, const char *path)
{
    Out text = { 0 };
    for (int t = 0; t < p->drawn; t++) {
        const char *between = "";
        for (int i = 0; i < p->width; i++)
            if (p->sets[(size_t)t * (size_t)p->width + (size_t)i]) {
                put_raw(&text, between);
                put_raw(&text, arena_format(p->session->arena, "%d", p->number[i]));
                between = " ";
            }
        put_raw(&text, "\n");
    }
    int error = path ? write_file(path, text.text, text.length) : 0;
    if (!path)
        fputs(text.text, stdout);
    out_free(&text);
    if (error)
        return lstmc_fail(&p->session->message, LSTMC_IO, "%.250s: cannot be written: %s", path,
                          lstmc_write_reason(error));
    return !path && streams_flush() ? LSTMC_IO : LSTMC_OK;
}

/* ---- all of it ---- */

static int allocate(Sampler *p, int sets)
{
    const struct lstmc_model *m = p->model = p->session->loaded.model;
    p->x = lstmc_alloc(m->input_count * sizeof *p->x);
    p->y = lstmc_alloc(m->output_count * sizeof *p->y);
    p->sets = lstmc_alloc((size_t)sets * (size_t)p->width + 1);
    return p->x && p->y && p->sets ? instance_open(&p->instance, p->session) : LSTMC_NO_MEMORY;
}

/* Behind a prompt, or behind the nothing that sequences of the data begin with. */
static int draw_all(Sampler *p, int prompted, int length)
{
    const char *out = p->session->arguments.out;
    float *x = arena_array(p->session->arena, float, p->width);
    if (p->model->step)
        instance_reset(&p->instance);
    read_set(p, x);
    while (p->drawn < prompted)
        take_set(p, x);
    while (p->drawn < prompted + length) {
        draw_set(p, p->sets + (size_t)p->drawn * (size_t)p->width);
        take_set(p, x);
    }
    return is_midi(out) ? write_midi(p, out) : write_lines(p, out);
}

int sample_sets(Session *s, const char *weight_file)
{
    const struct lstmc_model *m = &description_model(s->description)->descriptor;
    const char *prompt = s->arguments.prompt;
    Sampler p = { .session = s, .width = m->input_rank == 2 ? m->input_shape[1] : 0, .steps = m->input_shape[0] };
    int prompted = count_sets(prompt), length = s->arguments.length ? s->arguments.length : p.steps;
    p.number = arena_array(s->arena, int, p.width + 1);
    int status = check_model(&p);
    if (!status)
        status = read_numbers(&p);
    if (!status && s->arguments.tempo && !is_midi(s->arguments.out))
        status = lstmc_fail(&s->message, LSTMC_MISMATCH, "--tempo is that of a MIDI file: --out FILE.mid");
    if (!status)
        status = session_prepare(s, weight_file, false);
    if (!status)
        status = allocate(&p, prompted + length);
    if (!status && prompt)
        status = read_prompt(&p, prompt);
    if (!status)
        status = draw_all(&p, prompted, length);
    instance_close(&p.instance);
    lstmc_free(p.x);
    lstmc_free(p.y);
    lstmc_free(p.sets);
    return status;
}
