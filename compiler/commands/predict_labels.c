/* predict_labels.c: in: the output of a sample, scores of classes at each step.  out: a line with its labels. */
#include "predict_labels.h"
#include "compiler/ship/answer.h"
#include "compiler/session/speaker.h"

#include <math.h>
#include <stdlib.h>

struct LabelReader {
    const Model *model;
    const struct lstmc_meaning *meaning;
    int beam;
    int32_t *labels;                        /* [steps], greedily */
    struct lstmc_labels_found *found;       /* [beam] */
    void *memory;
};

bool labels_are_read(const Model *model, const Arguments *arguments, bool as_text)
{
    return answer_of(model) == ANSWER_LABELS && as_text && !arguments->stream;
}

LabelReader *label_reader_open(const Model *model, const struct lstmc_meaning *meaning, int beam)
{
    LabelReader *r = calloc(1, sizeof *r);
    int steps = model->descriptor.output_shape[0];
    size_t bytes = beam ? lstmc_labels_beam_bytes(steps, beam) : 1;
    if (!r)
        return NULL;
    *r = (LabelReader){ .model = model, .meaning = meaning, .beam = beam,
                        .labels = malloc(((size_t)steps + 1) * sizeof *r->labels),
                        .found = calloc((size_t)beam + 1, sizeof *r->found),
                        .memory = bytes ? lstmc_alloc(bytes) : NULL };
    if (r->labels && r->found && r->memory)
        return r;
    label_reader_close(r);
    return NULL;
}

void label_reader_close(LabelReader *r)
{
    if (!r)
        return;
    free(r->labels);
    free(r->found);
    lstmc_free(r->memory);
    free(r);
}

/* Whether the output is shares of one: a softmax stands at its end, or something like it. */
static bool is_shares(const float *y, int steps, int classes)
{
    for (int t = 0; t < steps; t++, y += classes) {
        double sum = 0;
        for (int k = 0; k < classes; k++) {
            if (!(y[k] >= 0))
                return false;
            sum += (double)y[k];
        }
        if (fabs(sum - 1) > 1e-3)
            return false;
    }
    return true;
}

/* Of an output with as many steps as its input those that count. */
static int steps_of(const Model *model, int length)
{
    int steps = model->descriptor.output_shape[0];
    bool is_masked = model->layers[model->outputs[0]].masked;
    return length >= 0 && length < steps && is_masked ? length : steps;
}

int label_reader_print(LabelReader *r, const float *y, int length, FILE *to, struct lstmc_message *message)
{
    const struct lstmc_model *m = &r->model->descriptor;
    struct lstmc_paths paths = { .steps = steps_of(r->model, length), .classes = m->output_shape[1],
                                 .blank = lstmc_blank(m) };
    paths.from_logits = r->model->loss_options.from_logits || !is_shares(y, paths.steps, paths.classes);
    int count = r->beam ? lstmc_labels_beam(&paths, y, r->beam, r->memory, r->found)
                        : lstmc_labels_greedy(&paths, y, r->labels);
    if (count < 0) {
        snprintf(message->text, sizeof message->text, "the output has numbers that say nothing: NaN, or infinite");
        return count;
    }
    if (r->beam)
        print_tokens(r->meaning, r->found->labels, r->found->count, to);
    else
        print_tokens(r->meaning, r->labels, count, to);
    fprintf(to, "\n");
    return LSTMC_OK;
}
