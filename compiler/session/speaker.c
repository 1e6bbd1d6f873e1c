/* speaker.c: in: a prepared session and a sample.  out: the tokens that its decoder says of it. */
#include "speaker.h"

#include "runtime/lstmc_search.h"
#include "runtime/text/tokens.h"

#include <stdio.h>
#include <stdlib.h>

/* A decoder that predicts the whole sequence at each step, from all that was said before. */
typedef struct Whole {
    const struct lstmc_model *model;
    const struct lstmc_array *said;     /* the decoder's input */
    struct lstmc_engine *engine;
    void *x;                            /* a sample */
    float *y;                           /* all steps of it */
    size_t classes;
} Whole;

typedef struct Said {                   /* its state; `tokens` has a place for each step */
    int32_t count, tokens[];
} Said;

typedef struct Read {                   /* its memory: what was encoded is the sample itself */
    int32_t length, x[];
} Read;

struct Speaker {
    const struct lstmc_decoder *decoder;
    struct lstmc_decoder whole_decoder;
    Whole whole;
    struct lstmc_search_options how;
    void *packed, *memory, *encode_scratch, *work;
    int32_t *tokens;
};

/* ---- step by step without steps ---- */

static void whole_encode(const void *packed, void *scratch, const void *x, const int32_t *lengths, void *memory)
{
    const Whole *whole = packed;
    Read *read = memory;
    (void)scratch;
    read->length = lengths ? *lengths : INT32_MAX;
    memcpy(read->x, x, whole->model->input_count * 4);
}

static void whole_reset(const void *packed, const void *memory, void *state)
{
    (void)packed, (void)memory;
    ((Said *)state)->count = 0;
}

/* What stands behind all that was said does not matter, or the decoder would look ahead. */
static int whole_step(const void *packed, const void *memory, void *scratch, void *state, const void *x, float *y)
{
    const Whole *whole = packed;
    const Read *read = memory;
    Said *said = state;
    int32_t *input = (int32_t *)whole->x + whole->said->offset;
    (void)scratch;
    said->tokens[said->count++] = *(const int32_t *)x;
    memcpy(whole->x, read->x, whole->model->input_count * 4);
    for (int32_t t = 0; t < (int32_t)whole->said->count; t++)
        input[t] = t < said->count ? said->tokens[t] : LSTMC_ID_PADDING;
    if (whole->engine->lengths)
        whole->engine->lengths(whole->engine->context, &read->length);
    whole->engine->predict(whole->engine->context, whole->x, 1, whole->y);
    memcpy(y, whole->y + (size_t)(said->count - 1) * whole->classes, whole->classes * sizeof *y);
    return 1;
}

static void make_whole(Speaker *s, Session *session)
{
    const Model *model = description_model(session->description);
    const struct lstmc_model *m = &model->descriptor;
    const struct lstmc_array *said = &m->inputs[model->decoder];
    size_t classes = (size_t)m->output_shape[m->output_rank - 1];
    s->whole = (Whole){ .model = m, .said = said, .engine = &session->engine, .classes = classes,
                        .x = lstmc_alloc(m->input_count * 4), .y = lstmc_alloc(m->output_count * sizeof(float)) };
    s->whole_decoder = (struct lstmc_decoder){
        .model = m, .input = model->decoder, .steps = said->shape[0], .reads_tokens = 1,
        .begin_token = model->begin_token, .end_token = model->end_token, .input_count = 1, .output_count = classes,
        .memory_bytes = sizeof(Read) + m->input_count * 4, .state_bytes = sizeof(Said) + said->count * 4,
        .encode_scratch_bytes = 1, .decode_scratch_bytes = 1, .encode = whole_encode, .decode_reset = whole_reset,
        .decode_step = whole_step };
    s->decoder = &s->whole_decoder;
}

/* ---- the speaker ---- */

static bool allocate(Speaker *s, const Session *session)
{
    const struct lstmc_model *m = session->loaded.model;
    bool whole = s->decoder == &s->whole_decoder;
    s->memory = lstmc_alloc(s->decoder->memory_bytes);
    s->encode_scratch = lstmc_alloc(s->decoder->encode_scratch_bytes);
    s->work = lstmc_alloc(lstmc_search_bytes(s->decoder, &s->how));
    s->tokens = lstmc_alloc((size_t)s->how.steps * sizeof *s->tokens);
    s->packed = whole ? NULL : lstmc_alloc(m->packed_bytes + 1);
    if (!whole && s->packed)
        m->prepare(s->packed, session->weights);
    return s->memory && s->encode_scratch && s->work && s->tokens &&
           (whole ? s->whole.x && s->whole.y : s->packed != NULL);
}

Speaker *speaker_open(Session *session, const struct lstmc_meaning *meaning, int beam, double length_penalty)
{
    const Model *model = description_model(session->description);
    Speaker *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->decoder = session->loaded.decoder;
    if (!s->decoder)
        make_whole(s, session);
    s->how = (struct lstmc_search_options){
        .beam = beam ? beam : 1, .steps = s->decoder->steps, .length_penalty = length_penalty,
        .first_token = meaning->target_unit == LSTMC_NO_TEXT ? 0 : LSTMC_ID_END + 1,
        .from_logits = model->loss_options.from_logits };
    if (allocate(s, session))
        return s;
    speaker_close(s);
    return NULL;
}

void speaker_close(Speaker *s)
{
    if (!s)
        return;
    lstmc_free(s->memory);
    lstmc_free(s->encode_scratch);
    lstmc_free(s->work);
    lstmc_free(s->tokens);
    lstmc_free(s->packed);
    lstmc_free(s->whole.x);
    lstmc_free(s->whole.y);
    free(s);
}

int speaker_say(Speaker *s, const void *x, int32_t length, const int32_t **tokens)
{
    const void *packed = s->packed ? s->packed : &s->whole;
    s->decoder->encode(packed, s->encode_scratch, x, s->decoder->model->has_lengths ? &length : NULL, s->memory);
    *tokens = s->tokens;
    return lstmc_search(s->decoder, packed, s->memory, &s->how, s->work, s->tokens, NULL);
}

void print_tokens(const struct lstmc_meaning *meaning, const int32_t *tokens, int count, FILE *to)
{
    const struct lstmc_names *labels = &meaning->labels;
    bool apart = meaning->target_unit != LSTMC_CHARACTERS && meaning->target_unit != LSTMC_BYTES;
    for (int i = 0; i < count; i++) {
        fprintf(to, "%s", i && apart ? " " : "");
        if (tokens[i] < labels->count)
            fprintf(to, "%s", labels->text[tokens[i]]);
        else
            fprintf(to, "%d", (int)tokens[i]);
    }
}
