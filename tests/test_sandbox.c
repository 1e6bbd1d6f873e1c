/* test_sandbox.c: what a description can do to the compiler: nothing. Attacks that are known, any number of others by chance, and that the
 * same description gives the same bytes in each run. */
#include "command.h"
#include "hostile_description.h"

#include "compiler/compile.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define COST_COUNTS false       /* a sanitizer multiplies time */
#else
#define COST_COUNTS true
#endif

/* ---- attacks ----------------------------------------------------------------------------------------------------- */

#define GOOD   "return Sequential{ Input{5, 3}, LSTM{4}, Dense{1}, loss = 'mse' }\n"
#define CLOSED "its arguments are set where it is made"
#define IN_CALL(body) \
    "local C = layer 'C' { arguments = {{'units', 'size'}}, weights = function(a, x) return { kernel = weight({x.features, a.units}) } end,\n" \
    "shape = function(a) return {a.units} end, call = function(a, w, x)\n" body " local y = affine(x, w.kernel) return y end }\n" \
    "return Sequential{ Input{5, 3}, C{3}, C{2}, loss = 'mse' }\n"

static const struct { const char *name, *text, *says; } attacks[] = {
    { "the name of a kind", "local l = LSTM{4}\nl.definition.name = '*/ int evil(void); /*'\n" GOOD, ":2: the layer LSTM has no field \"definition\": " CLOSED },
    { "a weight's tensor", IN_CALL("w.kernel.at({1, 2}).tensor.weight = 123456789"), ":3: C: a value has no field \"at\"" },
    { "a pointer", IN_CALL("w.kernel.object_in_c = x.object_in_c"), "a value has no field \"object_in_c\"" },
    { "a field of a value", IN_CALL("w.kernel.op = 'load'"), "values have no field \"op\" to set" },
    { "the kind of data", "samples{function(random) end}.kind = nil\n" GOOD, ":1: the data samples{...} cannot be changed: " CLOSED },
    { "the kind of an optimizer", "Adam{}.definition.kind = nil\n" GOOD, ":1: the optimizer Adam has no field \"definition\": " CLOSED },
    { "a path", "local c = CSVLogger{'log.csv'}\nc.arguments.filename = '/tmp/x'\n" GOOD, ":2: the callback CSVLogger has no field \"arguments\"" },
    { "a finaliser", "tensor{3}._class.__gc = function() while true do end end\n" GOOD, ":1: a value has no field \"_class\"" },
    { "a metatable", "local l = LSTM{4}\nl.__index = function() while true do end end\n" GOOD, ":2: the layer LSTM cannot be changed" },
    { "a value of another layer", "local kept\n" IN_CALL("kept = kept or x[{ axes 'n' }] x = kept"), "C: " },
    { "a value of another program", "local kept\nlocal C = layer 'C' { call = function(a, w, x)\nlocal e = exp(x) kept = kept or e return kept end }\n"
      "return Sequential{ Input{5, 3}, C{}, loss = 'mse' }\n", "C: a value is used outside of the call in which it was made" },
    { "an index beyond all", IN_CALL("local n = axes 'n' local z = tensor{3} z[{n}] = x[{n * 999999999}] x = z"), "C: " },
    { "a huge index", IN_CALL("local n = axes 'n' local z = tensor{3} z[{n}] = x[{n + 2^62}] x = z"), "C: " },
    { "a huge tensor", IN_CALL("local n, m, k = axes 'n m k' local z = tensor{16777216, 16777216, 16777216} z[{n, m, k}] = w.kernel[{0, 0}] * n local y = sum(x) x = x * z[{0, 0, 0}]"), "C: " },
    { "infinity", IN_CALL("x = x * math.huge"), "C: inf is beyond the range of float" },
    { "no number", IN_CALL("x = x + 0/0"), "C: -nan is beyond the range of float" },
    { "beyond float", IN_CALL("x = x + 1e39"), "C: 1e+39 is beyond the range of float" },
    { "a zero byte", "return Sequential{ name = 'a\\0b', Input{5, 3}, LSTM{4} }\n", ":1: Sequential: \"name\" must be a text without zero bytes" },
    { "addresses", "print(string.format('%p', {}))\n" GOOD, ":1: string.format: %p shows an address" },
    { "keys without order", "for k in pairs{[{}] = 1, [{}] = 2} do end\n" GOOD, ":1: pairs: tables and functions as keys have no order" },
    { "a loop in a closing method", "local x <close> = LSTM{3}\n" GOOD, ":1: variable 'x' got a non-closable value" },
};

