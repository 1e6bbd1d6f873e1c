/* emit_units.c: in: the statements of an exported function.  out: its parts, each a run of one layer's statements: long
 * ones are static functions of their own, and those whose text is the same but for the names of the layers are one
 * function that gets the layers' structs. The others stand where they are called. */
#include "emit.h"

#include "compiler/base/text_index.h"
#include "compiler/ir/axes.h"

#define LINES_ALONE 12      /* shorter parts are written out where they are called */
#define LINES_SHARED 4      /* the same of parts that several layers share */

typedef struct Part {
    const Statement *const *statements;
    int count;
    Section section;
    const char *layer;
    Members members;
    const char *text;       /* its code over members */
    const char *key;        /* without comments, and with the types of the members; NULL: it cannot be shared */
    int lines;
    int first, alike;       /* the first part with this key, and how many there are */
    const char *function;   /* NULL: it has none */
} Part;

struct Parts {
    Arena *arena;
    Arena *scratch;         /* for the text of one part: most of what an emitter formats is needed at once or never */
    const Programs *programs;
    const Groups *groups;
    const Ir *ir;
    const char *function;   /* the exported one: "predict" */
    bool prepares;
    Part *list; int count, capacity;
};

/* ---- parts ---- */

/* A call of BLAS is one with the zero in front of it. */
static bool same_part(const Statement *a, const Statement *b)
{
    if (a->phase != b->phase)
        return false;
    return (a->blas && a->accumulate == ACCUMULATE_SET) ||
           (statement_loop(a) && statement_loop(a) == statement_loop(b)) ||
           (a->tile && a->tile == b->tile) || !strcmp(a->layer, b->layer);
}

static void add_section(Parts *parts, Section section)
{
    const Ir *ir = parts->ir;
    const Statement **wanted = arena_array(parts->arena, const Statement *, ir->statement_count + 1);
    int count = 0;
    for (int i = 0; i < ir->statement_count; i++)
        if (emit_is_emitted(ir->statements[i], SECTION_BIT(section), parts->prepares) &&
            !(parts->prepares && ir->prepares_ranges))     /* emit_ranges.c */
            wanted[count++] = ir->statements[i];
    for (int i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && same_part(wanted[end - 1], wanted[end]);)
            end++;
        Part part = { .statements = wanted + i, .count = end - i, .section = section, .layer = wanted[i]->layer,
                      .first = parts->count };
        part.members.layer = part.layer;
        part.members.arena = parts->arena;
        arena_append(parts->arena, parts->list, parts->count, parts->capacity, part);
    }
}

static bool has_rows(const Part *part)
{
    for (int i = 0; i < part->count; i++)
        for (int a = 0; a < part->statements[i]->axis_count; a++)
            if (part->statements[i]->axes[a]->kind == AXIS_BATCH)
                return true;
    return false;
}

/* The pointers that a shared function gets, as its parameters; NULL if one of them has a type without a name. */
static const char *member_parameters(const Parts *parts, const Part *part)
{
    const char *text = "";
    for (int i = 0; i < part->members.count; i++) {
        const Member *member = &part->members.list[i];
        const char *type = group_type(parts->groups, struct_of_home(parts->programs, parts->ir, member->home),
                                      member->group);
        if (!type)
            return NULL;
        text = arena_format(parts->arena, "%s%s%s%s *restrict %s", text, *text ? ", " : "",
                            member->written ? "" : "const ", type, member->pointer);
    }
    return has_rows(part) ? arena_format(parts->arena, "%s, int rows", text) : text;
}

/* The text without its comments, which name the layer; and how many lines of code there are. */
static char *without_comments(Arena *arena, const char *text, int *lines)
{
    char *copy = arena_copy_text(arena, text), *to = copy;
    *lines = 0;
    for (const char *c = text; *c; c++) {
        const char *end = c[0] == '/' && c[1] == '*' ? strstr(c, "*/") : NULL;
        if (end)
            c = end + 2;
        *to++ = *c;
        *lines += *c == '\n' && !end;
    }
    *to = 0;
    return copy;
}

/* `members`: NULL: the structs are those of the exported function. */
static void put_part(Out *out, const Parts *parts, const Part *part, Members *members)
{
    emit_statements(out, parts->scratch, parts->ir, members, part->statements, part->count);
    arena_clear(parts->scratch);
}

