/* next_token.c: in: counted tokens and a model that predicts the next one.  out: ids that are classes too, or what does
 * not fit. */
#include "next_token.h"
#include "dataset.h"
#include "runtime/base/message.h"

const char *lstmc_token_word(enum lstmc_text_unit unit)
{
    return unit == LSTMC_WORDS || unit == LSTMC_WORDS_AND_LINES ? "word" : "character";
}

int lstmc_next_token_check(const struct lstmc_model *model, const char *path, enum lstmc_text_unit unit, int window,
                           struct lstmc_message *message)
{
    const char *word = lstmc_token_word(unit);
    if (!model->input_is_tokens || model->input_count != (size_t)window)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: windows of %d %ss need a model that reads %d ids (Input{%d}, Embedding)", path,
                          window, word, window, window);
    if (!model->target_is_class || model->output_rank > 2 ||
        model->target_count != (model->output_rank > 1 ? (size_t)window : 1))
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: the next %s is a class: the model needs loss = \"sparse_categorical_crossentropy\" "
                          "and either %d outputs in time or one",
                          path, word, window);
    return LSTMC_OK;
}

static int check_sizes(const struct lstmc_model *model, const struct lstmc_counted *counted, int count,
                       struct lstmc_message *message)
{
    const char *word = lstmc_token_word(counted->unit);
    int room = model->vocabulary, classes = lstmc_classes(model);
    if (count - LSTMC_ID_FIRST < 2)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: what trains is %s %s%s, which is nothing to learn: at least two are needed",
                          counted->path, count > LSTMC_ID_FIRST ? "one" : "no", word,
                          count > LSTMC_ID_FIRST ? " again and again" : "");
    if (count > room && counted->most)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: vocabulary = %d, but the model's input_dim is %d: use the same number for both",
                          counted->path, counted->most, room);
    if (count > room)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: %d ids of %ss (with 0 for padding, 1 for what is unknown), but the model's "
                          "input_dim is %d: use %d there and for its classes, or keep the most frequent by "
                          "vocabulary = %d",
                          counted->path, count, word, room, count, room);
    if (classes != room)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: the next %s is one of %d ids, but the model's output has %d classes: use %d units",
                          counted->path, word, room, classes, room);
    return LSTMC_OK;
}

int lstmc_next_token_ids(const struct lstmc_model *model, const struct lstmc_counted *counted, int *id,
                         struct lstmc_meaning *meaning, struct lstmc_message *message)
{
    int count = lstmc_tokens_ids(counted->tokens, counted->frequency, LSTMC_ID_FIRST, counted->most, id);
    int status = count < 0 ? lstmc_fail_memory(message, "the vocabulary")
                           : check_sizes(model, counted, count, message);
    if (status)
        return status;
    meaning->unit = meaning->target_unit = counted->unit;
    return lstmc_tokens_name(counted->tokens, id, LSTMC_ID_FIRST, count, &meaning->vocabulary) &&
                   lstmc_tokens_name(counted->tokens, id, LSTMC_ID_FIRST, count, &meaning->labels)
               ? LSTMC_OK
               : lstmc_fail_memory(message, "the vocabulary");
}
