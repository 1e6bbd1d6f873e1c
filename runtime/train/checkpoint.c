/* checkpoint.c: in: a snapshot of a training, or the file that holds one.  out: the other, bit for bit.
 * The numbers that are no arrays stand in the metadata: counts in decimal, doubles in C's hexadecimal notation, which
 * is exact. */
#include "runtime/base/message.h"
#include "runtime/files/model_file.h"
#include "runtime/base/number.h"
#include "ranges.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX LSTMC_TRAINING_PREFIX
#define LOG_COLUMNS (2 * LSTMC_METRICS_MAX + 6)
#define TEXT_MAX 1000

/* ---- the numbers ---- */

enum kind { COUNT, REAL };      /* uint64_t, double */

#define LATER_FIELD(kind, member, late) \
    { PREFIX #member, kind, offsetof(struct lstmc_snapshot, member), \
      sizeof ((struct lstmc_snapshot *)0)->member / 8, late }
#define FIELD(kind, member) LATER_FIELD(kind, member, 0)

static const struct field {
    const char *key;
    enum kind kind;
    size_t offset, count;
    int is_late;                /* 1: checkpoints of the first version do not have it, which is as 0 */
} fields[] = {
    FIELD(COUNT, seed), FIELD(COUNT, samples), FIELD(COUNT, batch_rows), FIELD(COUNT, callback_count),
    FIELD(COUNT, iteration), FIELD(COUNT, batches), FIELD(COUNT, epoch), FIELD(COUNT, position),
    FIELD(COUNT, accumulated), FIELD(COUNT, stopped), FIELD(REAL, learning_rate), FIELD(REAL, seconds),
    FIELD(REAL, totals.loss), FIELD(REAL, totals.metric_sum), FIELD(REAL, totals.metric_count),
    FIELD(COUNT, totals.samples), LATER_FIELD(COUNT, epochs, 1), LATER_FIELD(COUNT, diverged, 1),
    LATER_FIELD(COUNT, best_epoch, 1), LATER_FIELD(REAL, best_loss, 1),
};

#define FIELDS (sizeof fields / sizeof *fields)
#define CALLBACK_KEY PREFIX "callbacks"

static void put_number(char *text, enum kind kind, const char *at)
{
    size_t used = strlen(text);
    uint64_t count;
    double real;
    memcpy(&count, at, 8);
    memcpy(&real, at, 8);
    if (kind == COUNT)
        snprintf(text + used, TEXT_MAX - used, "%s%llu", used ? " " : "", (unsigned long long)count);
    else
        lstmc_format(text + used, TEXT_MAX - used, "%s%a", used ? " " : "", real);
}

/* Moves *text behind the number; 0 if there is none. */
static int take_number(const char **text, enum kind kind, char *at)
{
    char *end;
    uint64_t count = 0;
    double real = 0;
    if (!**text || (kind == COUNT && **text == '-'))
        return 0;
    if (kind == COUNT)
        count = strtoull(*text, &end, 10);
    else
        real = lstmc_number_scan(*text, &end);
    if (end == *text || (*end && *end != ' '))
        return 0;
    memcpy(at, kind == COUNT ? (const void *)&count : (const void *)&real, 8);
    *text = *end ? end + 1 : end;
    return 1;
}

static void put_callbacks(char *text, const struct lstmc_snapshot *s)
{
    for (size_t i = 0; i < s->callback_count; i++) {
        const struct lstmc_callback_state *state = &s->callback[i];
        put_number(text, REAL, (const char *)&state->best);
        put_number(text, COUNT, (const char *)&state->has_best);
        put_number(text, COUNT, (const char *)&state->wait);
        put_number(text, COUNT, (const char *)&state->cooldown);
        put_number(text, COUNT, (const char *)&state->batches);
    }
}

static int take_callbacks(const char *text, struct lstmc_snapshot *s)
{
    int good = s->callback_count <= LSTMC_CALLBACKS_MAX;
    for (size_t i = 0; good && i < s->callback_count; i++) {
        struct lstmc_callback_state *state = &s->callback[i];
        good = take_number(&text, REAL, (char *)&state->best) && take_number(&text, COUNT, (char *)&state->has_best) &&
               take_number(&text, COUNT, (char *)&state->wait) && take_number(&text, COUNT, (char *)&state->cooldown) &&
               take_number(&text, COUNT, (char *)&state->batches);
    }
    return good && !*text;
}

/* ---- the history ---- */

static void log_row(const struct lstmc_history *history, double *row)
{
    *row++ = history->loss;
    *row++ = history->validation_loss;
    memcpy(row, history->metric, sizeof history->metric);
    memcpy(row + LSTMC_METRICS_MAX, history->validation_metric, sizeof history->validation_metric);
    row += 2 * LSTMC_METRICS_MAX;
    *row++ = history->learning_rate;
    *row++ = history->seconds;
    *row++ = history->epochs;
    *row++ = history->has_validation;
}

