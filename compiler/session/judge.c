/* judge.c: in: pairs of a sample and what a decoder might say of it.  out: what it says, and how close that is. */
#include "judge.h"
#include "speaker.h"

#include <stdio.h>
#include <stdlib.h>

enum { TOLD = 10 };

typedef struct Judge {
    Session *session;
    const struct lstmc_model *model;
    const struct lstmc_dataset *data;
    const struct lstmc_array *own;          /* the decoder's input */
    char *x, *y;                            /* of all samples: each is held against others */
    Speaker *speaker;
    struct lstmc_bleu bleu;
    struct lstmc_token_list *references;    /* [samples] */
    size_t texts, right, told_every;        /* right: said as one of its references */
} Judge;

static const char *sample_of(const Judge *j, size_t sample)
{
    return j->x + sample * j->model->input_count * 4;
}

/* But for what the decoder has read. */
static bool same_sample(const Judge *j, size_t a, size_t b)
{
    size_t before = j->own->offset * 4, behind = before + j->own->count * 4, all = j->model->input_count * 4;
    return !memcmp(sample_of(j, a), sample_of(j, b), before) &&
           !memcmp(sample_of(j, a) + behind, sample_of(j, b) + behind, all - behind);
}

/* What should be said: up to the end token, or padding. */
static struct lstmc_token_list reference_of(const Judge *j, size_t sample)
{
    int end = description_model(j->session->description)->end_token, count = 0;
    const int32_t *y = (const int32_t *)(const void *)j->y + sample * j->model->target_count;
    bool pads = j->session->meaning.target_unit != LSTMC_NO_TEXT;
    while (count < (int)j->model->target_count && y[count] != end && (y[count] || !pads))
        count++;
    return (struct lstmc_token_list){ y, count };
}

static void print_text(const Judge *j, size_t sample)
{
    const struct lstmc_names *names = &j->session->meaning.vocabulary;
    const int32_t *x = (const int32_t *)(const void *)sample_of(j, sample);
    bool any = false, words = j->session->meaning.unit != LSTMC_CHARACTERS;
    for (size_t i = 0; i < j->model->input_count; i++) {
        bool is_own = i >= j->own->offset && i < j->own->offset + j->own->count;
        if (is_own || !x[i] || x[i] >= names->count)
            continue;
        printf("%s%s", any && words ? " " : "", names->text[x[i]]);
        any = true;
    }
    printf(" -> ");
}

static int judge_one(Judge *j, size_t sample, int references)
{
    const int32_t *tokens;
    int32_t length = j->data->lengths ? j->data->lengths[sample] : INT32_MAX;
    int count = speaker_say(j->speaker, sample_of(j, sample), length, &tokens);
    if (count < 0)
        return LSTMC_NOT_FINITE;
    lstmc_bleu_add(&j->bleu, (struct lstmc_token_list){ tokens, count }, j->references, references);
    bool right = false;
    for (int r = 0; r < references; r++)
        right |= j->references[r].count == count &&
                 !memcmp(j->references[r].tokens, tokens, (size_t)count * sizeof *tokens);
    j->right += right;
    if (j->texts++ % j->told_every == 0 && j->texts <= j->told_every * TOLD) {
        printf("  ");
        if (j->session->meaning.unit != LSTMC_NO_TEXT)
            print_text(j, sample);
        print_tokens(&j->session->meaning, tokens, count, stdout);
        printf("\n");
    }
    return LSTMC_OK;
}

/* Samples that are alike stand together, or each is alone. */
static size_t count_texts(const Judge *j)
{
    size_t texts = 0;
    for (size_t i = 0; i < j->data->samples; i++)
        texts += !i || !same_sample(j, i, i - 1);
    return texts;
}

static int judge_all(Judge *j)
{
    size_t texts = count_texts(j);
    int status = LSTMC_OK;
    j->told_every = texts > TOLD ? texts / TOLD : 1;
    for (size_t first = 0, end; first < j->data->samples && !status; first = end) {
        int references = 0;
        for (end = first; end < j->data->samples && same_sample(j, first, end); end++)
            j->references[references++] = reference_of(j, end);
        status = judge_one(j, first, references);
    }
    if (!status)
        printf("bleu %.3f, %.3f right in every token, of %zu texts\n", lstmc_bleu(&j->bleu),
               (double)j->right / (double)texts, texts);
    return status;
}

int judge_print(Session *session, const struct lstmc_dataset *data)
{
    const Model *model = description_model(session->description);
    if (!model_says_tokens(model) || !model->descriptor.target_is_class || !data->samples)
        return LSTMC_OK;
    Judge j = { .session = session, .model = &model->descriptor, .data = data,
                .own = &model->descriptor.inputs[model->decoder],
                .speaker = speaker_open(session, &session->meaning, session->arguments.beam,
                                        session->arguments.length_penalty),
                .references = calloc(data->samples, sizeof *j.references) };
    j.x = lstmc_alloc(data->samples * j.model->input_count * 4);
    j.y = lstmc_alloc(data->samples * j.model->target_count * 4);
    int status = j.speaker && j.references && j.x && j.y ? LSTMC_OK : LSTMC_NO_MEMORY;
    if (!status) {
        lstmc_copy_inputs(j.model, data, 0, data->samples, j.x);
        lstmc_copy_targets(j.model, data, 0, data->samples, j.y);
        status = judge_all(&j);
    }
    speaker_close(j.speaker);
    lstmc_free(j.x);
    lstmc_free(j.y);
    free(j.references);
    return status;
}