static int count_lines(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

Test(sandbox, attacks_end_with_a_message)
{
    char *folder = command_folder(), out[256];
    snprintf(out, sizeof out, "%s/out", folder);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        command_write(folder, "m.lua", attacks[i].text, (long)strlen(attacks[i].text));
        Ran ran = command_run(folder, 30, "mkdir -p out && exec $L m.lua -o out");
        cr_expect(ran.status == 1, "%s: exit status %d instead of 1; said %.300s", attacks[i].name, ran.status, ran.errors);
        cr_expect(strstr(ran.errors, attacks[i].says) != NULL, "%s: said \"%.300s\", not \"%s\"", attacks[i].name, ran.errors, attacks[i].says);
        cr_expect(count_lines(ran.errors) == 1, "%s: %d lines: %s", attacks[i].name, count_lines(ran.errors), ran.errors);
        cr_expect(command_count_files(out) == 0, "%s: wrote files", attacks[i].name);
        ran_free(&ran);
    }
    command_folder_remove(folder);
}

/* ---- attacks by chance ------------------------------------------------------------------------------------------- */

enum { CHILD_GOOD = 0, CHILD_FOUND = 3, CHILD_SECONDS = 60 };

/* "table: 0x55..." and the like. */
static bool shows_an_address(const char *text)
{
    for (const char *c = text; (c = strstr(c, "0x")) != NULL; c += 2)
        if (strspn(c + 2, "0123456789abcdef") >= 9)
            return true;
    return false;
}

/* What a command does with a description: reads it, compiles it, draws a sample. In a process of its own. */
static int try_description(const char *text, const char *target)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    const ReadOptions read = { .timed = COST_COUNTS };
    const CompileOptions options = { .target = target_find(target) };
    Compiled compiled = { 0 };
    Description *d = description_read_text(arena, diagnostics, "hostile.lua", text, strlen(text), &read);
    bool done = d && compile(arena, d, diagnostics, &options, &compiled);
    float x[64], y[64], weights[64];
    int32_t length;
    if (done && description_model(d)->data.kind == DATA_SAMPLES && description_model(d)->descriptor.input_count <= 64 &&
        lstmc_weights_per_sample(&description_model(d)->descriptor) <= 64)
        description_sample(d, 1, 2, x, y, weights, &length);
    char *said = NULL;
    size_t size;
    FILE *to = open_memstream(&said, &size);
    diagnostics_print(diagnostics, to);
    fclose(to);
    bool clean = !strstr(said, "internal error") && !shows_an_address(said);
    if (done)
        clean = clean && !strstr(compiled.header.text, "ATTACK") && !strstr(compiled.source.text, "ATTACK");
    else
        clean = clean && *said;
    free(said);
    compiled_free(&compiled);
    description_free(d);
    arena_free(arena);
    return clean ? CHILD_GOOD : CHILD_FOUND;
}