static void row_log(const double *row, struct lstmc_history *history)
{
    history->loss = *row++;
    history->validation_loss = *row++;
    memcpy(history->metric, row, sizeof history->metric);
    memcpy(history->validation_metric, row + LSTMC_METRICS_MAX, sizeof history->validation_metric);
    row += 2 * LSTMC_METRICS_MAX;
    history->learning_rate = *row++;
    history->seconds = *row++;
    history->epochs = *row > 0 && *row < 1e9 ? (int)*row : 0;
    history->has_validation = row[1] != 0;
}

/* ---- saving ---- */

static struct lstmc_file_tensor floats_tensor(const char *name, const float *values, size_t count)
{
    return (struct lstmc_file_tensor){ .name = name,
                                       .dtype = "F32",
                                       .rank = 1,
                                       .shape = { count },
                                       .count = count,
                                       .bytes = count * sizeof *values,
                                       .data = (const unsigned char *)values };
}

static struct lstmc_file_tensor doubles_tensor(const char *name, const double *values, uint64_t rows, uint64_t columns)
{
    size_t elements = (size_t)(rows * columns);
    return (struct lstmc_file_tensor){ .name = name,
                                       .dtype = "F64",
                                       .rank = 2,
                                       .shape = { rows, columns },
                                       .count = elements,
                                       .bytes = elements * sizeof(double),
                                       .data = (const unsigned char *)values };
}

/* Tensors beside the weights; their number. */
static int other_tensors(const struct lstmc_model *model, const struct lstmc_snapshot *s, const double *rows,
                         struct lstmc_file_tensor *tensors)
{
    int count = 0;
    tensors[count++] = floats_tensor(PREFIX "optimizer", s->optimizer, lstmc_optimizer_floats(model));
    tensors[count++] = floats_tensor(PREFIX "gradients", s->gradients, s->accumulated ? model->gradient_count : 0);
    if (s->average)
        tensors[count++] = floats_tensor(PREFIX "average", s->average, model->gradient_count);
    if (s->best)
        tensors[count++] = floats_tensor(PREFIX "best", s->best, model->weight_count);
    if (s->carried)
        tensors[count++] = floats_tensor(PREFIX "carried", s->carried, (size_t)s->carried_count);
    if (s->tally_count)
        tensors[count++] = doubles_tensor(PREFIX "tally", s->tally, s->tally_count, 1);
    tensors[count++] = doubles_tensor(PREFIX "log", rows, s->log_count, LOG_COLUMNS);
    return count;
}

int lstmc_checkpoint_save(const struct lstmc_model *model, const struct lstmc_snapshot *s, const char *path,
                          const char *const *metadata, struct lstmc_message *message)
{
    char text[FIELDS + 1][TEXT_MAX];
    struct lstmc_file_tensor tensors[9];
    size_t others = 0;
    while (metadata && metadata[others])
        others += 2;
    const char **pairs = calloc(others + 2 * (FIELDS + 1) + 1, sizeof *pairs);
    double *rows = calloc((size_t)s->log_count * LOG_COLUMNS + 1, sizeof *rows);
    int status = pairs && rows ? LSTMC_OK : lstmc_fail_memory(message, path);
    if (!status) {
        memset(text, 0, sizeof text);
        for (size_t f = 0; f < FIELDS; f++) {
            for (size_t i = 0; i < fields[f].count; i++)
                put_number(text[f], fields[f].kind, (const char *)s + fields[f].offset + 8 * i);
            pairs[2 * f] = fields[f].key;
            pairs[2 * f + 1] = text[f];
        }
        put_callbacks(text[FIELDS], s);
        pairs[2 * FIELDS] = CALLBACK_KEY;
        pairs[2 * FIELDS + 1] = text[FIELDS];
        if (others)
            memcpy(pairs + 2 * FIELDS + 2, metadata, others * sizeof *pairs);
        for (uint64_t i = 0; i < s->log_count; i++)
            log_row(&s->log[i], rows + i * LOG_COLUMNS);
        status = lstmc_model_file_write(model, s->weights, tensors, other_tensors(model, s, rows, tensors), path, pairs,
                                        message);
    }
    free(rows);
    free(pairs);
    return status;
}

/* ---- loading ---- */

