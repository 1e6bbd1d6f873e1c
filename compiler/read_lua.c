/* read_lua.c: in: a description file.  out: the validated model as plain data, and a Lua state in which its mathematics can be called.
 * The state is bare and bounded: memory by the allocator, time by a count of instructions, and a timer of CPU time for loops inside C. */
#include "lua_description.h"
#include "embedded.h"

#include "../runtime/lstmc_random.h"

#include <errno.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define MEMORY_MAX       ((size_t)192 * 1024 * 1024)
#define INSTRUCTIONS_MAX 60000000   /* about a second */
#define HOOK_INTERVAL    10000
#define FILE_MAX         (1024 * 1024)
#define CHUNK            "=(description)"

/* ---- the state ------------------------------------------------------------------------------------------------------- */

static void *bounded_allocate(void *context, void *block, size_t old_size, size_t new_size)
{
    Description *d = context;
    size_t held = block ? old_size : 0;
    if (new_size == 0) {
        free(block);
        d->memory -= held;
        return NULL;
    }
    if (new_size > held && d->memory - held + new_size > MEMORY_MAX)
        return NULL;
    void *moved = realloc(block, new_size);
    if (moved)
        d->memory += new_size - held;
    return moved;
}

static Description *description_of(lua_State *L)
{
    return *(Description **)lua_getextraspace(L);
}

static bool is_value(lua_State *L, int index)
{
    if (!lua_istable(L, index))
        return false;
    index = lua_absindex(L, index);
    lua_pushstring(L, "number");
    lua_rawget(L, index);
    lua_pushstring(L, "shape");
    lua_rawget(L, index);
    bool yes = lua_isinteger(L, -2) && lua_istable(L, -1);
    lua_pop(L, 2);
    return yes;
}

/* A function of the mathematics returns: its local variables name the values they hold, so that the emitted code has the paper's names. */
static void name_locals(lua_State *L, lua_Debug *ar)
{
    lua_getinfo(L, "f", ar);
    lua_getfield(L, LUA_REGISTRYINDEX, "named_functions");
    lua_pushvalue(L, -2);
    bool wanted = lua_rawget(L, -2) == LUA_TBOOLEAN;
    lua_pop(L, 3);
    if (!wanted)
        return;
    const char *name;
    for (int n = 1; (name = lua_getlocal(L, ar, n)); n++) {
        if (name[0] != '(' && is_value(L, -1)) {
            lua_pushstring(L, "local_name");
            lua_pushstring(L, name);
            lua_rawset(L, -3);
        }
        lua_pop(L, 1);
    }
}

static void hook(lua_State *L, lua_Debug *ar)
{
    if (ar->event == LUA_HOOKRET) {
        name_locals(L, ar);
        return;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "budget");
    lua_Integer left = lua_tointeger(L, -1) - HOOK_INTERVAL;
    lua_pop(L, 1);
    lua_pushinteger(L, left);
    lua_setfield(L, LUA_REGISTRYINDEX, "budget");
    if (left < 0)
        luaL_error(L, "the description does not end (more than %d million instructions)", INSTRUCTIONS_MAX / 1000000);
}

/* call_named(f, ...): calls f; its locals name their values when it returns. */
static int call_named(lua_State *L)
{
    Description *d = description_of(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "named_functions");
    lua_pushvalue(L, 1);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    if (d->hook_depth++ == 0)
        lua_sethook(L, hook, LUA_MASKCOUNT | LUA_MASKRET, HOOK_INTERVAL);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    if (--d->hook_depth == 0)
        lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_INTERVAL);
    return lua_gettop(L);
}

/* The line of the description that is being executed, through whatever it called; 0 if none. */
static int line_of_description(lua_State *L)
{
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (!strcmp(ar.source, CHUNK))
            return ar.currentline > 0 ? ar.currentline : 0;
    }
    return 0;
}

static int caller_line(lua_State *L)
{
    lua_pushinteger(L, line_of_description(L));
    return 1;
}

