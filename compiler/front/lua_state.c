/* lua_state.c: the bare, bounded Lua state of a description: memory by the allocator, time by a count of instructions
 * (lua_hook.c), and a timer of CPU time for loops inside C. The vocabulary (embedded Lua files) is loaded here; every
 * failure becomes a diagnostic with a line. */
#include "lua_description.h"
#include "compiler/base/embedded.h"

#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define MEMORY_MAX       ((size_t)128 * 1024 * 1024)
#define NOTE_WIDTH       200        /* bytes of a note */
#define CPU_MICROSECONDS 1500000    /* for all of Lua's work on one description, and for each sample that it draws */
/* more for our own mathematics, which is as long as the description has layers, each time that it is lowered */
#define LAYER_MICROSECONDS 4000
#define LAYER_MEMORY       ((size_t)256 * 1024)

static void *bounded_allocate(void *context, void *block, size_t old_size, size_t new_size)
{
    Description *d = context;
    size_t held = block ? old_size : 0;
    if (new_size == 0) {
        free(block);
        d->memory -= held;
        return NULL;
    }
    if (d->running && new_size > held && d->memory - held + new_size > MEMORY_MAX + d->own_layers * LAYER_MEMORY)
        return NULL;
    void *moved = realloc(block, new_size);
    if (moved)
        d->memory += new_size - held;
    return moved;
}

/* inside(name, line): whose mathematics is called now, and where the description asked for it; inside(): nobody's. */
static int inside(lua_State *L)
{
    Description *d = description_of(L);
    const char *name = lua_tostring(L, 1);
    d->inside = name ? arena_copy_text(d->arena, name) : NULL;
    d->inside_line = (int)luaL_optinteger(L, 2, 0);
    d->returned_line = 0;
    return 0;
}

/* The line of the description that is being executed, through whatever it called; 0 if none. */
static int line_of_description(lua_State *L)
{
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (!strcmp(ar.source, DESCRIPTION_CHUNK))
            return ar.currentline > 0 ? ar.currentline : 0;
    }
    return 0;
}

static int caller_line(lua_State *L)
{
    lua_pushinteger(L, line_of_description(L));
    return 1;
}

/* An unknown name is reported once; what Lua or the vocabulary says of its value afterwards is dropped. */
static bool follows_from_unknown(const Description *d, const char *text)
{
    return strstr(text, DESCRIPTION_UNKNOWN) && diagnostics_count(d->diagnostics);
}

static int report(lua_State *L)
{
    Description *d = description_of(L);
    int line = (int)luaL_optinteger(L, 1, 0);
    const char *text = luaL_checkstring(L, 2);
    if (!follows_from_unknown(d, text))
        diagnostics_add(d->diagnostics, d->file, line, "%s", text);
    return 0;
}

/* note(line, text): to standard error, and the description goes on. */
static int note(lua_State *L)
{
    Description *d = description_of(L);
    int line = (int)luaL_checkinteger(L, 1);
    if (d->silent)
        return 0;
    const char *text = lua_pushfstring(L, "%s:%d: note: %s", d->file, line, luaL_checkstring(L, 2));
    print_printable(stderr, text, NOTE_WIDTH);
    return 0;
}

/* ---- failures -------------------------------------------------------------------------------- */

/* An error of Lua becomes { line, message }: the line of the description, the message without a position. */
static int message_handler(lua_State *L)
{
    const char *text = lua_tostring(L, 1);
    if (!text)
        text = lua_pushfstring(L, "error was called with a %s instead of a message", luaL_typename(L, 1));
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

static void add_failure(Description *d, int line, const char *text)
{
    if (follows_from_unknown(d, text))
        return;
    if (strstr(text, "stack overflow"))
        text = "calls or expressions nest too deeply (an endless recursion?)";
    if (!line)
        line = d->returned_line > 0 ? d->returned_line : d->inside_line;
    diagnostics_add(d->diagnostics, d->file, line, "%s%s%s", d->inside ? d->inside : "", d->inside ? ": " : "", text);
}

static void report_failure(Description *d, int status)
{
    lua_State *L = d->lua;
    const char *text = NULL;
    int line = 0;
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        line = (int)lua_tointeger(L, -2);
        text = lua_tostring(L, -1);
        lua_pop(L, 2);
    } else if (lua_isstring(L, -1)) {
        text = lua_tostring(L, -1);
    }
    if (status == LUA_ERRMEM || !text || !strcmp(text, "not enough memory"))
        diagnostics_add(d->diagnostics, d->file, 0, "the description needs more than %d MB of memory",
                        (int)((MEMORY_MAX + d->own_layers * LAYER_MEMORY) / 1024 / 1024));
    else
        add_failure(d, line, text);
    lua_pop(L, 1);
}

