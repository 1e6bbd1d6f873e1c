/* file.c: in: the files that PyTorch's people save: archives of torch.save, what it wrote before 1.6, safetensors.
 * out: the pickle in them, and the bytes of each storage; of these the state. */
#include "state.h"

#include <string.h>

static void add_storage(State *state, Storages *storages, const char *key, Storage storage)
{
    int *place = text_index_at(storages->index, key);
    if (*place) {
        draft_refuse(state->draft, "has two storages %s", printable_text(state->draft->arena, key));
        return;
    }
    arena_append(state->draft->arena, storages->list, storages->count, storages->capacity, storage);
    *place = storages->count;
}

static void set_room(State *state, size_t bytes)
{
    state->room = 4 * bytes + (1 << 20);
}

static Pickle read_pickle(State *state, const unsigned char *bytes, size_t length)
{
    Pickle pickle = pickle_read(state->draft->arena, bytes, length);
    if (!pickle.value)
        draft_refuse(state->draft, "is damaged, or not of torch.save: %s", pickle.why);
    return pickle;
}

/* ---- archives ---- */

/* What stands in front of all entries, "archive/"; NULL if there is no pickle. */
static const char *root_of(Arena *arena, const struct lstmc_tensor_file *contents)
{
    for (int i = 0; i < contents->count; i++) {
        const char *slash = strrchr(contents->tensors[i].name, '/');
        if (slash && !strcmp(slash, "/data.pkl"))
            return arena_format(arena, "%.*s", (int)(slash + 1 - contents->tensors[i].name), contents->tensors[i].name);
    }
    return lstmc_tensor_file_find(contents, "data.pkl") ? "" : NULL;
}

static bool is_script(Arena *arena, const struct lstmc_tensor_file *contents, const char *root)
{
    const char *code = arena_format(arena, "%scode/", root);
    for (int i = 0; i < contents->count; i++)
        if (!strncmp(contents->tensors[i].name, code, strlen(code)))
            return true;
    return lstmc_tensor_file_find(contents, arena_format(arena, "%sconstants.pkl", root)) != NULL;
}

static bool is_big_endian(Arena *arena, const struct lstmc_tensor_file *contents, const char *root)
{
    const struct lstmc_file_tensor *order = lstmc_tensor_file_find(contents, arena_format(arena, "%sbyteorder", root));
    return order && (order->bytes < 6 || memcmp(order->data, "little", 6));
}

void state_read_archive(State *state, const struct lstmc_tensor_file *contents)
{
    Draft *draft = state->draft;
    const char *root = root_of(draft->arena, contents);
    const struct lstmc_file_tensor *pickle =
        root ? lstmc_tensor_file_find(contents, arena_format(draft->arena, "%sdata.pkl", root)) : NULL;
    size_t bytes = 0;
    if (!pickle)
        draft_refuse(draft, "is a zip archive without data.pkl, which torch.save writes");
    else if (is_script(draft->arena, contents, root))
        draft_refuse(draft, "is TorchScript, a program with its weights: torch.save(model.state_dict(), FILE) makes "
                     "what can be read");
    else if (is_big_endian(draft->arena, contents, root))
        draft_refuse(draft, "was written on a big-endian machine, whose numbers are not read");
    if (!pickle || diagnostics_count(draft->diagnostics))
        return;
    Storages storages = { .index = text_index_create(draft->arena) };
    const char *data = arena_format(draft->arena, "%sdata/", root);
    for (int i = 0; i < contents->count; i++) {
        const struct lstmc_file_tensor *entry = &contents->tensors[i];
        bytes += entry->bytes;
        if (!strncmp(entry->name, data, strlen(data)))
            add_storage(state, &storages, entry->name + strlen(data), (Storage){ entry->data, entry->bytes });
    }
    set_room(state, bytes);
    Pickle object = read_pickle(state, pickle->data, pickle->bytes);
    if (object.value)
        state_take(state, object.value, &storages);
}

/* ---- before PyTorch 1.6 ---- */

typedef struct Old {
    State *state;
    const unsigned char *bytes;
    size_t length, at;
    Storages storages;
} Old;

static Pickle next_pickle(Old *old)
{
    Pickle pickle = read_pickle(old->state, old->bytes + old->at, old->length - old->at);
    old->at += pickle.used;
    return pickle;
}

