/* test_description.c: bad descriptions: tests/bad/NAME.lua holds the messages it must give, all of them and no others, as comment lines
 *     -- expect: LINE: message            (line 0: the message has none)
 * and hostile ones, which must end with one message, within 256 MB, and write nothing. */
#include "command.h"

#include "compiler/compile.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARAMETERS_MAX 8

#if defined(__SANITIZE_ADDRESS__)
#define COST_COUNTS false       /* a sanitizer multiplies time and memory */
#else
#define COST_COUNTS true
#endif

/* ---- mistakes ---------------------------------------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
    char *text = command_read_file(".", path);
    cr_assert(text != NULL, "cannot read %s", path);
    return text;
}

/* "-- expect: 3: text" becomes "path:3: text", "-- expect: 0: text" becomes "path: text". */
static void put_expected(const char *path, const char *text, FILE *to)
{
    char *copy = strdup(text), *rest = NULL;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        int number, used = 0;
        if (sscanf(line, "-- expect: %d: %n", &number, &used) != 1 || !used)
            continue;
        if (number)
            fprintf(to, "%s:%d: %s\n", path, number, line + used);
        else
            fprintf(to, "%s: %s\n", path, line + used);
    }
    free(copy);
}

static int take_parameters(char *text, const char **parameters)
{
    char *line = strstr(text, "-- parameters: "), *rest = NULL;
    if (!line)
        return 0;
    char *words = line + strlen("-- parameters: ");
    *strchr(words, '\n') = 0;
    int count = 0;
    for (char *word = strtok_r(words, " ", &rest); word && count < PARAMETERS_MAX; word = strtok_r(NULL, " ", &rest))
        parameters[count++] = word;
    return count;
}

/* What the command would say of the description: reading it and, if that goes well, compiling it. */
static void put_mistakes(const char *path, char *text, FILE *to)
{
    const char *parameters[PARAMETERS_MAX];
    ReadOptions options = { .parameters = parameters, .parameter_count = take_parameters(text, parameters) };
    CompileOptions how = { .target = target_find("plain") };
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = description_read(arena, diagnostics, path, &options);
    if (description) {
        Compiled compiled;
        if (compile(arena, description, diagnostics, &how, &compiled))
            fprintf(to, "%s: compiled without a message\n", path);
        compiled_free(&compiled);
    }
    diagnostics_print(diagnostics, to);
    description_free(description);
    arena_free(arena);
}

Test(description, every_mistake_is_reported_and_nothing_else)
{
    glob_t files;
    cr_assert(!glob("tests/bad/*.lua", 0, NULL, &files), "no tests/bad/*.lua: run from the root of the project");
    int wrong = 0;
    for (size_t f = 0; f < files.gl_pathc; f++) {
        char *text = read_text(files.gl_pathv[f]), *expected = NULL, *said = NULL;
        size_t expected_length, said_length;
        FILE *to_expected = open_memstream(&expected, &expected_length), *to_said = open_memstream(&said, &said_length);
        put_expected(files.gl_pathv[f], text, to_expected);
        put_mistakes(files.gl_pathv[f], text, to_said);
        fclose(to_expected);
        fclose(to_said);
        cr_expect(*expected, "%s expects nothing", files.gl_pathv[f]);
        if (strcmp(expected, said)) {
            wrong++;
            cr_log_error("%s\n--- expected\n%s--- said\n%s", files.gl_pathv[f], expected, said);
        }
        free(expected);
        free(said);
        free(text);
    }
    cr_expect(files.gl_pathc >= 60, "only %zu bad descriptions", files.gl_pathc);
    cr_assert(wrong == 0, "%d of %zu bad descriptions say something else", wrong, files.gl_pathc);
    globfree(&files);
}

/* ---- hostile descriptions ------------------------------------------------------------------------------------------------ */

#define MODEL "return Sequential{ Input{10, 3}, LSTM{4}, Dense{1}, loss = \"mse\" }\n"
#define CUSTOM(body) \
    "local M = layer \"M\" { call = function(a, w, x)\n" body "\nend }\nreturn Sequential{ Input{10, 3}, M{}, Dense{1}, loss = \"mse\" }\n"