/* ---- calls, and their CPU time --------------------------------------------------------------- */

static char deadline_line[512];     /* written before the timer is armed; read by the handler alone */

static void deadline_passed(int number)
{
    (void)number;
    ssize_t ignored = write(STDERR_FILENO, deadline_line, strlen(deadline_line));
    (void)ignored;
    _exit(1);
}

static void start_clock(Description *d)
{
    if (!d->timed)
        return;
    snprintf(deadline_line, sizeof deadline_line, "%s: the description does not end (more than %.1f s of CPU time)\n",
             d->file, (CPU_MICROSECONDS + d->more_microseconds) / 1e6);
    signal(SIGPROF, deadline_passed);
    struct itimerval timer = { .it_value = { .tv_sec = d->microseconds_left / 1000000,
                                             .tv_usec = d->microseconds_left % 1000000 } };
    setitimer(ITIMER_PROF, &timer, NULL);
}

static void stop_clock(Description *d)
{
    if (!d->timed)
        return;
    struct itimerval off = { 0 }, left;
    setitimer(ITIMER_PROF, &off, &left);
    d->microseconds_left = left.it_value.tv_sec * 1000000 + left.it_value.tv_usec;
    if (d->microseconds_left < 1000)
        d->microseconds_left = 1000;
}

void description_refill(Description *d)
{
    d->microseconds_left = CPU_MICROSECONDS;
    d->more_microseconds = 0;
    d->own_layers = 0;
}

void description_allow(Description *d)
{
    d->own_layers = 0;
    for (int l = 0; l < d->model.layer_count; l++)
        d->own_layers += !d->model.layers[l].custom;
    d->microseconds_left += (long)d->own_layers * LAYER_MICROSECONDS;
    d->more_microseconds += (long)d->own_layers * LAYER_MICROSECONDS;
}

bool description_call(Description *d, int arguments, int results)
{
    lua_State *L = d->lua;
    description_count_instructions(d);
    int base = lua_gettop(L) - arguments;
    lua_pushcfunction(L, message_handler);
    lua_insert(L, base);
    d->running = true;              /* from here on a refused block is an error that lua_pcall catches */
    start_clock(d);
    int status = lua_pcall(L, arguments, results, base);
    stop_clock(d);
    d->running = false;
    if (status != LUA_OK)
        report_failure(d, status);
    d->inside = NULL;
    d->inside_line = d->returned_line = 0;
    lua_remove(L, base);
    return status == LUA_OK;
}

void description_push(Description *d, const char *field)
{
    lua_getfield(d->lua, LUA_REGISTRYINDEX, "internal");
    lua_getfield(d->lua, -1, field);
    lua_remove(d->lua, -2);
}

/* ---- the vocabulary: embedded Lua files ------------------------------------------------------ */

static void run_embedded(lua_State *L, const char *name, bool in_vocabulary)
{
    push_embedded_chunk(L, name);
    if (in_vocabulary) {
        lua_getfield(L, LUA_REGISTRYINDEX, "layer_globals");
        lua_setupvalue(L, -2, 1);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "internal");
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        die("%s", lua_tostring(L, -1));
}

/* Copies the fields of the table on top of the stack into the one at `to`, and pops it. */
static void add_fields(lua_State *L, int to)
{
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, to);
    }
    lua_pop(L, 1);
}

