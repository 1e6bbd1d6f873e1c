/* read_lua.c: in: a description file.  out: the validated model as plain data, and a Lua state in which its mathematics
 * can be called. The state is bare and bounded (lua_state.c). */
#include "lua_description.h"

#include "runtime/files/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILE_MAX (1024 * 1024)

/* ---- reading the file ------------------------------------------------------------------------ */

static char *read_text(Arena *arena, Diagnostics *diagnostics, const char *path, size_t *length)
{
    int descriptor = lstmc_file_open(path, NULL);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "rb");
    if (!file) {
        int error = errno;
        const char *lua = arena_format(arena, "%s.lua", path);
        bool near = error == ENOENT && !access(lua, F_OK);
        if (error == EISDIR || error == EINVAL)
            diagnostics_add(diagnostics, path, 0,
                            error == EISDIR ? "is a folder, not a description" : "is not a regular file");
        else
            diagnostics_add(diagnostics, path, 0, "cannot be read: %s%s%s%s", strerror(error),
                            near ? " (did you mean " : "", near ? lua : "", near ? "?)" : "");
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

/* What else people have in hand: how such a file's name ends, how the file begins, and what to do with it. */
#define KERAS "holds a model of Keras: this version reads descriptions in Lua, and weights from safetensors files"
#define TORCH "holds weights of PyTorch: this version reads descriptions in Lua, and weights from safetensors files"
#define ARRAY "is an array: a description names it, data = npy{x = FILE, y = FILE}"
#define TABLE "is a table: a description names it, data = csv{FILE, columns = {...}, ...}"
static const struct {
    const char *ending, *beginning, *is;
} other_files[] = {
    { ".py", NULL,
      "is Python; a description is Lua: LSTM(50, return_sequences=True) is written LSTM{50, return_sequences = true}" },
    { ".ipynb", NULL, "is a notebook of Python; a description is Lua: LSTM{50, return_sequences = true}" },
    { ".h5", "\x89HDF", KERAS },
    { ".hdf5", NULL, KERAS },
    { ".keras", NULL, KERAS },
    { ".pt", NULL, TORCH },
    { ".pth", NULL, TORCH },
    { ".safetensors", NULL, "holds weights: they are given behind a description, by --weights FILE" },
    { ".checkpoint", NULL, "is a checkpoint: lstmc train MODEL.lua --resume goes on from it" },
    { ".onnx", NULL, "is a model in ONNX: this version reads descriptions in Lua" },
    { ".tflite", NULL, "is a model of TensorFlow Lite: this version reads descriptions in Lua" },
    { ".npy", "\x93NUMPY", ARRAY },
    { ".npz", NULL, ARRAY },
    { ".csv", NULL, TABLE },
    { ".tsv", NULL, TABLE },
    { ".json", NULL, "is JSON; a description is Lua: LSTM{50, return_sequences = true}" },
    { ".txt", NULL, "is a text: a description names it, data = characters{FILE, ...} or lines{FILE, ...}" },
    { ".wav", "RIFF", "is a recording: a description names its folder, data = wav{folder = ...}" },
    { ".zip", "PK\x03\x04", "is an archive, not a description" },
    { ".c", NULL, "is C; a description is Lua" },
    { ".h", NULL, "is C; a description is Lua" },
};

static const char *other_file(const char *path, const char *text)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof other_files / sizeof *other_files; i++) {
        const char *ending = other_files[i].ending, *beginning = other_files[i].beginning;
        size_t ends = strlen(ending);
        if ((length > ends && !strcasecmp(path + length - ends, ending)) ||
            (beginning && !strncmp(text, beginning, strlen(beginning))))
            return other_files[i].is;
    }
    return NULL;
}

static bool looks_like_text(Diagnostics *diagnostics, const char *path, const char *text, size_t length)
{
    const char *is = other_file(path, text);
    if (is) {
        diagnostics_add(diagnostics, path, 0, "%s", is);
        return false;
    }
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

static void push_parameter_name(lua_State *L, const char *parameter)
{
    lua_pushlstring(L, parameter, strcspn(parameter, "="));
}

/* Which of them the description has read; those that it has to read and has not are mistakes. */
static bool check_parameters(Description *d, const ReadOptions *options)
{
    lua_State *L = d->lua;
    for (int i = 0; options && options->is_read && i < options->parameter_count; i++) {
        description_push(d, "is_read");
        push_parameter_name(L, options->parameters[i]);
        if (!description_call(d, 1, 1))
            return false;
        options->is_read[i] = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    description_push(d, "unread_parameters");
    lua_newtable(L);
    for (int i = 0; options && options->may_be_unread && i < options->parameter_count; i++) {
        push_parameter_name(L, options->parameters[i]);
        lua_pushboolean(L, options->may_be_unread[i]);
        lua_rawset(L, -3);
    }
    return description_call(d, 1, 0);
}

/* A line of the text, from 1; empty if there is no such line. */
static void push_line(lua_State *L, const char *text, int line)
{
    for (; line > 1 && *text; line--) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    lua_pushlstring(L, text, line == 1 ? strcspn(text, "\r\n") : 0);
}

/* The message of Lua's grammar on top of the stack: with its line, and what to write instead. */
static void report_syntax(Description *d, const char *text)
{
    lua_State *L = d->lua;
    const char *message = lua_tostring(L, -1);
    int line = 0, used = 0;
    if (sscanf(message, "(description):%d: %n", &line, &used) == 1 && used)
        message += used;
    if (strstr(message, "stack overflow")) {
        diagnostics_add(d->diagnostics, d->file, line, "expressions or blocks nest too deeply");
        return;
    }
    description_push(d, "syntax_error");
    push_line(L, text, line);
    push_line(L, text, line - 1);
    lua_pushstring(L, message);
    if (description_call(d, 3, 1))
        diagnostics_add(d->diagnostics, d->file, line, "%s", lua_tostring(L, -1));
}

static bool load_chunk(Description *d, const char *text, size_t length)
{
    lua_State *L = d->lua;
    if (luaL_loadbufferx(L, text, length, DESCRIPTION_CHUNK, "t") != LUA_OK) {
        report_syntax(d, text);
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

Description *description_read_text(Arena *arena, Diagnostics *diagnostics, const char *name, const char *text,
                                   size_t length, const ReadOptions *options)
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
    d->silent = options && options->silent;
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
    if (ran)
        ran = check_parameters(d, options);
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
    description_close(d);
    free(d);
}

const Model *description_model(const Description *d)
{
    return &d->model;
}
