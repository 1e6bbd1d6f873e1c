/* meaning_json.c: in: what the numbers of a data set mean, or the metadata of a weight file.  out: the other. Lists are
 * JSON in one text each, as metadata is texts alone. */
#include "runtime/lstmc.h"
#include "runtime/base/message.h"
#include "model_file.h"
#include "runtime/base/number.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 15

static const char *const units[] = { "none", "bytes", "characters", "words", "words and lines" };

/* ---- to metadata ---- */

static int add_pair(char **pairs, const char *key, char *value)
{
    int i = 0;
    while (pairs[i])
        i += 2;
    pairs[i] = strdup(key);
    pairs[i + 1] = value;
    return pairs[i] && value;
}

static int add_json(char **pairs, const char *key, json_t *json)
{
    locale_t before = lstmc_c_locale_enter();
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    lstmc_c_locale_leave(before);
    json_decref(json);
    return add_pair(pairs, key, text);
}

static int add_numbers(char **pairs, const char *key, const double *value, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_real(value[i]));
    return add_json(pairs, key, list);
}

static int add_scaling(char **pairs, const char *offset_key, const char *scale_key, const struct lstmc_scaling *scaling)
{
    return !scaling->columns || (add_numbers(pairs, offset_key, scaling->offset, scaling->columns) &&
                                 add_numbers(pairs, scale_key, scaling->scale, scaling->columns));
}

/* JSON is UTF-8; what is not keeps its bytes as the code points of the same numbers, which `is_latin` tells. */
static json_t *name_json(const char *text, int is_latin)
{
    if (!is_latin)
        return json_string(text);
    char *wide = malloc(2 * strlen(text) + 1), *to = wide;
    if (!wide)
        return NULL;
    for (const unsigned char *from = (const unsigned char *)text; *from; from++) {
        if (*from >= 0x80)
            *to++ = (char)(0xc0 | *from >> 6);
        *to++ = (char)(*from >= 0x80 ? 0x80 | (*from & 0x3f) : *from);
    }
    *to = 0;
    json_t *json = json_string(wide);
    free(wide);
    return json;
}

static int add_names(char **pairs, const char *key, const struct lstmc_names *names, int is_latin)
{
    json_t *list = json_array();
    int good = 1;
    if (!names->count) {
        json_decref(list);
        return 1;
    }
    for (int i = 0; i < names->count; i++)
        good &= !json_array_append_new(list, name_json(names->text[i], is_latin));
    return add_json(pairs, key, list) && good;
}

char **lstmc_meaning_metadata(const struct lstmc_meaning *meaning, const char *const *more)
{
    size_t others = 0;
    while (more && more[others])
        others += 2;
    char **pairs = calloc(2 * PAIRS_MAX + others + 1, sizeof *pairs);
    int bytes = meaning->unit == LSTMC_BYTES;
    int good = pairs && add_scaling(pairs, "input_offset", "input_scale", &meaning->input) &&
               add_scaling(pairs, "target_offset", "target_scale", &meaning->target) &&
               add_names(pairs, "columns", &meaning->columns, 0) && add_names(pairs, "targets", &meaning->targets, 0) &&
               add_names(pairs, "labels", &meaning->labels, bytes) &&
               add_names(pairs, "vocabulary", &meaning->vocabulary, bytes);
    if (good && meaning->unit)
        good = add_pair(pairs, "text_unit", strdup(units[meaning->unit])) &&
               add_pair(pairs, "text_padding", strdup(meaning->pads_front ? "pre" : "post")) &&
               (!meaning->is_lower || add_pair(pairs, "text_case", strdup("lower"))) &&
               (!meaning->between_line_ends || add_pair(pairs, "text_between", strdup("line ends")));
    if (good && meaning->target_unit)
        good = add_pair(pairs, "target_text_unit", strdup(units[meaning->target_unit]));
    if (good && meaning->is_relative)
        good = add_pair(pairs, "relative_to", strdup("last row"));
    for (size_t i = 0; good && i < others; i += 2)
        good = add_pair(pairs, more[i], strdup(more[i + 1]));
    if (!good) {
        lstmc_metadata_free(pairs);
        return NULL;
    }
    return pairs;
}

void lstmc_metadata_free(char **pairs)
{
    for (int i = 0; pairs && (pairs[i] || (i % 2 && pairs[i - 1])); i++)
        free(pairs[i]);
    free(pairs);
}

/* ---- from metadata ---- */

/* The list behind a key; *list stays NULL if there is no such key. 0: it is broken. */
static int find_list(const struct lstmc_tensor_file *file, const char *key, json_t **list)
{
    const char *text = lstmc_tensor_file_value(file, key);
    locale_t before = lstmc_c_locale_enter();
    *list = text ? json_loads(text, 0, NULL) : NULL;
    lstmc_c_locale_leave(before);
    return !text || (json_is_array(*list) && json_array_size(*list) > 0 && json_array_size(*list) < 100000000);
}

static int read_numbers(const json_t *list, double *value)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_number(json_array_get(list, i)))
            return 0;
        value[i] = json_number_value(json_array_get(list, i));
    }
    return 1;
}

