/* text_index.h: numbers by text, found without looking at all of them. */
#ifndef TEXT_INDEX_H
#define TEXT_INDEX_H

#include "base.h"

typedef struct TextIndex TextIndex;
TextIndex *text_index_create(Arena *arena);
/* The number of the text, to be read and set; 0 where it is new. Until the next call. The text is not copied. */
int *text_index_at(TextIndex *index, const char *text);

#endif