#define ENDLESS "does not end"
#define MEMORY  "more than 128 MB of memory"
#define DEEP    "nest too deeply"

static const struct { const char *name, *text, *says; } hostile[] = {
    { "loop", "while true do end", ":1: the description " ENDLESS },
    { "loop behind a good model", "local m = Sequential()\nlocal i = 0\nrepeat i = i + 1 until i < 0\n" MODEL, ":3: the description " ENDLESS },
    { "goto", "::again::\ngoto again", ENDLESS },
    { "recursion", "local function f() return 1 + f() end\nf()\n" MODEL, DEEP },
    { "tail recursion", "local function f() return f() end\nf()\n" MODEL, ENDLESS },
    { "mutual recursion", "local g\nlocal function f(n) g(n) end\ng = function(n) f(n) end\nf(1)", DEEP },
    { "recursion through sort", "local function f() table.sort({1, 2, 3}, f) end\nf()", DEEP },
    { "unknown name in a loop", "while Foo do Bar() end", "unknown" },
    { "empty string repeated", "local s = string.rep(\"\", 1e15)", ENDLESS },
    { "string repeated", "local s = (\"x\"):rep(1e9)", MEMORY },
    { "string doubled", "local s = \"x\"\nwhile true do s = s .. s end", MEMORY },
    { "strings kept", "local t = {}\nfor i = 1, 1e9 do t[i] = (\"x\"):rep(1000) .. i end", "description" },
    { "tables kept", "local t = {}\nwhile true do t = { t, {}, {} } end", "description" },
    { "concat", "local t = {}\nfor i = 1, 1000 do t[i] = (\"x\"):rep(100000) end\nlocal s = table.concat(t)", "description" },
    { "concat of nothing", "table.concat({}, \"\", 1, math.maxinteger)", ":1:" },
    { "move", "table.move({}, 1, 1e15, 2)", "description" },
    { "move of much", "table.move({1}, 1, 1e9, 2, {})", "description" },
    { "unpack", "table.unpack({}, 1, 1e7)", "too many results" },
    { "select", "local function f(...) return f(1, ...) end\nf()", "description" },
    { "bad order", "local t = {}\nfor i = 1, 100000 do t[i] = i end\ntable.sort(t, function() return true end)\n" MODEL, "order" },
    { "sort that never ends", "local t = {}\nfor i = 1, 1000 do t[i] = i end\ntable.sort(t, function() while true do end end)", ENDLESS },
    { "format", "local s = string.format(\"%99999d\", 1)", ":1:" },
    { "print", "while true do print(\"x\") end", ENDLESS },
    { "layers", "local t = { Input{3} }\nfor i = 1, 1000000 do t[#t + 1] = Dense{4} end\nreturn Sequential(t)", "description" },
    { "mistakes without end", "local i = 0\nwhile true do i = i - 1\nDense{i} end", "whole number" },
    { "options", "local t = {}\nfor i = 1, 300 do t[\"x\" .. i] = i end\nreturn Sequential(t)", "x1" },
    { "endless mathematics", CUSTOM("while true do end"), ":2: M: the description " ENDLESS },
    { "sum of many", CUSTOM("local y = x\nfor i = 1, 100000 do y = y + x end\nreturn y"), "" },
    { "deep expression", CUSTOM("local y = x\nfor i = 1, 5000 do y = (y + 1) * 2 end\nreturn y"), "M: an expression has more than 64 operations" },
    { "very deep expression", CUSTOM("local y = x\nfor i = 1, 200000 do y = -y end\nreturn y"), "" },
    { "deep elements", CUSTOM("local n = axes \"n\"\nlocal e = x[{n}]\nfor i = 1, 100000 do e = e + 1 end\n"
                              "local y = tensor{3}\ny[{n}] = e\nreturn y"), "" },
    { "many statements", "local t = { Input{3}, loss = \"mse\" }\nfor i = 1, 1900 do t[#t + 1] = Dense{2, activation = \"softmax\"} end\n"
                         "return Sequential(t)", "more than 12000 statements" },
    { "many statements of one's own", CUSTOM("local y = x\nfor i = 1, 7000 do y = tanh(y) end\nreturn y"), "description" },
    { "endless weights", "local M = layer \"M\" { weights = function() while true do end end, call = function(a, w, x) return x end }\n"
                         "return Sequential{ Input{3}, M{} }", ":1: M: the description " ENDLESS },
    { "loop inside C in the mathematics", CUSTOM("local s = string.rep(\"\", 1e15)\nreturn x"), ENDLESS },
};

