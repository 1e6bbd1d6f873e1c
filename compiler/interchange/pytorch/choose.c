/* choose.c: in: an object that was pickled.  out: the tensors in it that are the state of a model, under the names that
 * a state dict gives them. */
#include "state.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 24
#define VISITS_MAX 1000000          /* dicts may hold each other: few bytes can be a tree without end */
#define MISTAKES_MAX 30
#define TENSORS_MAX 20000

typedef struct Walk {
    State *state;
    const Storages *storages;
    int visits, depth;
} Walk;

/* ---- tensors ---- */

static const Pickled *part(const Pickled *value, int i, PickledKind kind)
{
    return value && i < value->count && value->items[i]->kind == kind ? value->items[i] : NULL;
}

static bool is_made_by(const Pickled *value, const char *maker)
{
    return value->kind == PICKLED_OBJECT && !strcmp(value->name, maker);
}

/* A parameter is a tensor that learns. */
static const Pickled *without_parameter(const Pickled *value)
{
    for (int i = 0; i < DEPTH_MAX; i++) {
        if (!is_made_by(value, "torch._utils._rebuild_parameter") &&
            !is_made_by(value, "torch._utils._rebuild_parameter_with_state"))
            break;
        const Pickled *inner = part(value, 0, PICKLED_OBJECT);
        if (!inner)
            break;
        value = inner;
    }
    return value;
}

static bool is_tensor(const Pickled *value)
{
    value = without_parameter(value);
    return is_made_by(value, "torch._utils._rebuild_tensor_v2") || is_made_by(value, "torch._utils._rebuild_tensor");
}

/* A list of sizes, also as a torch.Size; -1 if it is none. */
static int sizes_of(const Pickled *list, size_t *sizes)
{
    if (list && is_made_by(list, "torch.Size"))
        list = part(list, 0, PICKLED_TUPLE);
    if (!list || list->kind != PICKLED_TUPLE || list->count > LSTMC_FILE_RANK_MAX)
        return -1;
    for (int i = 0; i < list->count; i++) {
        const Pickled *size = part(list, i, PICKLED_INTEGER);
        if (!size || size->integer < 0)
            return -1;
        sizes[i] = (size_t)size->integer;
    }
    return list->count;
}

/* ("storage", class, key, place, elements), before PyTorch 1.6 also a view of one: (key, offset, elements). What it is
 * called is the key. */
static bool read_storage(Walk *walk, const Pickled *id, View *view)
{
    const Pickled *class = part(id, 1, PICKLED_GLOBAL), *key = part(id, 2, PICKLED_TEXT);
    const Pickled *elements = part(id, 4, PICKLED_INTEGER), *more = part(id, 5, PICKLED_TUPLE);
    if (!pickled_is(part(id, 0, PICKLED_TEXT), "storage") || !class || !key || !elements || elements->integer < 0)
        return false;
    int place = *text_index_at(walk->storages->index, key->text);
    size_t bytes = state_element_bytes(class->name), begin = 0;
    view->dtype = class->name;
    view->storage = place ? walk->storages->list[place - 1] : (Storage){ 0 };
    if (more) {
        const Pickled *offset = part(more, 1, PICKLED_INTEGER);
        if (!offset || offset->integer < 0)
            return false;
        begin = (size_t)offset->integer;
    }
    if (bytes && begin <= view->storage.bytes / bytes) {
        size_t rest = view->storage.bytes - begin * bytes;
        view->storage.data += view->storage.data ? begin * bytes : 0;
        view->storage.bytes = (size_t)elements->integer < rest / bytes ? (size_t)elements->integer * bytes : rest;
    } else if (bytes) {
        view->storage.bytes = 0;
    }
    return true;
}

static void take_tensor(Walk *walk, const Pickled *value, const char *name)
{
    View view = { .name = name };
    size_t strides[LSTMC_FILE_RANK_MAX];
    value = without_parameter(value);
    const Pickled *id = part(value, 0, PICKLED_PERSISTENT), *offset = part(value, 1, PICKLED_INTEGER);
    int rank = value->count > 3 ? sizes_of(value->items[2], view.shape) : -1;
    if (!id || !offset || offset->integer < 0 || rank < 0 || sizes_of(value->items[3], strides) != rank ||
        !read_storage(walk, id, &view)) {
        draft_refuse(walk->state->draft, "%s: it is no tensor as torch.save writes it", name);
        return;
    }
    view.offset = (size_t)offset->integer;
    view.rank = rank;
    memcpy(view.strides, strides, (size_t)rank * sizeof *strides);
    state_add(walk->state, &view);
}

/* ---- dicts and modules ---- */

/* False: it has been said that there is no end, or so much is wrong that nobody reads more. */
static bool goes_on(Walk *walk)
{
    Draft *draft = walk->state->draft;
    if (walk->visits > VISITS_MAX || diagnostics_count(draft->diagnostics) > MISTAKES_MAX)
        return false;
    if (walk->depth < DEPTH_MAX && ++walk->visits <= VISITS_MAX)
        return true;
    draft_refuse(draft, "its dicts are nested more than %d deep, or one holds itself", DEPTH_MAX);
    walk->visits = VISITS_MAX + 1;
    return false;
}