static int check_model(const struct lstmc_model *model, const struct lstmc_tensor_file *file, const char *path,
                       struct lstmc_message *message)
{
    const char *found = lstmc_tensor_file_value(file, "fingerprint");
    if (!lstmc_tensor_file_value(file, fields[0].key))
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: is no checkpoint of a training%s", path,
                          found ? ", but a weight file: --init starts from one" : "");
    if (!found || strcmp(found, lstmc_fingerprint(model).text))
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: is a checkpoint of another model than \"%s\", or its layers have changed since",
                          path, model->name);
    return LSTMC_OK;
}

static int load_numbers(const struct lstmc_tensor_file *file, struct lstmc_snapshot *s)
{
    const char *text;
    for (size_t f = 0; f < FIELDS; f++) {
        text = lstmc_tensor_file_value(file, fields[f].key);
        if (!text && fields[f].is_late)
            continue;
        for (size_t i = 0; text && i < fields[f].count; i++)
            if (!take_number(&text, fields[f].kind, (char *)s + fields[f].offset + 8 * i))
                return 0;
        if (!text || *text)
            return 0;
    }
    text = lstmc_tensor_file_value(file, CALLBACK_KEY);
    return text && take_callbacks(text, s);
}

/* ---- numbers that no training has ---- */

#define COUNT_MAX UINT64_C(1000000000)      /* of epochs, and of what callbacks count */

static const char *impossible_callback(const struct lstmc_snapshot *s)
{
    for (size_t i = 0; i < s->callback_count; i++) {
        const struct lstmc_callback_state *state = &s->callback[i];
        if (isnan(state->best) || state->has_best > 1 || state->wait > COUNT_MAX || state->cooldown > COUNT_MAX)
            return "callbacks";
    }
    return NULL;
}

/* The name of what cannot be; NULL: all can. */
static const char *impossible_number(const struct lstmc_snapshot *s)
{
    const struct lstmc_totals *totals = &s->totals;
    if (!(s->learning_rate >= 0 && s->learning_rate <= (double)FLT_MAX))
        return "learning_rate";
    if (!(s->seconds >= 0 && isfinite(s->seconds)))
        return "seconds";
    if (!isfinite(totals->loss) || totals->samples > s->samples)
        return "totals";
    for (int i = 0; i < LSTMC_METRICS_MAX; i++)
        if (isnan(totals->metric_sum[i]) || !(totals->metric_count[i] >= 0))
            return "totals";
    if (s->epoch < 1 || s->epoch > COUNT_MAX || s->best_epoch > s->epoch)
        return "epoch";
    if (s->position > s->samples || !s->batch_rows || s->accumulated > COUNT_MAX)
        return "position";
    if (s->stopped > 1 || s->diverged > 1 || !isfinite(s->best_loss))
        return "stopped";
    return impossible_callback(s);
}

/* An optimiser may hold an infinity, the square of a large gradient. Gradients that wait are looked at when used. */
static int has_nan(const float *values, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += isnan(values[i]) != 0;
    return found > 0;
}

static const char *impossible_array(const struct lstmc_model *model, const struct lstmc_snapshot *s)
{
    if (has_nan(s->optimizer, lstmc_optimizer_floats(model)))
        return "optimizer";
    if (s->average && !lstmc_range_is_finite(s->average, model->gradient_count))
        return "average";
    if (s->best && !lstmc_range_is_finite(s->best, model->weight_count))
        return "best";
    if (s->carried && !lstmc_range_is_finite(s->carried, (size_t)s->carried_count))
        return "carried";
    for (size_t i = 0; i < s->tally_count; i++)
        if (isnan(s->tally[i]))
            return "tally";
    return NULL;
}

/* A checkpoint of a training that went well has none of these: a file that was damaged, or made by hand. */
static int check_values(const struct lstmc_model *model, const struct lstmc_snapshot *s, const char *path,
                        struct lstmc_message *message)
{
    const char *what = impossible_number(s);
    if (!what)
        what = impossible_array(model, s);
    if (what)
        return lstmc_fail(message, LSTMC_BAD_FILE,
                          "%.250s: training/%s holds a number that cannot be: nothing can go on from it", path, what);
    return lstmc_range_is_finite(s->weights, model->weight_count) ? LSTMC_OK :
           lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: a weight is not finite: nothing can go on from it", path);
}

/* ---- arrays ---- */

/* Copies a tensor of `count` floats into new memory; what is missing or empty leaves zeros if it is needed, else NULL.
 * 0: it does not fit. */
static int load_floats(const struct lstmc_tensor_file *file, const char *name, size_t count, int needed, float **values)
{
    const struct lstmc_file_tensor *tensor = lstmc_tensor_file_find(file, name);
    if (!needed && !tensor)
        return 1;
    if (!tensor || strcmp(tensor->dtype, "F32") || (tensor->count != count && tensor->count))
        return 0;
    *values = lstmc_alloc((count + 1) * sizeof **values);
    if (*values)
        lstmc_file_tensor_floats(tensor, *values);
    return *values != NULL;
}