/* They take 2 s at most on a machine that does nothing else: this is for what would never end. */
enum { SECONDS_MAX = 30 };

static int count_lines(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void expect_refusal(const char *folder, const char *name, const char *line, const char *says, int lines_max)
{
    Ran ran = command_run(folder, SECONDS_MAX, line);
    cr_expect(ran.status == 1, "%s: exit status %d instead of 1; said %.200s", name, ran.status, ran.errors);
    bool out_of_time = strstr(ran.errors, ENDLESS) != NULL;     /* on a machine that is slow the timer may come first */
    cr_expect(strstr(ran.errors, says) != NULL || out_of_time, "%s: said \"%.300s\", not \"%s\"", name, ran.errors, says);
    cr_expect(*ran.errors && count_lines(ran.errors) <= lines_max, "%s: %d lines", name, count_lines(ran.errors));
    cr_expect(!*ran.output, "%s: wrote to standard output: %.200s", name, ran.output);
    cr_expect(!COST_COUNTS || ran.kilobytes <= 256 * 1024, "%s: %ld MB, 256 are allowed", name, ran.kilobytes / 1024);
    ran_free(&ran);
}

Test(description, hostile_descriptions_end)
{
    char *folder = command_folder();
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        bool prints = !strcmp(hostile[i].name, "print"), many = strstr(hostile[i].name, "without end") || !strcmp(hostile[i].name, "options");
        bool loop = !strcmp(hostile[i].name, "unknown name in a loop");
        command_write(folder, "hostile.lua", hostile[i].text, (long)strlen(hostile[i].text));
        expect_refusal(folder, hostile[i].name, "mkdir -p out && exec $L hostile.lua -o out", hostile[i].says, prints ? 202 : many ? 101 : loop ? 3 : 1);
        char out[256];
        snprintf(out, sizeof out, "%s/out", folder);
        cr_expect(command_count_files(out) == 0, "%s: wrote %d files", hostile[i].name, command_count_files(out));
    }
    command_folder_remove(folder);
}