/* Every embedded layer, activation, loss, ... sees the vocabulary and plain Lua, and when it is called the others. */
static void run_definitions(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_pushglobaltable(L);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    int globals = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "internal");
    int internal = lua_gettop(L);
    lua_getfield(L, internal, "vocabulary");
    add_fields(L, globals);
    lua_pushvalue(L, globals);
    lua_setfield(L, LUA_REGISTRYINDEX, "layer_globals");
    for (const Embedded *file = embedded_files; file->name; file++) {
        const char *slash = strchr(file->name, '/');
        size_t length = strlen(file->name);
        bool is_lua = length > 4 && !strcmp(file->name + length - 4, ".lua");
        if (slash && is_lua && strncmp(file->name, "vocabulary/", 11))
            run_embedded(L, file->name, true);
    }
    lua_getfield(L, internal, "constructors");
    add_fields(L, globals);
    lua_settop(L, globals - 1);
}

static int open_state(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "caller_line", caller_line }, { "report", report }, { "note", note }, { "inside", inside }, { NULL, NULL }
    };
    luaL_requiref(L, "_G", luaopen_base, 1);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    lua_settop(L, 0);
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "named_functions");
    same_install(L);
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    doors_install(L);
    operations_install(L);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "loading_built_in");
    lua_setfield(L, LUA_REGISTRYINDEX, "internal");
    run_embedded(L, "vocabulary/values.lua", false);
    run_embedded(L, "vocabulary/words.lua", false);
    run_embedded(L, "vocabulary/handles.lua", false);
    run_embedded(L, "vocabulary/keras.lua", false);
    run_embedded(L, "vocabulary/syntax.lua", false);
    run_embedded(L, "vocabulary/arguments.lua", false);
    run_embedded(L, "vocabulary/definitions.lua", false);
    run_embedded(L, "vocabulary/objects.lua", false);
    run_embedded(L, "vocabulary/metrics.lua", false);
    run_embedded(L, "vocabulary/program.lua", false);
    run_embedded(L, "vocabulary/statements.lua", false);
    run_embedded(L, "vocabulary/scan.lua", false);
    run_embedded(L, "vocabulary/windows.lua", false);
    run_embedded(L, "vocabulary/batch.lua", false);
    run_embedded(L, "vocabulary/sublayers.lua", false);
    run_embedded(L, "vocabulary/cells.lua", false);
    run_embedded(L, "vocabulary/initial_states.lua", false);
    run_embedded(L, "vocabulary/losses.lua", false);
    run_embedded(L, "vocabulary/lowering.lua", false);
    run_embedded(L, "vocabulary/training.lua", false);
    run_embedded(L, "vocabulary/pytorch.lua", false);
    run_embedded(L, "vocabulary/sequential.lua", false);
    run_embedded(L, "vocabulary/final_states.lua", false);
    run_embedded(L, "vocabulary/graph.lua", false);
    run_embedded(L, "vocabulary/masks.lua", false);
    run_embedded(L, "vocabulary/shapes.lua", false);
    run_embedded(L, "vocabulary/outputs.lua", false);
    run_embedded(L, "vocabulary/decoder.lua", false);
    run_embedded(L, "vocabulary/description.lua", false);
    run_embedded(L, "vocabulary/data.lua", false);
    run_embedded(L, "vocabulary/catalogue.lua", false);
    run_definitions(L);
    run_embedded(L, "vocabulary/sandbox.lua", false);
    lua_getfield(L, LUA_REGISTRYINDEX, "internal");
    lua_getfield(L, -1, "finish_sandbox");
    lua_call(L, 0, 0);
    lua_pushnil(L);
    lua_setfield(L, -2, "loading_built_in");
    lua_settop(L, 0);
    return 0;
}

/* What a state still has to do when it ends is under the clock too. */
void description_close(Description *d)
{
    description_refill(d);
    start_clock(d);
    lua_close(d->lua);
    stop_clock(d);
}

void description_open(Description *d)
{
    d->lua = lua_newstate(bounded_allocate, d);
    if (!d->lua)
        die("out of memory");
    *(Description **)lua_getextraspace(d->lua) = d;
    description_refill(d);
    lua_pushcfunction(d->lua, open_state);
    if (lua_pcall(d->lua, 0, 0, 0) != LUA_OK)
        die("%s", lua_tostring(d->lua, -1));
}