static void write_part(const Parts *parts, Part *part)
{
    Out out = { .depth = 1 };
    put_part(&out, parts, part, &part->members);
    part->text = arena_copy_text(parts->arena, out.text);
    out_free(&out);
    const char *code = without_comments(parts->arena, part->text, &part->lines);
    const char *parameters = part->members.none ? NULL : member_parameters(parts, part);
    if (!parameters)
        return;
    part->key = arena_format(parts->arena, "%s\n%s", parameters, code);
}

static void find_alike(Parts *parts)
{
    TextIndex *by_key = text_index_create(parts->arena);
    for (int i = 0; i < parts->count; i++) {
        Part *part = &parts->list[i];
        int *first = part->key ? text_index_at(by_key, part->key) : &(int){ i + 1 };
        if (!*first)
            *first = i + 1;
        part->first = *first - 1;
        parts->list[part->first].alike++;
    }
}

/* ---- which have a function ---- */

static bool name_taken(const Parts *parts, const char *name)
{
    for (int i = 0; i < parts->count; i++)
        if (parts->list[i].function && !strcmp(parts->list[i].function, name))
            return true;
    return false;
}

/* A layer may be called as the model is, whose functions are exported: then "mgu_layer". */
static const char *layer_name(const Parts *parts, const Part *part)
{
    const char *name = c_layer_name(parts->arena, part->layer), *model = parts->programs->model->descriptor.name;
    size_t length = strlen(model);
    bool taken = !strncmp(name, model, length) && (name[length] == '_' || !name[length]);
    return taken ? arena_format(parts->arena, "%s_layer", name) : name;
}

/* "lstm_1_forward"; in predict, which resets too: "lstm_1_predict_reset". */
static const char *function_name(const Parts *parts, const Part *part)
{
    const char *function = parts->function;
    bool resets = part->section == SECTION_RESET && (!strncmp(function, "predict", 7) || !strcmp(function, "encode"));
    bool carries = part->section == SECTION_CARRY && (!strcmp(function, "step") || !strcmp(function, "decode_step"));
    const char *first = arena_format(parts->arena, "%s_%s%s", layer_name(parts, part), function,
                                     resets ? "_reset" : carries ? "_carry" : ""), *name = first;
    for (int again = 2; name_taken(parts, name); again++)
        name = arena_format(parts->arena, "%s_%d", first, again);
    return name;
}

static bool is_shared(const Parts *parts, const Part *part)
{
    return parts->list[part->first].alike > 1 && part->lines >= LINES_SHARED;
}

/* What the loss reads are its arguments; and where one part does all, its function is the exported one. */
static void name_functions(Parts *parts)
{
    int alone = 0;
    for (int i = 0; i < parts->count; i++)
        alone += !is_shared(parts, &parts->list[i]) && parts->list[i].lines >= LINES_ALONE;
    for (int i = 0; i < parts->count; i++) {
        Part *part = &parts->list[i];
        if (part->section == SECTION_LOSS)
            continue;
        if (is_shared(parts, part))
            part->function = part->first == i ? function_name(parts, part) : parts->list[part->first].function;
        else if (part->lines >= LINES_ALONE && (alone > 1 || parts->count > alone))
            part->function = function_name(parts, part);
    }
}

Parts *parts_find(const Programs *programs, const Groups *groups, const Ir *ir, const char *function,
                  const Section *sections)
{
    Arena *arena = arena_create();
    Parts *parts = arena_new(arena, Parts);
    *parts = (Parts){ .arena = arena, .scratch = arena_create(), .programs = programs, .groups = groups, .ir = ir,
                      .function = function, .prepares = *sections == SECTION_COUNT };
    if (parts->prepares)
        add_section(parts, SECTION_FORWARD);
    for (; *sections != SECTION_COUNT; sections++)
        add_section(parts, *sections);
    for (int i = 0; i < parts->count; i++)
        write_part(parts, &parts->list[i]);
    find_alike(parts);
    name_functions(parts);
    return parts;
}

/* ---- text ---- */

typedef struct Uses {
    bool home[HOME_REGISTER + 1];
    bool input, lengths, output;
} Uses;

static void note_use(void *context, const Access *access)
{
    Uses *uses = context;
    const Tensor *tensor = access->tensor;
    uses->home[tensor->home] = true;
    uses->input |= tensor->home == HOME_ARGUMENT && tensor->role == ROLE_INPUT;
    uses->lengths |= tensor->home == HOME_ARGUMENT && tensor->role == ROLE_LENGTHS;
    uses->output |= tensor->home == HOME_ARGUMENT && tensor->role == ROLE_OUTPUT;
}

