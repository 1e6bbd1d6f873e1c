/* hostile_description.c: in: a seed.  out: a description that tries what it should not be able to do.
 *
 * Statements name fields by chance, and `strike` walks: from an object through whatever `pairs` shows of it, and then sets, removes, copies
 * or calls what it has found. Where descriptions hold handles it finds their own tables alone. */
#include "hostile_description.h"

#include "compiler/base/out.h"
#include "runtime/lstmc_random.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

typedef struct Attacker {
    Arena *arena;
    uint64_t seed, drawn;
    Out text;
    int depth;                      /* of the expression that is being written */
    const char *const *near;        /* names that are there beside the globals */
    int near_count;
} Attacker;

static int below(Attacker *a, int bound)
{
    return (int)(lstmc_random_bits(a->seed, 0x686f7374, 0, a->drawn++) % (uint64_t)bound);
}

#define ANY(a, list) ((list)[below(a, COUNT(list))])

static const char *const objects[] = {
    "LSTM{4}", "GRU(3)", "Dense(2, 'tanh')", "Input{5, 2}", "Embedding{7, 3}", "Dropout(0.5)", "Flatten()", "Adam{}", "SGD(0.1)",
    "EarlyStopping{}", "ModelCheckpoint{'x.safetensors'}", "CSVLogger{'l.csv'}", "LearningRateScheduler(function(e, r) return r end)",
    "csv{'a.csv', columns = {'a'}, window = 3}", "samples(function(random) return {1}, {1} end)", "npy{x = 'x.npy', y = 'y.npy'}",
    "MeanSquaredError()", "Huber(2)", "Zeros()", "Orthogonal(1)", "L2(0.1)", "ExponentialDecay(0.1, 5, 0.5)", "Sequential()",
    "layer 'X' { call = function(a, w, x) return x end }", "recurrent", "layer", "axes", "tensor{3}", "tensor{2, 3}", "axes 'n'",
    "weight({2, 3})", "weight({4}, Ones())", "with_ones(Zeros(), 1, 2)", "print", "string", "math", "table", "arg", "_ENV", "Foo", "noise(0.5)",
    "keras", "keras.layers", "np", "('x').rep", "{}", "{1, 2}", "function(...) return ... end", "string.format", "select", "next", "kept",
};

static const char *const fields[] = {
    "definition", "arguments", "name", "kind", "object", "_class", "handle", "value", "tensor", "index", "shape", "extents", "op", "a", "b",
    "at", "weights", "kernel", "bias", "units", "layer_name", "short_name", "order", "initializer", "regularizer", "place", "object_in_c",
    "stored", "joined", "local_name", "blocks", "left", "right", "number", "activation", "pre", "logit_form", "call", "step", "state", "stack",
    "options", "layers", "line", "class", "filepath", "filename", "monitor", "generate", "loop", "axis", "terms", "constant", "coefficient",
    "extent", "role", "static", "base", "map", "gate", "features", "timesteps", "__gc", "__index", "__metatable", "add", "compile", "fit", "h", "x",
};

static const char *const values[] = {
    "'" ATTACK " int evil(void); /*'", "-1", "0", "1e18", "2^53", "1/0", "-(0/0)", "0.5", "{}", "{1, 2, 3}", "{[0] = 1}", "true", "false", "nil",
    "''", "'a\\0b'", "('x'):rep(300)", "'lstm'", "math.mininteger", "math.huge", "1e39", "16777216", "3", "function() return " "1 end", "print",
};

static void expression(Attacker *a);

static void object(Attacker *a)
{
    if (a->near_count && below(a, 3))
        put_raw(&a->text, a->near[below(a, a->near_count)]);
    else
        put_raw(&a->text, ANY(a, objects));
}

static void put_field(Attacker *a, const char *before)
{
    put_raw(&a->text, "(");
    object(a);
    put_raw(&a->text, ")");
    put_raw(&a->text, before);
    put_raw(&a->text, ANY(a, fields));
}

static void call(Attacker *a)
{
    put_raw(&a->text, "(");
    for (int i = below(a, 4); i > 0; i--) {
        expression(a);
        if (i > 1)
            put_raw(&a->text, ", ");
    }
    put_raw(&a->text, ")");
}

