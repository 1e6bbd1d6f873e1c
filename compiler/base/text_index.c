/* text_index.c: a table of texts with open addresses, at most half full. */
#include "text_index.h"

#include <string.h>

typedef struct Place {
    const char *text;           /* NULL: free */
    int number;
} Place;

struct TextIndex {
    Arena *arena;
    Place *places;
    unsigned room, used;
};

/* FNV-1a */
static unsigned hash_of(const char *text)
{
    unsigned hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

static Place *find(const TextIndex *index, const char *text)
{
    for (unsigned at = hash_of(text);; at++) {
        Place *place = &index->places[at % index->room];
        if (!place->text || !strcmp(place->text, text))
            return place;
    }
}

static void widen(TextIndex *index)
{
    TextIndex wider = { .arena = index->arena, .room = 2 * index->room, .used = index->used };
    wider.places = arena_array(index->arena, Place, wider.room);
    for (unsigned i = 0; i < index->room; i++)
        if (index->places[i].text)
            *find(&wider, index->places[i].text) = index->places[i];
    *index = wider;
}

TextIndex *text_index_create(Arena *arena)
{
    TextIndex *index = arena_new(arena, TextIndex);
    *index = (TextIndex){ .arena = arena, .room = 64 };
    index->places = arena_array(arena, Place, index->room);
    return index;
}

int *text_index_at(TextIndex *index, const char *text)
{
    if (2 * index->used >= index->room)
        widen(index);
    Place *place = find(index, text);
    index->used += place->text == NULL;
    place->text = text;
    return &place->number;
}
