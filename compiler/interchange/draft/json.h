/* json.h: what importers need of JSON. */
#ifndef INTERCHANGE_JSON_H
#define INTERCHANGE_JSON_H

#include "draft.h"

#include <jansson.h>

/* The whole file, as JSON; NULL with a diagnostic. A new reference. */
json_t *json_of_file(Draft *draft, const char *path);

/* NULL if it is no text. */
const char *json_text(const json_t *json, const char *key);
/* 0 if it is no number. */
double json_number(const json_t *json, const char *key);
/* Its text as one line, for messages. */
const char *json_shown(Arena *arena, const json_t *json);

/* Lists of lists of numbers as an array; false if they are no such thing, or not all of one length. */
bool json_numbers(Arena *arena, const json_t *json, const char *found, DraftArray *array);

#endif