Test(description, what_is_no_description)
{
    static const struct { const char *name, *make, *says; } cases[] = {
        { "missing file", "rm -f x.lua", "x.lua: cannot be read: No such file or directory\n" },
        { "folder", "rm -f x.lua; mkdir x.lua", "x.lua: is a folder, not a description\n" },
        { "empty file", "rmdir x.lua; : >x.lua", "x.lua: is empty: a description returns a Sequential model\n" },
        { "blanks", "printf ' \\n\\t\\r\\n \\n' >x.lua", "x.lua: is empty: a description returns a Sequential model\n" },
        { "comments", "printf -- '-- nothing\\n' >x.lua", "x.lua: the description must return a Sequential model, not nothing\n" },
        { "binary file", "head -c 1000 \"$L\" >x.lua", "x.lua: is a binary file; a description is Lua text\n" },
        { "bytecode", "printf '\\033LuaT\\000\\031\\223' >x.lua", "x.lua: is Lua bytecode; a description is text\n" },
        { "bytecode behind a first line", "printf '#!x\\n\\033LuaT' >x.lua", "x.lua:" },
        { "huge file", "head -c 50000000 /dev/zero | tr '\\000' ' ' >x.lua", "x.lua: is larger than 1 MB: not a description\n" },
        { "a pipe that nobody fills", "rm x.lua; mkfifo x.lua", "x.lua: is not a regular file\n" },
        { "invalid UTF-8", "rm x.lua; printf 'return \\377\\376' >x.lua", "x.lua:1: unexpected symbol near '<\\255>'\n" },
        { "invalid UTF-8 in a text", "printf 'return Sequential{ Dense{\"\\377\\033[31m\"} }' >x.lua",
          "x.lua:1: Dense: \"units\" must be a whole number, not \"??[31m\"\n" },
        { "deep parentheses", "printf 'return ' >x.lua; head -c 100000 /dev/zero | tr '\\000' '(' >>x.lua", "x.lua: expressions or blocks nest too deeply\n" },
        { "deep tables", "printf 'return ' >x.lua; head -c 100000 /dev/zero | tr '\\000' '{' >>x.lua", "x.lua: expressions or blocks nest too deeply\n" },
        { "a long line of operators", "(printf 'return 1'; yes -- '..1' | head -n 200000 | tr -d '\\n') >x.lua", "x.lua" },
    };
    char *folder = command_folder(), line[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(line, sizeof line, "%s; mkdir -p out && exec $L x.lua -o out", cases[i].make);
        expect_refusal(folder, cases[i].name, line, cases[i].says, 1);
    }
    expect_refusal(folder, "no right to read", "rm -f x.lua; echo 'return 1' >x.lua; chmod 0 x.lua; [ -r x.lua ] && echo 'x.lua: cannot be read' >&2 && exit 1;"
                   " exec $L x.lua -o out", "x.lua: cannot be read", 1);
    command_folder_remove(folder);
}

/* What people have in hand beside a description. */
Test(description, other_files_are_known)
{
    static const struct { const char *name, *says; } cases[] = {
        { "m.py", "m.py: is Python; a description is Lua: LSTM(50, return_sequences=True) is written LSTM{50, return_sequences = true}\n" },
        { "m.h5", "m.h5: holds a model of Keras" }, { "m.keras", "holds a model of Keras" }, { "M.PT", "holds weights of PyTorch" },
        { "m.pth", "holds weights of PyTorch" }, { "m.safetensors", "by --weights FILE" }, { "m.onnx", "is a model in ONNX" },
        { "m.tflite", "TensorFlow Lite" }, { "m.npy", "data = npy{x = FILE, y = FILE}" }, { "m.csv", "data = csv{FILE, columns = {...}, ...}" },
        { "m.txt", "data = characters{FILE, ...} or lines{FILE, ...}" }, { "m.json", "is JSON" }, { "m.wav", "data = wav{folder = ...}" },
        { "m.ipynb", "is a notebook of Python" }, { "m", "m: cannot be read: No such file or directory (did you mean m.lua?)\n" },
    };
    char *folder = command_folder(), line[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(line, sizeof line, "%s %s; mkdir -p out && exec $L %s -o out", strchr(cases[i].name, '.') ? "echo text >" : ": >m.lua; rm -f",
                 cases[i].name, cases[i].name);
        expect_refusal(folder, cases[i].name, line, cases[i].says, 1);
    }
    expect_refusal(folder, "HDF5", "printf '\\211HDF\\r\\n\\032\\n' >x.lua; mkdir -p out && exec $L x.lua -o out", "holds a model of Keras", 1);
    expect_refusal(folder, "an archive", "printf 'PK\\003\\004' >x.lua; mkdir -p out && exec $L x.lua -o out", "is an archive", 1);
    command_folder_remove(folder);
}