static const char *key_text(Walk *walk, const Pickled *key)
{
    Arena *arena = walk->state->draft->arena;
    if (key->kind == PICKLED_INTEGER)
        return arena_format(arena, "%lld", (long long)key->integer);
    if (key->kind != PICKLED_TEXT || strlen(key->text) != key->length || key->length > 500)
        return NULL;
    return printable_text(arena, key->text);
}

static const char *joined(Walk *walk, const char *path, const char *name)
{
    return *path ? arena_format(walk->state->draft->arena, "%s.%s", path, name) : name;
}

static const Pickled *module_part(const Pickled *module, const char *name)
{
    return module->kind == PICKLED_OBJECT ? pickled_find(module->state, name) : NULL;
}

static bool is_module(const Pickled *value)
{
    return module_part(value, "_parameters") || module_part(value, "_modules");
}

static void take(Walk *walk, const Pickled *value, const char *path);

static void take_entries(Walk *walk, const Pickled *dict, const char *path)
{
    for (int i = 0; dict && dict->kind == PICKLED_DICT && i + 1 < dict->count && goes_on(walk); i += 2) {
        const char *key = key_text(walk, dict->items[i]);
        if (key)
            take(walk, dict->items[i + 1], joined(walk, path, key));
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), letters = strlen(end);
    return length >= letters && !strcmp(text + length - letters, end);
}

/* What is no tensor, no dict and no module is no part of a state: settings, counts. What would have to be made is
 * refused: it may be a tensor of another kind. */
static void take(Walk *walk, const Pickled *value, const char *path)
{
    if (is_tensor(value)) {
        take_tensor(walk, value, path);
    } else if (value->kind == PICKLED_DICT || is_module(value)) {
        walk->depth++;
        if (value->kind == PICKLED_DICT)
            take_entries(walk, value, path);
        take_entries(walk, module_part(value, "_parameters"), path);
        take_entries(walk, module_part(value, "_buffers"), path);
        take_entries(walk, module_part(value, "_modules"), path);
        walk->depth--;
    } else if (value->kind == PICKLED_OBJECT && !ends_with(path, "_extra_state")) {
        draft_refuse(walk->state->draft, "%s would be made by %s, which no state dict needs; it was not called",
                     *path ? path : "all that is in it", value->name);
    }
}

/* ---- where in the file ---- */

/* `visits` are those that are left. */
static bool holds_tensors(const Pickled *value, int depth, int *visits)
{
    if (is_module(value) || is_tensor(value))
        return true;
    for (int i = 1; value->kind == PICKLED_DICT && i < value->count && depth < 4 && --*visits > 0; i += 2)
        if (holds_tensors(value->items[i], depth + 1, visits))
            return true;
    return false;
}

/* What people call the state among what else they save. */
static const Pickled *behind_names(Walk *walk, const Pickled *root)
{
    static const char *const names[] = { "model_state_dict", "state_dict", "model_state", "model", "net", "network" };
    for (int depth = 0; depth < 4; depth++) {
        const Pickled *inner = NULL;
        for (size_t i = 0; i < sizeof names / sizeof *names && !inner; i++) {
            int visits = 10000;
            inner = pickled_find(root, names[i]);
            if (inner && (is_tensor(inner) || !holds_tensors(inner, 0, &visits)))
                inner = NULL;
        }
        if (!inner)
            break;
        root = inner;
    }
    if (is_module(root))
        draft_note(walk->state->draft, "The file is a whole model, pickled: only its weights were read, and nothing "
                   "of its class %s.", root->name);
    return root;
}

/* torch.nn.DataParallel puts it in front of all names. */
static void drop_module(State *state)
{
    for (int i = 0; i < state->count; i++)
        if (strncmp(state->tensors[i].name, "module.", 7))
            return;
    for (int i = 0; i < state->count; i++)
        state->tensors[i].name += 7;
}

static void refuse_twice(State *state)
{
    TextIndex *index = text_index_create(state->draft->arena);
    for (int i = 0; i < state->count; i++) {
        int *place = text_index_at(index, state->tensors[i].name);
        if (*place)
            draft_refuse(state->draft, "%s is there twice", state->tensors[i].name);
        *place = 1;
    }
}

void state_settle(State *state)
{
    if (state->count > TENSORS_MAX)
        draft_refuse(state->draft, "holds more than %d tensors", TENSORS_MAX);
    drop_module(state);
    refuse_twice(state);
}

void state_take(State *state, const Pickled *root, const Storages *storages)
{
    Walk walk = { .state = state, .storages = storages };
    int before = diagnostics_count(state->draft->diagnostics);
    const Pickled *chosen = behind_names(&walk, root);
    if (chosen->kind == PICKLED_DICT || chosen->kind == PICKLED_OBJECT)
        take(&walk, chosen, is_tensor(chosen) ? "tensor" : "");
    if (!state->count && diagnostics_count(state->draft->diagnostics) == before)
        draft_refuse(state->draft, "holds no tensors: torch.save(model.state_dict(), FILE) makes what can be read");
    state_settle(state);
}
