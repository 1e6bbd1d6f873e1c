/* catalogue.c: in: the definitions under mathematics/.  out: what they say of themselves, as plain data (catalogue.lua
 * makes it). */
#include "catalogue.h"
#include "lua_fields.h"

#include <stdio.h>
#include <stdlib.h>

#define ENTRIES_MAX 1000

/* Pushes item i of the list on top. */
static void push_item(lua_State *L, int i)
{
    lua_rawgeti(L, -1, i + 1);
}

static void read_choices(Description *d, CatalogueArgument *argument)
{
    argument->choice_count = field_list(d, "choices", ENTRIES_MAX);
    argument->choices = arena_array(d->arena, const char *, argument->choice_count + 1);
    for (int i = 0; i < argument->choice_count; i++) {
        push_item(d->lua, i);
        argument->choices[i] = field_text(d, "name");
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
}

static void read_arguments(Description *d, CatalogueEntry *entry)
{
    entry->argument_count = field_list(d, "arguments", ENTRIES_MAX);
    entry->arguments = arena_array(d->arena, CatalogueArgument, entry->argument_count + 1);
    for (int i = 0; i < entry->argument_count; i++) {
        push_item(d->lua, i);
        entry->arguments[i] = (CatalogueArgument){ .name = field_text(d, "name"), .type = field_text(d, "type"),
                                                   .required = field_flag(d, "required"), .own = field_flag(d, "own"),
                                                   .set = field_flag(d, "set"),
                                                   .given = field_text(d, "default") };
        read_choices(d, &entry->arguments[i]);
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
}

static CatalogueEntry *read_entries(Description *d, const char *field, int *count)
{
    *count = field_list(d, field, ENTRIES_MAX);
    CatalogueEntry *list = arena_array(d->arena, CatalogueEntry, *count + 1);
    for (int i = 0; i < *count; i++) {
        push_item(d->lua, i);
        const char *undoes = field_text(d, "undoes");
        list[i] = (CatalogueEntry){ .name = field_text(d, "name"), .input = field_text(d, "input"),
                                    .text = field_text(d, "text"), .mask = field_text(d, "mask"),
                                    .keras = field_text(d, "keras"), .pytorch = field_text(d, "pytorch"),
                                    .onnx = field_text(d, "onnx"),
                                    .recurrent = field_flag(d, "recurrent"), .cell = field_flag(d, "cell"),
                                    .whole = field_flag(d, "whole"),
                                    .positive = field_flag(d, "positive"),
                                    .logits = undoes ? undoes : field_text(d, "undone_by") };
        read_arguments(d, &list[i]);
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
    return list;
}

static int read(lua_State *L)
{
    Description *d = description_of(L);
    Catalogue *catalogue = lua_touserdata(L, 1);
    lua_settop(L, 1);
    description_push(d, "catalogue");
    lua_call(L, 0, 1);
    catalogue->input = field_text(d, "input");
    catalogue->layers = read_entries(d, "layers", &catalogue->layer_count);
    catalogue->losses = read_entries(d, "losses", &catalogue->loss_count);
    catalogue->activations = read_entries(d, "activations", &catalogue->activation_count);
    catalogue->metrics = read_entries(d, "metrics", &catalogue->metric_count);
    catalogue->optimizers = read_entries(d, "optimizers", &catalogue->optimizer_count);
    return 0;
}

const Catalogue *catalogue_read(void)
{
    static Arena *arena;                        /* it is the same as long as the program is */
    static Catalogue *catalogue;
    if (catalogue)
        return catalogue;
    arena = arena_create();
    catalogue = arena_new(arena, Catalogue);
    Description *d = calloc(1, sizeof *d);
    if (!d)
        die("out of memory");
    d->arena = arena;
    d->diagnostics = diagnostics_create(arena);
    d->file = "the catalogue";
    description_open(d);
    lua_pushcfunction(d->lua, read);
    lua_pushlightuserdata(d->lua, catalogue);
    if (!description_call(d, 1, 0)) {
        diagnostics_print(d->diagnostics, stderr);
        die("the catalogue cannot be read");
    }
    description_free(d);
    return catalogue;
}

const CatalogueEntry *catalogue_layer(const Catalogue *catalogue, const char *name)
{
    for (int i = 0; i < catalogue->layer_count; i++)
        if (!strcmp(catalogue->layers[i].name, name))
            return &catalogue->layers[i];
    return NULL;
}