/* How long the elements of each storage are is said where the object names it. */
static TextIndex *element_bytes(Draft *draft, const Pickle *object)
{
    TextIndex *index = text_index_create(draft->arena);
    for (int i = 0; i < object->persistent_count; i++) {
        const Pickled *id = object->persistent[i];
        if (id->count < 3 || id->items[1]->kind != PICKLED_GLOBAL || id->items[2]->kind != PICKLED_TEXT)
            continue;
        size_t bytes = state_element_bytes(id->items[1]->name);
        *text_index_at(index, id->items[2]->text) = (int)bytes;
        if (!bytes)
            draft_refuse(draft, "has numbers of %s, which is none of what is read here", id->items[1]->name);
    }
    return index;
}

/* Of each key: how many elements there are, in 8 bytes, then these. */
static bool read_storages(Old *old, const Pickled *keys, TextIndex *sizes)
{
    for (int i = 0; i < keys->count; i++) {
        const Pickled *key = keys->items[i];
        if (key->kind != PICKLED_TEXT || old->length - old->at < 8)
            return false;
        size_t size = (size_t)*text_index_at(sizes, key->text), count = 0;
        for (size_t k = 0; k < 8; k++)
            count |= (size_t)old->bytes[old->at + k] << 8 * k;
        old->at += 8;
        if (!size)
            return true;                    /* no tensor is of it, and where it ends nobody knows */
        if (count > (old->length - old->at) / size)
            return false;
        add_storage(old->state, &old->storages, key->text, (Storage){ old->bytes + old->at, count * size });
        old->at += count * size;
    }
    return true;
}

/* 0x1950a86a20f9469cfc6c */
static bool is_magic(const Pickled *number)
{
    static const unsigned char magic[10] = { 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 };
    return number && number->kind == PICKLED_BYTES && number->length == sizeof magic &&
           !memcmp(number->text, magic, sizeof magic);
}

/* The magic number, a version, what the machine was like; false with a diagnostic. */
static bool read_heading(Old *old)
{
    Draft *draft = old->state->draft;
    Pickle magic = next_pickle(old);
    if (magic.value && !is_magic(magic.value)) {
        draft_refuse(draft, "is a pickle, but none that torch.save has written");
        return false;
    }
    Pickle version = magic.value ? next_pickle(old) : magic, system = version.value ? next_pickle(old) : version;
    const Pickled *little = pickled_find(system.value, "little_endian");
    bool big = little && little->kind == PICKLED_BOOLEAN && !little->integer;
    if (big)
        draft_refuse(draft, "was written on a big-endian machine, whose numbers are not read");
    return system.value && !big;
}

void state_read_old(State *state, const unsigned char *bytes, size_t length)
{
    Draft *draft = state->draft;
    Old old = { .state = state, .bytes = bytes, .length = length };
    old.storages.index = text_index_create(draft->arena);
    set_room(state, length);
    if (!read_heading(&old))
        return;
    Pickle object = next_pickle(&old);
    Pickle keys = object.value ? next_pickle(&old) : object;
    TextIndex *sizes = element_bytes(draft, &object);
    if (!keys.value || diagnostics_count(draft->diagnostics))
        return;
    if (keys.value->kind != PICKLED_LIST || !read_storages(&old, keys.value, sizes))
        draft_refuse(draft, "is damaged: it ends before its numbers do");
    else
        state_take(state, object.value, &old.storages);
}

/* ---- safetensors ---- */

/* safetensors.torch sorts them, those of each dtype; who writes them in another order has meant one. */
static bool are_sorted(const struct lstmc_tensor_file *file)
{
    for (int i = 1; i < file->count; i++)
        if (!strcmp(file->tensors[i - 1].dtype, file->tensors[i].dtype) &&
            strcmp(file->tensors[i - 1].name, file->tensors[i].name) > 0)
            return false;
    return true;
}

void state_read_safetensors(State *state, const struct lstmc_tensor_file *file)
{
    Draft *draft = state->draft;
    size_t bytes = 0;
    for (int i = 0; i < file->count; i++)
        bytes += file->tensors[i].bytes;
    set_room(state, bytes);
    state->sorted = are_sorted(file);
    for (int i = 0; i < file->count; i++) {
        const struct lstmc_file_tensor *tensor = &file->tensors[i];
        View view = { .name = printable_text(draft->arena, tensor->name),
                      .dtype = arena_copy_text(draft->arena, tensor->dtype),
                      .storage = { tensor->data, tensor->bytes }, .rank = tensor->rank };
        memcpy(view.shape, tensor->shape, sizeof view.shape);
        for (size_t d = (size_t)tensor->rank, stride = 1; d-- > 0; stride *= tensor->shape[d])
            view.strides[d] = stride;
        state_add(state, &view);
    }
    state_settle(state);
}
