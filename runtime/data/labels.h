/* labels.h: names of classes: their order, and how a class becomes the target of a model. */
#ifndef LSTMC_LABELS_H
#define LSTMC_LABELS_H

#include "runtime/text/tokens.h"

struct lstmc_labels {
    struct lstmc_tokens tokens;         /* number in the order of appearance */
    int *class_of;                      /* [tokens.count]: number -> class, by lstmc_labels_close */
    int has_blank;                      /* one more class is the blank, whose name is empty */
};

/* Classes in this order, instead of sorted by name. LSTMC_NO_MEMORY, or LSTMC_MISMATCH for a name that stands twice. */
int  lstmc_labels_give(struct lstmc_labels *labels, const char *const *names, int count, struct lstmc_message *message);
/* Gives each label its class; `sorted`: by name. Refuses a model with another number of classes, in words that begin
 * with `path`. */
int lstmc_labels_close(const struct lstmc_model *model, struct lstmc_labels *labels, int sorted, const char *path,
                       struct lstmc_message *message);
int  lstmc_labels_name(const struct lstmc_labels *labels, struct lstmc_names *names);
void lstmc_labels_free(struct lstmc_labels *labels);

/* How a class becomes the target of one sample: as it is, one of two as 0 or 1, one-hot, or with blanks behind it. */
struct lstmc_label_form {
    int blank;                          /* of the loss "ctc", or below 0 */
    int is_class;
    size_t count;                       /* numbers of the target */
};
struct lstmc_label_form lstmc_label_form(const struct lstmc_model *model);
void lstmc_label_store(const struct lstmc_label_form *form, int class, void *to);
/* As target of a sample of a data set. */
void lstmc_store_label(const struct lstmc_model *model, struct lstmc_dataset *data, size_t sample, int class);

/* The target of one sample of a model whose loss is "ctc": labels, and blanks behind them. (label_sequences.c) */
void lstmc_store_labels(const struct lstmc_model *model, struct lstmc_dataset *data, size_t sample,
                        const int32_t *labels, int count);

#endif
