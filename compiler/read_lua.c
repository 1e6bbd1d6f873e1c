/* read_lua.c: in: a description file.  out: the validated model as plain data, and a Lua state in which its mathematics can be called.
 * The state is bare and bounded (lua_state.c). */
#include "lua_description.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (1024 * 1024)

/* ---- reading the file ---------------------------------------------------------------------------------------------- */

static char *read_text(Arena *arena, Diagnostics *diagnostics, const char *path, size_t *length)
{
    struct stat status;
    if (stat(path, &status)) {
        diagnostics_add(diagnostics, path, 0, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {     /* a pipe would be waited for without end */
        diagnostics_add(diagnostics, path, 0, S_ISDIR(status.st_mode) ? "is a folder, not a description" : "is not a regular file");
        return NULL;
    }
    FILE *file = fopen(path, "rb");
    if (!file) {
        diagnostics_add(diagnostics, path, 0, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    char *text = arena_alloc(arena, FILE_MAX + 1);
    *length = fread(text, 1, FILE_MAX + 1, file);
    bool failed = ferror(file);
    fclose(file);
    if (failed) {
        diagnostics_add(diagnostics, path, 0, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    if (*length > FILE_MAX) {
        diagnostics_add(diagnostics, path, 0, "is larger than 1 MB: not a description");
        return NULL;
    }
    text[*length] = 0;
    return text;
}

static bool looks_like_text(Diagnostics *diagnostics, const char *path, const char *text, size_t length)
{
    if (length && text[0] == '\033') {
        diagnostics_add(diagnostics, path, 0, "is Lua bytecode; a description is text");
        return false;
    }
    if (memchr(text, 0, length)) {
        diagnostics_add(diagnostics, path, 0, "is a binary file; a description is Lua text");
        return false;
    }
    size_t first = 0;
    while (first < length && strchr(" \t\r\n", text[first]))
        first++;
    if (first == length) {
        diagnostics_add(diagnostics, path, 0, "is empty: a description returns a Sequential model");
        return false;
    }
    return true;
}

static void set_parameters(Description *d, const ReadOptions *options)
{
    lua_State *L = d->lua;
    description_push(d, "set_parameters");
    lua_newtable(L);
    for (int i = 0; options && i < options->parameter_count; i++) {
        const char *parameter = options->parameters[i], *equal = strchr(parameter, '=');
        if (!equal)
            die("parameter without =: %s", parameter);
        lua_pushlstring(L, parameter, (size_t)(equal - parameter));
        if (!strcmp(equal + 1, "true") || !strcmp(equal + 1, "false"))
            lua_pushboolean(L, equal[1] == 't');
        else if (!lua_stringtonumber(L, equal + 1))
            lua_pushstring(L, equal + 1);
        lua_rawset(L, -3);
    }
    if (!description_call(d, 1, 0))
        die("set_parameters");
}

static bool load_chunk(Description *d, const char *text, size_t length)
{
    lua_State *L = d->lua;
    if (luaL_loadbufferx(L, text, length, DESCRIPTION_CHUNK, "t") != LUA_OK) {
        const char *message = lua_tostring(L, -1);
        int line = 0, used = 0;
        if (sscanf(message, "(description):%d: %n", &line, &used) == 1 && used)
            message += used;
        diagnostics_add(d->diagnostics, d->file, line, "%s",
                        strstr(message, "stack overflow") ? "expressions or blocks nest too deeply" : message);
        lua_pop(L, 1);
        return false;
    }
    description_push(d, "user_globals");
    lua_setupvalue(L, -2, 1);
    return true;
}

static const char *model_name(Arena *arena, const char *path)
{
    const char *base = strrchr(path, '/');
    char *name = arena_format(arena, "%s", base ? base + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot && dot != name)
        *dot = 0;
    for (char *c = name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')))
            *c = '_';
    bool letter = (name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z');
    return letter ? name : arena_format(arena, "model_%s", name);
}

Description *description_read_text(Arena *arena, Diagnostics *diagnostics, const char *name, const char *text, size_t length,
                                   const ReadOptions *options)
{
    if (!looks_like_text(diagnostics, name, text, length))
        return NULL;
    Description *d = calloc(1, sizeof *d);
    if (!d)
        die("out of memory");
    d->arena = arena;
    d->diagnostics = diagnostics;
    d->file = arena_copy_text(arena, name);
    d->timed = options && options->timed;
    description_open(d);
    int before = diagnostics_count(diagnostics);
    set_parameters(d, options);
    bool ran = load_chunk(d, text, length) && description_call(d, 0, 1);
    if (ran) {
        description_push(d, "build");
        lua_insert(d->lua, -2);
        lua_pushstring(d->lua, model_name(arena, name));
        if (options && options->timesteps_max)
            lua_pushinteger(d->lua, options->timesteps_max);
        else
            lua_pushnil(d->lua);
        lua_pushstring(d->lua, options ? options->freeze : NULL);
        ran = description_call(d, 4, 1);
    }
    if (ran) {
        description_push(d, "unread_parameters");
        ran = description_call(d, 0, 0);
    }
    bool good = ran && diagnostics_count(diagnostics) == before;
    if (good) {
        lua_setfield(d->lua, LUA_REGISTRYINDEX, "model");
        good = model_extract(d, options ? options->batch : 0);
    }
    if (!good)
        description_free(d);
    return good ? d : NULL;
}

Description *description_read(Arena *arena, Diagnostics *diagnostics, const char *path, const ReadOptions *options)
{
    size_t length;
    char *text = read_text(arena, diagnostics, path, &length);
    return text ? description_read_text(arena, diagnostics, path, text, length, options) : NULL;
}

void description_free(Description *d)
{
    if (!d)
        return;
    lua_close(d->lua);
    free(d);
}

const Model *description_model(const Description *d)
{
    return &d->model;
}

const char *description_no_streaming(Description *d)
{
    description_push(d, "no_streaming");
    lua_getfield(d->lua, LUA_REGISTRYINDEX, "model");
    if (!description_call(d, 1, 1))
        die("no_streaming");
    const char *why = lua_tostring(d->lua, -1);
    if (why)
        why = arena_copy_text(d->arena, why);
    lua_pop(d->lua, 1);
    return why;
}