/* Lua's grammar ends where Python goes on: the message says what to write. */
Test(description, python_is_answered)
{
    static const struct { const char *text, *says; } cases[] = {
        { "model = Sequential()\nmodel.add(LSTM(50, return_sequences=True, input_shape=(60, 1)))\n",
          "m.lua:2: ')' expected near '=': write model:add(LSTM{50, return_sequences = true, input_shape = {60, 1}})\n" },
        { "return Sequential{ Input{3}, Dense(1, activation='sigmoid') }", "write return Sequential{ Input{3}, Dense{1, activation = 'sigmoid'} }\n" },
        { "model.compile(loss='mse',\n              optimizer='adam')", "write model:compile{loss = 'mse',\n" },
        { "a = (60, 1)", "m.lua:1: ')' expected near ',': write a = {60, 1}\n" },
        { "model = Sequential([\n  LSTM(50)])", "m.lua:1: unexpected symbol near '[': write model = Sequential({\n" },
        { "import numpy as np\n", "nothing is imported" }, { "from keras.layers import LSTM\n", "nothing is imported" },
        { "# a comment\n", "a comment begins with --, not with #" }, { "local m = Sequential() # a comment\n", "a comment begins with --, not with #" },
        { "\"\"\"a text\"\"\"\n", "a comment begins with --" }, { "def f(x):\n  return x", "a function is written function name(...) ... end" },
        { "for i in range(3):\n  model.add(x)", "a loop is written for i = 1, 3 do ... end" },
        { "if x == 3:\n  y = 4", "a condition is written if ... then" }, { "class_weight = {0: 1, 1: 5}", "{[0] = value}" },
        { "if a != 3 then end", "not equal is written ~=" }, { "x += 1", "write x = x + 1" },
        { "local x = {1, 2", "m.lua:1: '}' expected near <eof>\n" },       /* a mistake of Lua is told as it is */
        { "({}).x = = 3", "m.lua:1: unexpected symbol near '='\n" },
    };
    char *folder = command_folder();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        command_write(folder, "m.lua", cases[i].text, (long)strlen(cases[i].text));
        expect_refusal(folder, cases[i].text, "mkdir -p out && exec $L m.lua -o out", cases[i].says, 1);
    }
    command_folder_remove(folder);
}

/* Ids and classes are whole, and in range; booleans are no ids, and classes where there are two. */
Test(description, samples_of_ids_and_classes)
{
    static const struct { const char *values, *says; int classes; } cases[] = {
        { "{1, 2, 0.7}, 1", "samples: sample 1: x[3] = 0.7 is not a whole number in [0, 8)", 3 },
        { "{1, true, 3}, 1", "samples: sample 1: x[2] = true is not a whole number in [0, 8)", 3 },
        { "{1, 2, 3}, 0.7", "samples: sample 1: y = 0.7 is not a whole number in [0, 3)", 3 },
        { "{1, 2, 3}, {3}", "samples: sample 1: y[1] = 3 is not a whole number in [0, 3)", 3 },
        { "{1, 2, 4294967297}, 0", "samples: sample 1: x[3] = 4294967297 is not a whole number in [0, 8)", 3 },
        { "{1, 2, math.maxinteger}, 0", "samples: sample 1: x[3] = 9223372036854775807 is not", 3 },
        { "{1, 2, -1}, 0", "samples: sample 1: x[3] = -1 is not", 3 },
        { "{1, 2, 0/0}, 0", "samples: sample 1: x[3] = nan is not", 3 },
        { "{1, 2, 3}, true", "samples: sample 1: y = true is not a whole number in [0, 3)", 3 },
        { "{1, 2, 3}, random() < 0.5", NULL, 2 }, { "{1, 2.0, 3}, 2.0", NULL, 3 },
    };
    char *folder = command_folder(), text[1024];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text,
                 "return Sequential{ Embedding{8, 4, input_length = 3}, GRU{4}, Dense{%d, activation = 'softmax'},\n"
                 "loss = 'sparse_categorical_crossentropy', data = samples{function(random) return %s end, samples = "
                 "4, validation_samples = 2} }\n",
                 cases[i].classes, cases[i].values);
        command_write(folder, "m.lua", text, (long)strlen(text));
        if (cases[i].says)
            expect_refusal(folder, cases[i].values, "exec $L train --interpreted m.lua", cases[i].says, 1);
        else
            command_expect(folder, 60, "$L train --interpreted m.lua --quiet 2>/dev/null", 0, "weights: m.safetensors",
                           NULL);
    }
    command_folder_remove(folder);
}

