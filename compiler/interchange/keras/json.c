/* json.c: in: a value of a configuration.  out: what it is as a text or a number. */
#include "keras.h"

#include <stdlib.h>

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
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *shown = arena_format(arena, "%.100s", text ? text : "?");
    free(text);
    return shown;
}