static int report(lua_State *L)
{
    Description *d = description_of(L);
    int line = (int)luaL_optinteger(L, 1, 0);
    diagnostics_add(d->diagnostics, d->file, line, "%s", luaL_checkstring(L, 2));
    return 0;
}

static int print(lua_State *L)
{
    for (int i = 1; i <= lua_gettop(L); i++) {
        fprintf(stderr, "%s%s", i > 1 ? "\t" : "", luaL_tolstring(L, i, NULL));
        lua_pop(L, 1);
    }
    fputc('\n', stderr);
    return 0;
}

/* An error of Lua becomes { line, message }: the line of the description, the message without a position. */
static int message_handler(lua_State *L)
{
    const char *text = lua_tostring(L, 1);
    if (!text)
        text = lua_pushfstring(L, "error(%s)", luaL_typename(L, 1));
    for (int level = 0; level < 20; level++) {
        luaL_where(L, level);
        const char *where = lua_tostring(L, -1);
        size_t length = strlen(where);
        if (length && !strncmp(text, where, length))
            text += length;
    }
    lua_newtable(L);
    lua_pushinteger(L, line_of_description(L));
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, text);
    lua_rawseti(L, -2, 2);
    return 1;
}

static void report_failure(Description *d, int status)
{
    lua_State *L = d->lua;
    if (status == LUA_ERRMEM || !lua_istable(L, -1)) {
        diagnostics_add(d->diagnostics, d->file, 0, status == LUA_ERRMEM ? "the description needs more than %d MB of memory" : "an error that cannot be shown (%d)",
                        (int)(MEMORY_MAX / 1024 / 1024));
    } else {
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        const char *text = lua_tostring(L, -1);
        if (!strcmp(text, "not enough memory"))
            diagnostics_add(d->diagnostics, d->file, 0, "the description needs more than %d MB of memory", (int)(MEMORY_MAX / 1024 / 1024));
        else
            diagnostics_add(d->diagnostics, d->file, (int)lua_tointeger(L, -2), "%s", text);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

bool description_call(Description *d, int arguments, int results)
{
    lua_State *L = d->lua;
    lua_pushinteger(L, INSTRUCTIONS_MAX);
    lua_setfield(L, LUA_REGISTRYINDEX, "budget");
    d->hook_depth = 0;
    lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_INTERVAL);
    int base = lua_gettop(L) - arguments;
    lua_pushcfunction(L, message_handler);
    lua_insert(L, base);
    int status = lua_pcall(L, arguments, results, base);
    if (status != LUA_OK)
        report_failure(d, status);
    lua_remove(L, base);
    return status == LUA_OK;
}

void description_push(Description *d, const char *field)
{
    lua_getfield(d->lua, LUA_REGISTRYINDEX, "internal");
    lua_getfield(d->lua, -1, field);
    lua_remove(d->lua, -2);
}

/* ---- the vocabulary: embedded Lua files ---------------------------------------------------------------------------- */

static void run_embedded(lua_State *L, const char *name, bool in_vocabulary)
{
    const char *text = embedded_text(name);
    const char *chunk = lua_pushfstring(L, "=%s", name);
    if (luaL_loadbufferx(L, text, strlen(text), chunk, "t") != LUA_OK)
        die("%s", lua_tostring(L, -1));
    lua_remove(L, -2);
    if (in_vocabulary) {
        lua_getfield(L, LUA_REGISTRYINDEX, "layer_globals");
        lua_setupvalue(L, -2, 1);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "internal");
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        die("%s", lua_tostring(L, -1));
}

/* Every embedded layer, activation, loss, ... sees the vocabulary and plain Lua. */
static void run_definitions(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_pushglobaltable(L);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_getfield(L, LUA_REGISTRYINDEX, "internal");
    lua_getfield(L, -1, "vocabulary");
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -6);
    }
    lua_pop(L, 2);
    lua_setfield(L, LUA_REGISTRYINDEX, "layer_globals");
    for (const Embedded *file = embedded_files; file->name; file++) {
        const char *slash = strchr(file->name, '/');
        size_t length = strlen(file->name);
        bool is_lua = length > 4 && !strcmp(file->name + length - 4, ".lua");
        if (slash && is_lua && strncmp(file->name, "vocabulary/", 11))
            run_embedded(L, file->name, true);
    }
}