static void expression(Attacker *a)
{
    static const char *const around[] = {
        "tostring", "type", "next", "rawlen", "#", "-", "not ", "table.unpack", "table.concat", "string.format('%s %d', 'x', ", "select('#', ",
        "pairs", "ipairs", "exp", "sum", "largest", "stop", "tonumber", "math.floor", "rawequal(3, ", "assert",
    };
    static const char *const between[] = { " + ", " * ", " - ", " / ", " .. ", " == ", " < ", " or ", " and ", " ^ " };
    if (++a->depth > 4) {
        put_raw(&a->text, ANY(a, values));
        a->depth--;
        return;
    }
    switch (below(a, 8)) {
    case 0: case 1:
        put_raw(&a->text, ANY(a, values));
        break;
    case 2:
        object(a);
        break;
    case 3:
        put_field(a, ".");
        break;
    case 4:
        put_field(a, below(a, 2) ? "." : ":");
        call(a);
        break;
    case 5: {
        const char *function = ANY(a, around);
        put_raw(&a->text, function);
        put_raw(&a->text, strchr(function, '(') ? "" : "(");
        expression(a);
        put_raw(&a->text, ")");
        break;
    }
    case 6:
        put_raw(&a->text, "(");
        expression(a);
        put_raw(&a->text, ")");
        put_raw(&a->text, ANY(a, between));
        put_raw(&a->text, "(");
        expression(a);
        put_raw(&a->text, ")");
        break;
    default:
        put_raw(&a->text, "(");
        object(a);
        put_raw(&a->text, ")[");
        expression(a);
        put_raw(&a->text, "]");
    }
    a->depth--;
}

static const char prelude[] =
    "local kept, dice = {}, %d\n"
    "local hostile = { '" ATTACK "', -1, 0, 1e18, 1/0, 0.5, {}, {1, 2, 3}, true, false, '', 'a\\0b', 'lstm', print, 16777216, 3 }\n"
    "local function roll(n) dice = (dice * 1103515245 + 12345) %% 2147483648 return dice // 65536 %% n + 1 end\n"
    "local function reach(at, key, steps)\n"
    "  for i = 1, steps do\n"
    "    local o, list = at[key], {}\n"
    "    if type(o) ~= 'table' then break end\n"
    "    for k in pairs(o) do list[#list + 1] = k end\n"
    "    if #list == 0 then break end\n"
    "    at, key = o, list[roll(#list)]\n"
    "  end\n"
    "  return at, key\n"
    "end\n"
    "local function strike(o, other)\n"
    "  local at, key = reach({o}, 1, roll(6))\n"
    "  local from, which = reach({other}, 1, roll(6))\n"
    "  local how = roll(4)\n"
    "  if how == 1 then at[key] = hostile[roll(#hostile)]\n"
    "  elseif how == 2 then at[key] = from[which]\n"
    "  elseif how == 3 and type(at[key]) == 'function' then kept[#kept + 1] = at[key](hostile[roll(#hostile)], from[which])\n"
    "  elseif how == 4 then at[key] = nil end\n"
    "end\n";

static void strike(Attacker *a)
{
    for (int i = 1 + below(a, 4); i > 0; i--) {
        put_raw(&a->text, "strike(");
        object(a);
        put_raw(&a->text, ", ");
        object(a);
        put_raw(&a->text, ") ");
    }
    put_raw(&a->text, "\n");
}

static void statement(Attacker *a)
{
    static const char *const loops[] = { "for k, v in pairs(", "for k, v in next, (", "for i, v in ipairs(" };
    switch (below(a, 7)) {
    case 0: case 1:
        put_field(a, ".");
        put_raw(&a->text, " = ");
        expression(a);
        break;
    case 2:                         /* from one object to another */
        put_field(a, ".");
        put_raw(&a->text, " = ");
        put_field(a, ".");
        break;
    case 3:
        put_raw(&a->text, "(");
        object(a);
        put_raw(&a->text, ")[");
        expression(a);
        put_raw(&a->text, "] = ");
        expression(a);
        break;
    case 4:
        put_raw(&a->text, ANY(a, loops));
        expression(a);
        put_raw(&a->text, ") do print(v) kept[#kept + 1] = v end");
        break;
    case 5:
        put_raw(&a->text, below(a, 2) ? "table.insert(" : "table.sort(");
        object(a);
        put_raw(&a->text, ", ");
        expression(a);
        put_raw(&a->text, ")");
        break;
    default:
        put_raw(&a->text, "kept[#kept + 1] = ");
        expression(a);
    }
    put_raw(&a->text, "\n");
}

/* At most one attack at each place: the first that fails ends the description. */
static void attack(Attacker *a, int one_in, const char *const *near, int count)
{
    if (below(a, one_in))
        return;
    a->near = near;
    a->near_count = count;
    put_raw(&a->text, "  ;");      /* a bracket would go on with the statement before */
    if (below(a, 2))
        strike(a);
    else
        statement(a);
    a->near_count = 0;
}

