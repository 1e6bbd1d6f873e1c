/* labels.c: in: names of classes.  out: classes, and targets in the form of the model's loss. */
#include "labels.h"
#include "dataset.h"
#include "runtime/base/message.h"

#include <stdlib.h>
#include <string.h>

int lstmc_labels_give(struct lstmc_labels *labels, const char *const *names, int count, struct lstmc_message *message)
{
    for (int i = 0; i < count; i++) {
        int number = lstmc_tokens_number(&labels->tokens, (struct lstmc_token){ names[i], strlen(names[i]) });
        if (number < 0)
            return lstmc_fail_memory(message, "the labels");
        if (number < i)
            return lstmc_fail(message, LSTMC_MISMATCH, "the label \"%.60s\" is given twice", names[i]);
    }
    return LSTMC_OK;
}

int lstmc_targets_are_labels(const struct lstmc_model *model)
{
    static const char *const kinds[] = { "crossentropy", "hinge", "kl_divergence" };
    for (size_t i = 0; model->loss && i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(model->loss, kinds[i]))
            return 1;
    return 0;
}

/* What the model's targets have room for: classes, the two of one probability, or one-hot. 0: they
 * are something else. */
static int classes_of(const struct lstmc_model *model)
{
    if (lstmc_blank(model) >= 0)
        return model->output_shape[model->output_rank - 1] - 1;     /* no label is the blank */
    if (model->output_rank != 1)
        return 0;
    if (model->target_is_class)
        return lstmc_classes(model);
    if (model->loss && model->target_count == 1 &&
        (!strncmp(model->loss, "binary_", 7) || !strcmp(model->loss, "hinge") || !strcmp(model->loss, "squared_hinge")))
        return 2;
    return model->target_count > 1 ? (int)model->target_count : 0;
}

/* Few labels: counting those before each is quick enough up to thousands. */
static int rank_of(const struct lstmc_tokens *tokens, size_t number)
{
    int rank = 0;
    for (size_t i = 0; i < tokens->count; i++)
        rank += lstmc_token_compare(tokens->token[i], tokens->token[number]) < 0;
    return rank;
}

int lstmc_labels_close(const struct lstmc_model *model, struct lstmc_labels *labels, int sorted, const char *path,
                       struct lstmc_message *message)
{
    int count = (int)labels->tokens.count, classes = classes_of(model);
    if (!classes)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: a label is one class: the model needs one output in time and loss = "
                          "\"sparse_categorical_crossentropy\" (or \"binary_crossentropy\" behind Dense{1} for two "
                          "labels)",
                          path);
    if (count == 1 && classes != 1)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: has one label alone, \"%.*s\", which is nothing to learn: at least two are needed",
                          path, labels->tokens.token[0].length > 60 ? 60 : (int)labels->tokens.token[0].length,
                          labels->tokens.token[0].text);
    int blank = lstmc_blank(model);
    if (count != classes && blank >= 0)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: has %d labels, but the model's output has %d classes and the blank: use %d units",
                          path, count, classes, count + 1);
    if (count != classes)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: has %d labels, but the model's output has %d classes: use %d units%s", path, count,
                          classes, count,
                          model->target_count == 1 && !model->target_is_class ? " and loss = "
                                                                                "\"sparse_categorical_crossentropy\""
                                                                              : "");
    for (size_t i = 0; i < labels->tokens.count; i++) {
        struct lstmc_token label = labels->tokens.token[i];
        if (lstmc_text_well_formed(label.text, label.length) < label.length)
            return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: the label \"%.*s\" is no UTF-8", path,
                              label.length > 60 ? 60 : (int)label.length, label.text);
    }
    labels->has_blank = blank >= 0;
    labels->class_of = calloc((size_t)count, sizeof *labels->class_of);
    if (!labels->class_of)
        return lstmc_fail_memory(message, "the labels");
    for (int i = 0; i < count; i++)
        labels->class_of[i] = (blank == 0) + (sorted ? rank_of(&labels->tokens, (size_t)i) : i);
    return LSTMC_OK;
}

int lstmc_labels_name(const struct lstmc_labels *labels, struct lstmc_names *names)
{
    int count = (int)labels->tokens.count, good = lstmc_names_alloc(names, count + labels->has_blank);
    for (int i = 0; good && i < count; i++)
        good = lstmc_names_set(names, labels->class_of[i], labels->tokens.token[i].text,
                               labels->tokens.token[i].length);
    return good;
}

void lstmc_labels_free(struct lstmc_labels *labels)
{
    lstmc_tokens_free(&labels->tokens);
    free(labels->class_of);
    labels->class_of = NULL;
}

struct lstmc_label_form lstmc_label_form(const struct lstmc_model *model)
{
    return (struct lstmc_label_form){ lstmc_blank(model), model->target_is_class, model->target_count };
}

void lstmc_label_store(const struct lstmc_label_form *form, int class, void *to)
{
    const int is_one = form->blank < 0 && (form->is_class || form->count == 1);
    for (size_t i = 0; i < form->count && !is_one; i++)
        if (form->blank >= 0)
            ((int32_t *)to)[i] = i ? form->blank : class;
        else
            ((float *)to)[i] = i == (size_t)class;
    if (is_one && form->is_class)
        *(int32_t *)to = class;
    else if (is_one)
        *(float *)to = (float)class;
}

void lstmc_store_label(const struct lstmc_model *model, struct lstmc_dataset *data, size_t sample, int class)
{
    const struct lstmc_label_form form = lstmc_label_form(model);
    lstmc_label_store(&form, class, (int32_t *)data->y + sample * model->target_count);
}