static Uses uses_of(const Part *part)
{
    Uses uses = { 0 };
    for (int i = 0; i < part->count; i++) {
        const Access *out = &part->statements[i]->out;
        note_use(&uses, out);
        statement_visit_reads(part->statements[i], note_use, &uses);
    }
    return uses;
}

/* What a function of one layer gets: the whole structs, as the exported one has them. `types`: as parameters. */
static const char *whole_structs(const Parts *parts, const Part *part, bool types)
{
    static const Home homes[] = { HOME_WEIGHTS, HOME_PREPARED, HOME_TAPE, HOME_MEMORY, HOME_STATE, HOME_SCRATCH,
                                  HOME_GRADIENTS };
    bool decodes = parts->ir == parts->programs->decode;
    Uses uses = uses_of(part);
    const char *text = "";
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        if (!uses.home[homes[i]])
            continue;
        bool is_const = homes[i] == HOME_WEIGHTS || (homes[i] == HOME_PREPARED && !parts->prepares) ||
                        (homes[i] == HOME_MEMORY && decodes);
        const char *name = home_pointer(parts->ir, homes[i]), *join = *text ? ", " : "";
        text = types ? arena_format(parts->arena, "%s%s%sstruct @_%s *restrict %s", text, join,
                                    is_const ? "const " : "", struct_of_home(parts->programs, parts->ir, homes[i]),
                                    name)
                     : arena_format(parts->arena, "%s%s%s", text, join, name);
    }
    const struct { bool is_used; const char *parameter, *argument; } arguments[] = {
        { uses.input, decodes ? "const <step> *restrict x" : "const <x> *restrict x", "x" },
        { uses.lengths, "const int32_t *restrict lengths", "lengths" }, { has_rows(part), "int rows", "rows" },
        { uses.output, "float *restrict y", "y" },
    };
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
        if (arguments[i].is_used)
            text = arena_format(parts->arena, "%s%s%s", text, *text ? ", " : "",
                                types ? arguments[i].parameter : arguments[i].argument);
    return text;
}

/* Whose function it is, where it is several layers'. */
static const char *about_shared(const Parts *parts, int first)
{
    const char *last = "";
    for (int i = first + 1; i < parts->count; i++)
        if (parts->list[i].first == first)
            last = parts->list[i].layer;
    int others = parts->list[first].alike - 1;
    return others == 1 ? arena_format(parts->arena, "%s and %s, which is like it", parts->list[first].layer, last)
                       : arena_format(parts->arena, "%s and the %d layers like it, the last of which is %s",
                                      parts->list[first].layer, others, last);
}

void parts_free(Parts *parts)
{
    arena_free(parts->scratch);
    arena_free(parts->arena);
}

void emit_part_functions(Out *out, const Parts *parts)
{
    for (int i = 0; i < parts->count; i++) {
        const Part *part = &parts->list[i];
        if (!part->function || part->first != i)
            continue;
        bool shared = is_shared(parts, part);
        if (shared)
            emit_prose(out, parts->arena, about_shared(parts, i));
        emit_text(out, parts->arena, parts->programs->model,
                  arena_format(parts->arena, "static void %s(%s)", part->function,
                               shared ? member_parameters(parts, part) : whole_structs(parts, part, true)));
        put(out, "{");
        if (shared)
            put_raw(out, part->text);
        else
            put_part(out, parts, part, NULL);
        put(out, "}\n\n");
    }
}

static const char *member_arguments(const Parts *parts, const Part *part)
{
    const char *text = "";
    for (int i = 0; i < part->members.count; i++)
        text = arena_format(parts->arena, "%s%s&%s->%s", text, *text ? ", " : "",
                            home_pointer(parts->ir, part->members.list[i].home), part->members.list[i].group);
    return has_rows(part) ? arena_format(parts->arena, "%s, rows", text) : text;
}

void emit_part_calls(Out *out, const Parts *parts, Section section, int phase)
{
    for (int i = 0; i < parts->count; i++) {
        const Part *part = &parts->list[i];
        if ((phase != EVERY_PHASE && part->statements[0]->phase != phase) ||
            (section != SECTION_COUNT && part->section != section))
            continue;
        if (!part->function)
            put_part(out, parts, part, NULL);
        else
            emit_line(out, parts->arena,
                      arena_format(parts->arena, "%s(%s);", part->function,
                                   is_shared(parts, part) ? member_arguments(parts, part)
                                                          : whole_structs(parts, part, false)));
    }
}
