/* json.c: in: a file or a value of it.  out: what it is as a text, a number or an array. */
#include "json.h"

#include "runtime/files/map.h"

#include <stdlib.h>

#define BYTES_MAX ((size_t)256 << 20)
#define NUMBERS_MAX ((size_t)1 << 26)

json_t *json_of_file(Draft *draft, const char *path)
{
    json_error_t error;
    struct lstmc_mapping file;
    if (lstmc_map_file(path, &file, NULL)) {
        draft_refuse(draft, "cannot be opened");
        return NULL;
    }
    bool fits = file.bytes <= BYTES_MAX;
    json_t *json = fits ? json_loadb(file.start ? file.start : "", file.bytes, 0, &error) : NULL;
    lstmc_unmap(&file);
    if (!fits)
        draft_refuse(draft, "is too long");
    else if (!json)
        draft_refuse(draft, "is no JSON: line %d: %s", error.line, error.text);
    return json;
}

const char *json_text(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

double json_number(const json_t *json, const char *key)
{
    return json_number_value(json_object_get(json, key));
}

const char *json_shown(Arena *arena, const json_t *json)
{
    if (json_is_real(json))
        return lua_number(arena, json_real_value(json));
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *shown = arena_format(arena, "%.100s", text ? text : "?");
    free(text);
    return shown;
}

static bool fill(const json_t *json, const DraftArray *array, int axis, float **to)
{
    if (axis == array->rank) {
        *(*to)++ = (float)json_number_value(json);
        return json_is_number(json);
    }
    bool good = json_is_array(json) && json_array_size(json) == array->shape[axis];
    for (size_t i = 0; good && i < array->shape[axis]; i++)
        good = fill(json_array_get(json, i), array, axis + 1, to);
    return good;
}

bool json_numbers(Arena *arena, const json_t *json, const char *found, DraftArray *array)
{
    size_t count = 1;
    *array = (DraftArray){ .found = found };
    for (const json_t *at = json; json_is_array(at); at = json_array_get(at, 0)) {
        if (array->rank == LSTMC_FILE_RANK_MAX || !json_array_size(at) || count > NUMBERS_MAX / json_array_size(at))
            return false;
        array->shape[array->rank++] = json_array_size(at);
        count *= json_array_size(at);
    }
    float *values = arena_array(arena, float, count), *to = values;
    array->values = values;
    return array->rank > 0 && fill(json, array, 0, &to);
}