static void custom_layer(Attacker *a)
{
    static const char *const in_weights[] = { "a", "x", "a.kernel_initializer", "kept[1]", "kernel", "x.shape" };
    static const char *const in_call[] = { "a", "w", "x", "w.kernel", "z", "n", "x[{n}]", "a.activation", "kept[1]", "kept[#kept]" };
    put_raw(&a->text, "local C = layer 'C' { arguments = {{'units', 'size'}, {'activation', 'activation', 'relu'},\n"
                      "    {'kernel_initializer', 'initializer', 'ones'}},\n  shape = function(a, x)\n");
    attack(a, 12, in_weights, 2);
    put_raw(&a->text, "  return {a.units} end,\n  weights = function(a, x)\n  local kernel = weight({x.features, a.units}, a.kernel_initializer)\n");
    attack(a, 6, in_weights, COUNT(in_weights));
    put_raw(&a->text, "  return { kernel = kernel } end,\n  call = function(a, w, x)\n  local n = axes 'n'\n  local z = affine(x, w.kernel)\n");
    attack(a, 3, in_call, COUNT(in_call));
    attack(a, 3, in_call, COUNT(in_call));
    put_raw(&a->text, "  local y = a.activation(z)\n  kept[#kept + 1] = ");
    put_raw(&a->text, ANY(a, in_call));
    put_raw(&a->text, "\n  return y end }\n");
}

static void custom_cell(Attacker *a)
{
    static const char *const in_step[] = { "a", "w", "x", "s", "s.h", "w.kernel", "w.recurrent_kernel", "p", "kept[1]", "kept[#kept]" };
    put_raw(&a->text, "local R = recurrent 'R' { arguments = {{'units', 'size'}}, state = {'h'},\n  weights = function(a, x)\n"
                      "  return { kernel = weight({x.features, a.units}), recurrent_kernel = weight({a.units, a.units}) } end,\n"
                      "  step = function(a, w, x, s)\n  local p = affine(x, w.kernel) + affine(s.h, w.recurrent_kernel)\n");
    attack(a, 3, in_step, COUNT(in_step));
    put_raw(&a->text, "  kept[#kept + 1] = ");
    put_raw(&a->text, ANY(a, in_step));
    put_raw(&a->text, "\n  local h = tanh(p)\n  return { h = h } end }\n");
}

static void whole_description(Attacker *a)
{
    static const char *const layers[] = { "LSTM{3, return_sequences = true}", "GRU{2, return_sequences = true}", "C{3}", "R{2, return_sequences = true}",
                                          "Dense{2}", "Dropout{0.3}", "Activation{'relu'}" };
    static const char *const parts[] = { "first", "second", "optimizer", "loss", "callback", "data", "C", "R", "kept[1]", "kept[#kept]" };
    static const char *const at_the_end[] = { "model", "first", "second", "optimizer", "loss", "callback", "data" };
    put_raw(&a->text, arena_format(a->arena, prelude, below(a, 1 << 30)));
    attack(a, 6, NULL, 0);
    custom_layer(a);
    custom_cell(a);
    put_raw(&a->text, "local function draw(random)\n");
    attack(a, 6, parts + COUNT(parts) - 2, 2);
    put_raw(&a->text, arena_format(a->arena, "  return {{random(), 1}, {2, 3}, {4, random(5)}}, {random()} end\nlocal first, second = %s, %s\n",
                                   ANY(a, layers), ANY(a, layers)));
    put_raw(&a->text, "local optimizer, loss, callback, data = SGD{0.1}, MeanSquaredError(), CSVLogger{'l.csv'}, samples{draw, samples = 4}\n");
    attack(a, 2, parts, COUNT(parts));
    put_raw(&a->text, "local model = Sequential{ Input{3, 2}, first, second, LSTM{2}, Dense{1}, loss = loss, optimizer = optimizer,\n"
                      "  callbacks = { callback }, data = data }\n");
    attack(a, 2, at_the_end, COUNT(at_the_end));
    put_raw(&a->text, "return model\n");
}

/* A word or number of the text, or a sign: as long as it is one. */
static size_t word_length(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_' || text[length] == '.')
        length++;
    return length ? length : *text != 0;
}

static void with_other_words(Attacker *a, const char *text)
{
    static const char *const words[] = { "-1", "0", "1e9", "1e400", "0.5", "nil", "{}", "'x'", "true", "x", "a", "LSTM", "Dense{3}", "(", ")", "{", "}", ",",
                                         "=", "return", "end", "2^31", "arg", "..", "units", "'" ATTACK "'" };
    int every = 20 + below(a, 200);
    for (size_t length; (length = word_length(text)) > 0; text += length) {
        if (*text > ' ' && !below(a, every))
            put_raw(&a->text, ANY(a, words));
        else
            put_raw(&a->text, arena_format(a->arena, "%.*s", (int)length, text));
    }
}

char *hostile_description(Arena *arena, uint64_t seed, const char *text)
{
    Attacker a = { .arena = arena, .seed = seed };
    if (text && seed % 3 == 0)
        with_other_words(&a, text);
    else
        whole_description(&a);
    char *copy = arena_copy_text(arena, a.text.text);
    out_free(&a.text);
    return copy;
}