/* What changes nothing is accepted, and said once. */
Test(description, arguments_without_effect)
{
    static const char text[] = "local model = Sequential{ Input{3, 2}, LSTM{3, unroll = true, return_sequences = true}, LSTM(2, {unroll = true}), Dense(1, {}) }\n"
                               "model:compile(\"adam\", \"mse\", {jit_compile = true})\nmodel:fit{epochs = 2, verbose = 1, callbacks = {EarlyStopping{verbose = 1}}}\n"
                               "return model\n";
    char *folder = command_folder();
    command_write(folder, "m.lua", text, sizeof text - 1);
    command_expect(folder, 10, "$L m.lua --quiet", 0, "m.h\nm.c\n",
                   "m.lua:1: note: unroll changes nothing here\nm.lua:2: note: jit_compile changes nothing here\n"
                   "m.lua:3: note: verbose changes nothing here\n");
    command_folder_remove(folder);
}

Test(description, samples_that_never_end)
{
    static const struct { const char *name, *body, *says; } cases[] = {
        { "loop", "while true do end", "m.lua:2: the description does not end" },
        { "loop inside C", "local s = string.rep(\"\", 1e15)", "m.lua: the description does not end" },
        { "memory", "local t = {}\nwhile true do t[#t + 1] = (\"x\"):rep(10000) .. #t end", "the description" },
        { "recursion", "local function f() return 1 + f() end\nf()", "nest too deeply" },
        { "nothing", "", "m.lua:5: samples: the function must return x and y, but x is missing" },
        { "few numbers", "return {1, 2}, {3}", "m.lua:5: samples: x has 2 numbers, but the model reads 6" },
        { "a text", "return {1, 2, 3, 4, 5, \"six\"}, {3}", "m.lua:5: samples: a string among the numbers" },
        { "a string in a row", "return {{1, 2, 3}, {4, 5, \"six\"}}, {3}",
          "m.lua:5: samples: a string among the numbers: x[2][3]" },
        { "beyond float", "return {{1, 2, 3}, {4, 1e39, 6}}, {3}",
          "m.lua:5: samples: sample 1: x[2][2] = 1e+39 is not a finite number" },
        { "nan", "return {1, 2, 3, 4, 5, 6}, {0/0}", "m.lua:5: samples: sample 1: y[1] = nan is not a finite number" },
        { "late", "if random() < 0.1 then return {1, 2, 3, 4, 5, 1/0}, 1 end\nreturn {1, 2, 3, 4, 5, 6}, 1",
          "m.lua:6: samples: held-out sample 11: x[6] = inf is not" },
        { "transposed", "return {{1, 2}, {3, 4}, {5, 6}}, {3}",
          "m.lua:5: samples: sample 1: x has the shape {3, 2}, but the model's is {2, 3}" },
        { "ragged", "return {{1, 2, 3, 4}, {5, 6}}, {3}",
          "m.lua:5: samples: sample 1: the tables of x are not all of one length; the model's shape is {2, 3}" },
        { "weight", "return {1, 2, 3, 4, 5, 6}, 1, 0/0",
          "m.lua:5: samples: sample 1: the weight, returned third, must be zero or more, not nan" },
        { "weights of steps", "return {1, 2, 3, 4, 5, 6}, 1, {1, 1}",
          "m.lua:5: samples: sample 1: the weight, returned third, is a table: sample_weight_mode = \"temporal\", of an output with steps, takes one" },
        { "a table in itself", "local t = {}\nt[1] = t\nreturn t, {1}", "m.lua:7: samples: tables nest more than" },
    };
    char *folder = command_folder(), text[1024];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "local function draw(random)\n%s\nend\nreturn Sequential{ Input{2, 3}, LSTM{4}, Dense{1}, loss = \"mse\",\n"
                 "data = samples{draw, samples = 10} }\n", cases[i].body);
        command_write(folder, "m.lua", text, (long)strlen(text));
        expect_refusal(folder, cases[i].name, "exec $L train --interpreted m.lua", cases[i].says, 1);
    }
    command_folder_remove(folder);
}