/* Little-endian in the file, and on no boundary. */
static double double_at(const struct lstmc_file_tensor *tensor, size_t index)
{
    uint64_t bits = 0;
    double value;
    for (int byte = 0; byte < 8; byte++)
        bits |= (uint64_t)tensor->data[index * 8 + (size_t)byte] << 8 * byte;
    memcpy(&value, &bits, 8);
    return value;
}

static int is_table(const struct lstmc_file_tensor *tensor, uint64_t columns)
{
    return tensor && !strcmp(tensor->dtype, "F64") && tensor->rank == 2 && tensor->shape[1] == columns;
}

/* Of metrics that are no means; a checkpoint without any has none. How many there have to be: lstmc_train. */
static int load_tally(const struct lstmc_tensor_file *file, struct lstmc_snapshot *s)
{
    const struct lstmc_file_tensor *tensor = lstmc_tensor_file_find(file, PREFIX "tally");
    if (tensor && !is_table(tensor, 1))
        return 0;
    s->tally_count = tensor ? tensor->count : 0;
    s->tally = lstmc_alloc(((size_t)s->tally_count + 1) * sizeof *s->tally);
    for (size_t i = 0; s->tally && i < s->tally_count; i++)
        s->tally[i] = double_at(tensor, i);
    return s->tally != NULL;
}

static int load_log(const struct lstmc_tensor_file *file, struct lstmc_snapshot *s)
{
    const struct lstmc_file_tensor *tensor = lstmc_tensor_file_find(file, PREFIX "log");
    if (!is_table(tensor, LOG_COLUMNS))
        return 0;
    s->log_count = tensor->shape[0];
    s->log = calloc((size_t)s->log_count + 1, sizeof *s->log);
    for (uint64_t epoch = 0; s->log && epoch < s->log_count; epoch++) {
        double row[LOG_COLUMNS];
        for (size_t i = 0; i < LOG_COLUMNS; i++)
            row[i] = double_at(tensor, epoch * LOG_COLUMNS + i);
        row_log(row, &s->log[epoch]);
    }
    return s->log != NULL;
}

static const char *load_arrays(const struct lstmc_model *model, const struct lstmc_tensor_file *file,
                               struct lstmc_snapshot *s)
{
    if (!load_floats(file, PREFIX "optimizer", lstmc_optimizer_floats(model), 1, &s->optimizer))
        return "optimizer (was it trained with another one?)";
    return !load_floats(file, PREFIX "gradients", model->gradient_count, 1, &s->gradients) ? "gradients"
           : !load_floats(file, PREFIX "average", model->gradient_count, 0, &s->average)   ? "average"
           : !load_floats(file, PREFIX "best", model->weight_count, 0, &s->best)           ? "best"
           : !load_tally(file, s)                                                          ? "tally"
           : !load_log(file, s)                                                            ? "log"
                                                                                           : NULL;
}

/* The states' number is known of compiled models alone, which are compiled after this: lstmc_train compares it with
 * carried_count. */
static int load_carried(const struct lstmc_tensor_file *file, struct lstmc_snapshot *s)
{
    const struct lstmc_file_tensor *tensor = lstmc_tensor_file_find(file, PREFIX "carried");
    s->carried_count = tensor ? tensor->count : 0;
    return load_floats(file, PREFIX "carried", (size_t)s->carried_count, 0, &s->carried);
}

int lstmc_checkpoint_load(const struct lstmc_model *model, struct lstmc_snapshot *s, const char *path,
                          struct lstmc_message *message)
{
    struct lstmc_tensor_file file;
    memset(s, 0, sizeof *s);
    int status = lstmc_tensor_file_open(path, &file, message);
    if (status)
        return status;
    status = check_model(model, &file, path, message);
    if (!status && !load_numbers(&file, s))
        status = lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: its metadata is broken", path);
    const char *broken = status ? NULL : load_arrays(model, &file, s);
    if (!status && !broken && !load_carried(&file, s))
        broken = "carried";
    if (broken)
        status = lstmc_fail(message, LSTMC_MISMATCH, "%.250s: training/%s does not fit", path, broken);
    if (!status && !(s->weights = lstmc_alloc((model->weight_count + 1) * sizeof *s->weights)))
        status = lstmc_fail_memory(message, path);
    if (!status)
        status = lstmc_weights_take(model, s->weights, &file, path, message);
    if (!status)
        status = check_values(model, s, path, message);
    lstmc_tensor_file_free(&file);
    if (status)
        lstmc_snapshot_free(s);
    return status;
}