static int open_state(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "call_named", call_named }, { "caller_line", caller_line }, { "report", report }, { "print", print }, { NULL, NULL }
    };
    luaL_requiref(L, "_G", luaopen_base, 1);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    lua_settop(L, 0);
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "named_functions");
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "loading_built_in");
    lua_setfield(L, LUA_REGISTRYINDEX, "internal");
    run_embedded(L, "vocabulary/values.lua", false);
    run_embedded(L, "vocabulary/definitions.lua", false);
    run_embedded(L, "vocabulary/lowering.lua", false);
    run_embedded(L, "vocabulary/description.lua", false);
    run_embedded(L, "vocabulary/data.lua", false);
    run_definitions(L);
    run_embedded(L, "vocabulary/sandbox.lua", false);
    lua_getfield(L, LUA_REGISTRYINDEX, "internal");
    lua_getfield(L, -1, "finish_sandbox");
    lua_call(L, 0, 0);
    lua_pushnil(L);
    lua_setfield(L, -2, "loading_built_in");
    /* Methods of strings reach the library's own table: what a description may not have leaves it now. */
    static const char *const removed[] = { "find", "match", "gmatch", "gsub", "dump", "pack", "unpack", "packsize" };
    lua_getglobal(L, "string");
    for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) {
        lua_pushnil(L);
        lua_setfield(L, -2, removed[i]);
    }
    lua_settop(L, 0);
    return 0;
}

/* ---- reading the file ---------------------------------------------------------------------------------------------- */

static char *read_text(Arena *arena, Diagnostics *diagnostics, const char *path, size_t *length)
{
    struct stat status;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &status)) {
        diagnostics_add(diagnostics, path, 0, "cannot be read: %s", strerror(errno));
        if (file)
            fclose(file);
        return NULL;
    }
    if (S_ISDIR(status.st_mode)) {
        diagnostics_add(diagnostics, path, 0, "is a folder, not a description");
        fclose(file);
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
    if (luaL_loadbufferx(L, text, length, CHUNK, "t") != LUA_OK) {
        const char *message = lua_tostring(L, -1);
        int line = 0, used = 0;
        if (sscanf(message, "(description):%d: %n", &line, &used) == 1 && used)
            message += used;
        diagnostics_add(d->diagnostics, d->file, line, "%s", message);
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
    d->lua = lua_newstate(bounded_allocate, d);
    if (!d->lua)
        die("out of memory");
    *(Description **)lua_getextraspace(d->lua) = d;
    lua_pushcfunction(d->lua, open_state);
    if (lua_pcall(d->lua, 0, 0, 0) != LUA_OK)
        die("%s", lua_tostring(d->lua, -1));
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
        ran = description_call(d, 3, 1);
    }
    if (ran) {
        description_push(d, "unread_parameters");
        ran = description_call(d, 0, 0);
    }
    if (!ran || diagnostics_count(diagnostics) != before) {
        description_free(d);
        return NULL;
    }
    lua_setfield(d->lua, LUA_REGISTRYINDEX, "model");
    model_extract(d, options ? options->batch : 0);
    return d;
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

/* ---- the deadline ---------------------------------------------------------------------------------------------------- */

static char deadline_line[512];     /* written before the timer is armed; read by the handler alone */

static void deadline_passed(int number)
{
    (void)number;
    ssize_t ignored = write(STDERR_FILENO, deadline_line, strlen(deadline_line));
    (void)ignored;
    _exit(1);
}

void description_deadline(const char *file, int seconds)
{
    snprintf(deadline_line, sizeof deadline_line, "%s: the description does not end (more than %d s of CPU time)\n", file, seconds);
    signal(SIGPROF, seconds ? deadline_passed : SIG_IGN);
    struct itimerval timer = { .it_value = { .tv_sec = seconds } };
    setitimer(ITIMER_PROF, &timer, NULL);
}