static int read_scaling(const struct lstmc_tensor_file *file, const char *offset_key, const char *scale_key,
                        struct lstmc_scaling *scaling)
{
    json_t *offset, *scale;
    int good = find_list(file, offset_key, &offset);
    good &= find_list(file, scale_key, &scale);
    if (good && (offset || scale))
        good = json_array_size(offset) == json_array_size(scale) &&
               lstmc_scaling_alloc(scaling, (int)json_array_size(scale)) && read_numbers(offset, scaling->offset) &&
               read_numbers(scale, scaling->scale);
    json_decref(offset);
    json_decref(scale);
    return good;
}

/* The bytes that name_json has made of a text; their number. */
static size_t narrow(char *text)
{
    unsigned char *to = (unsigned char *)text;
    for (const unsigned char *from = to; *from; from++) {
        int is_pair = *from >= 0xc0 && from[1];
        unsigned char byte = (unsigned char)(is_pair ? (*from & 3) << 6 | (from[1] & 0x3f) : *from);
        from += is_pair;
        *to++ = byte;
    }
    return (size_t)(to - (unsigned char *)text);
}

static int read_name(const json_t *json, struct lstmc_names *names, int index, int is_latin)
{
    if (!json_is_string(json))
        return 0;
    if (!lstmc_names_set(names, index, json_string_value(json), json_string_length(json)))
        return 0;
    if (is_latin)
        names->text[index][narrow(names->text[index])] = 0;
    return 1;
}

static int read_names(const struct lstmc_tensor_file *file, const char *key, struct lstmc_names *names, int is_latin)
{
    json_t *list;
    int good = find_list(file, key, &list);
    if (good && list) {
        good = lstmc_names_alloc(names, (int)json_array_size(list));
        for (size_t i = 0; good && i < json_array_size(list); i++)
            good = read_name(json_array_get(list, i), names, (int)i, is_latin);
    }
    json_decref(list);
    return good;
}

static int read_unit(const struct lstmc_tensor_file *file, const char *key, enum lstmc_text_unit *unit)
{
    const char *text = lstmc_tensor_file_value(file, key);
    for (int i = 0; text && i < (int)(sizeof units / sizeof *units); i++)
        if (!strcmp(text, units[i]))
            *unit = (enum lstmc_text_unit)i;
    return !text || *unit;
}

/* *yes: the key has the value `word`. 0: it has neither this nor the other one that is known (NULL: there
 * is no other). */
static int read_choice(const struct lstmc_tensor_file *file, const char *key, const char *word, const char *other,
                       int *yes)
{
    const char *text = lstmc_tensor_file_value(file, key);
    *yes = text && !strcmp(text, word);
    return !text || *yes || (other && !strcmp(text, other));
}

/* NULL, or the key whose value is none that is known: what another version means by it would be read wrongly. */
static const char *read_text(const struct lstmc_tensor_file *file, struct lstmc_meaning *meaning)
{
    return !read_unit(file, "text_unit", &meaning->unit) || !read_unit(file, "target_text_unit", &meaning->target_unit)
               ? "text_unit or target_text_unit"
           : !read_choice(file, "text_padding", "pre", "post", &meaning->pads_front)    ? "text_padding"
           : !read_choice(file, "text_case", "lower", NULL, &meaning->is_lower)         ? "text_case"
           : !read_choice(file, "text_between", "line ends", NULL, &meaning->between_line_ends) ? "text_between"
           : !read_choice(file, "relative_to", "last row", NULL, &meaning->is_relative) ? "relative_to"
                                                                                        : NULL;
}

int lstmc_meaning_take(struct lstmc_meaning *meaning, const struct lstmc_tensor_file *file, const char *path,
                       struct lstmc_message *message)
{
    memset(meaning, 0, sizeof *meaning);
    const char *broken = read_text(file, meaning);
    broken = broken                                                                   ? broken
             : !read_scaling(file, "input_offset", "input_scale", &meaning->input)    ? "input_offset or input_scale"
             : !read_scaling(file, "target_offset", "target_scale", &meaning->target) ? "target_offset or target_scale"
             : !read_names(file, "columns", &meaning->columns, 0)                     ? "columns"
             : !read_names(file, "targets", &meaning->targets, 0)                     ? "targets"
             : !read_names(file, "labels", &meaning->labels, meaning->unit == LSTMC_BYTES)         ? "labels"
             : !read_names(file, "vocabulary", &meaning->vocabulary, meaning->unit == LSTMC_BYTES) ? "vocabulary"
                                                                                                   : NULL;
    if (!broken)
        return LSTMC_OK;
    lstmc_meaning_free(meaning);
    return lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: its metadata is broken: %s", path, broken);
}

int lstmc_meaning_load(struct lstmc_meaning *meaning, const char *path, struct lstmc_message *message)
{
    struct lstmc_tensor_file file;
    memset(meaning, 0, sizeof *meaning);
    int status = lstmc_tensor_file_open(path, &file, message);
    if (status)
        return status;
    status = lstmc_meaning_take(meaning, &file, path, message);
    lstmc_tensor_file_free(&file);
    return status;
}
