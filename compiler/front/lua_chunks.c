/* lua_chunks.c: in: the name of an embedded Lua file.  out: its chunk on the stack. A file is parsed once in a process:
 * whoever reads many descriptions, as fuzz does, would spend most of the time on it. */
#include "lua_description.h"

#include "compiler/base/embedded.h"

#include <stdlib.h>
#include <string.h>

typedef struct Chunk {
    const char *text;
    char *code;                 /* as lua_dump has it */
    size_t length, capacity;
} Chunk;

static void *grown(void *block, size_t bytes)
{
    block = realloc(block, bytes);
    if (!block)
        die("out of memory");
    return block;
}

/* The one of this text, for good; without code as long as nobody has asked for it. */
static Chunk *chunk_of(const char *text)
{
    static Chunk *chunks;
    static int count, capacity;
    for (int i = 0; i < count; i++)
        if (chunks[i].text == text)
            return &chunks[i];
    if (count == capacity) {
        capacity = 2 * capacity + 64;
        chunks = grown(chunks, (size_t)capacity * sizeof *chunks);
    }
    chunks[count] = (Chunk){ .text = text };
    return &chunks[count++];
}

static int write_code(lua_State *L, const void *code, size_t length, void *context)
{
    (void)L;
    Chunk *chunk = context;
    if (chunk->length + length > chunk->capacity) {
        chunk->capacity = 2 * (chunk->length + length);
        chunk->code = grown(chunk->code, chunk->capacity);
    }
    memcpy(chunk->code + chunk->length, code, length);
    chunk->length += length;
    return 0;
}

void push_embedded_chunk(lua_State *L, const char *name)
{
    Chunk *chunk = chunk_of(embedded_text(name));
    const char *code = chunk->code ? chunk->code : chunk->text, *label = lua_pushfstring(L, "=%s", name);
    if (luaL_loadbufferx(L, code, chunk->code ? chunk->length : strlen(code), label, NULL) != LUA_OK)
        die("%s", lua_tostring(L, -1));
    lua_remove(L, -2);
    if (!chunk->code)
        lua_dump(L, write_code, chunk, 0);
}