static int run_in_child(const char *text, const char *target)
{
    fflush(NULL);
    pid_t child = fork();
    cr_assert(child >= 0, "no process");
    if (child == 0) {
        struct rlimit limit = { CHILD_SECONDS, CHILD_SECONDS + 1 };
        setrlimit(RLIMIT_CPU, &limit);
        if (!freopen("/dev/null", "w", stderr))
            _exit(CHILD_FOUND);
        _exit(try_description(text, target));
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static char **read_descriptions(int *count)
{
    glob_t files;
    cr_assert(!glob("tests/bad/*.lua", 0, NULL, &files) && !glob("models/*.lua", GLOB_APPEND, NULL, &files), "no descriptions");
    char **texts = calloc(files.gl_pathc, sizeof *texts);
    for (size_t i = 0; i < files.gl_pathc; i++)
        texts[i] = command_read_file(".", files.gl_pathv[i]);
    *count = (int)files.gl_pathc;
    globfree(&files);
    return texts;
}

/* FUZZ_DESCRIPTIONS of them (default: 300), from seed FUZZ_SEED (default: 1). Status 1 is the clock of a description. */
Test(sandbox, whatever_it_tries)
{
    const char *wanted = getenv("FUZZ_DESCRIPTIONS"), *first = getenv("FUZZ_SEED");
    int count = wanted ? atoi(wanted) : 300, texts, found = 0;
    uint64_t seed = first ? strtoull(first, NULL, 10) : 1;
    char **text = read_descriptions(&texts);
    for (int i = 0; i < count && found < 5; i++) {
        Arena *arena = arena_create();
        char *description = hostile_description(arena, seed + (uint64_t)i, text[i % texts]);
        int status = run_in_child(description, i % 2 ? "plain" : "vector");
        if (status != CHILD_GOOD && status != 1) {
            found++;
            cr_expect(false, "seed %d: ended with %d:\n%s", (int)seed + i, status, description);
        }
        arena_free(arena);
    }
    for (int i = 0; i < texts; i++)
        free(text[i]);
    free(text);
}

/* ---- the same bytes ---------------------------------------------------------------------------------------------- */

/* Everything in it would depend on where memory lies, or on the hash of texts. */
static const char unordered[] =
    "local t, order = {}, {}\n"
    "for _, name in ipairs{'alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta'} do t[name] = #name end\n"
    "local units = 0\n"
    "for name, n in pairs(t) do units = units * 3 % 601 + n order[#order + 1] = name end\n"
    "for name, n in next, t do units = units + n * #order order[#order + 1] = name end\n"
    "local first = next(t)\n"
    "local items = {}\n"
    "for i = 1, 300 do items[i] = {key = i % 3, i = i} end\n"
    "table.sort(items, function(a, b) return a.key < b.key end)\n"
    "for i, item in ipairs(items) do units = (units * 31 + item.i) % 599 end\n"
    "print(first, table.concat(order, ' '), t, print, LSTM{3}, string.format('%s %10s', t, ipairs), ('%s'):format({}))\n"
    "local handles = {[LSTM{1}] = 1, [Dense{2}] = 2, [GRU{3}] = 3, [true] = 4, [2.5] = 5, [7] = 6}\n"
    "for _, n in pairs(handles) do units = (units * 7 + n) % 599 end\n"
    "local C = layer 'C' { arguments = {{'units', 'size'}, {'b', 'number', 1}, {'c', 'number', 2}},\n"
    "  weights = function(a, x) local made = {} for name in pairs(t) do made[name] = weight({x.features, a.units}) end return made end,\n"
    "  shape = function(a) return {a.units} end,\n"
    "  call = function(a, w, x) local y for name, v in pairs(w) do y = y and y + affine(x, v) or affine(x, v) end return y end }\n"
    "return Sequential{ Input{4, 3}, C{2}, LSTM{3}, Dense{units + 1}, loss = 'mse' }\n";

static char *bytes_of_a_run(const char *folder)
{
    Ran ran = command_run(folder, 10, "rm -rf out && mkdir out && $L m.lua -o out && cat out/m.h out/m.c && $L summary m.lua && $L m.lua --dump=grad");
    cr_assert(ran.status == 0, "exit status %d: %s", ran.status, ran.errors);
    cr_expect(!shows_an_address(ran.errors), "an address: %s", ran.errors);
    size_t size = strlen(ran.output) + strlen(ran.errors) + 2;
    char *text = malloc(size);
    snprintf(text, size, "%s\n%s", ran.output, ran.errors);
    ran_free(&ran);
    return text;
}

Test(sandbox, the_same_description_gives_the_same_bytes)
{
    char *folder = command_folder();
    command_write(folder, "m.lua", unordered, sizeof unordered - 1);
    char *first = bytes_of_a_run(folder);
    cr_expect(strstr(first, "alpha\talpha beta delta epsilon eta gamma zeta alpha beta"), "another order: %.300s", strstr(first, "alpha"));
    for (int run = 1; run < 20; run++) {
        char *again = bytes_of_a_run(folder);
        cr_expect(!strcmp(first, again), "run %d differs", run);
        free(again);
    }
    free(first);
    command_folder_remove(folder);
}
