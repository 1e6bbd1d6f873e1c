/* lua_fields.h: the one reader of what the vocabulary says to the compiler. Each function reads a field of the table on
 * top of the stack, which stays there, and believes nothing: a field of another type, a number outside its range, a
 * name that is none is an error of Lua, so that whoever reads is called through description_call. */
#ifndef LUA_FIELDS_H
#define LUA_FIELDS_H

#include "lua_description.h"

/* A text, copied to the arena; NULL if the field is nil or false. */
const char *field_text(Description *description, const char *name);
/* The same, of letters, digits and _, beginning with a letter: it becomes part of the generated code. */
const char *field_identifier(Description *description, const char *name);
/* The same with / between several of them. */
const char *field_key(Description *description, const char *name);
bool        field_flag(Description *description, const char *name);
/* `otherwise` if the field is nil or false. */
int         field_integer(Description *description, const char *name, int low, int high, int otherwise);
double      field_number(Description *description, const char *name, double otherwise);
/* NULL if the field is no number. */
const double *field_optional_number(Description *description, const char *name);
/* The place of the field's text in `choices`; -1 if the field is nil or false. */
int         field_choice(Description *description, const char *name, const char *const *choices, int count);
/* The same of a field that has to be there. */
int         field_kind(Description *description, const char *name, const char *const *choices, int count);
#define FIELD_KIND(description, name, choices) \
    field_kind(description, name, choices, (int)(sizeof(choices) / sizeof *(choices)))
/* Pushes the table in the field, which has to be there. */
void        field_table(Description *description, const char *name);
/* Pushes the list in the field and returns its length; pushes an empty one if the field is nil or false. */
int         field_list(Description *description, const char *name, int length_max);
/* Lists as arrays of the arena. */
const char **field_names(Description *description, const char *name, int *count);
int         *field_integers(Description *description, const char *name, int low, int *count);
double      *field_numbers(Description *description, const char *name, int *count);
/* Extents from 1, at most `rank_max` of them. */
int         field_shape(Description *description, const char *name, int rank_max, int *extent);

/* How many numbers a shape has. */
size_t extents_product(int rank, const int *extent);

/* "field: what is wrong": the vocabulary does not keep the contract. */
NO_RETURN void field_broken(lua_State *L, const char *name, const char *what);

#endif
