/* place.h: the files of a search: its table MODEL.search.csv, its page MODEL.search.html, and the folder MODEL.search
 * with the checkpoints of trials that may go on, and with what the search was begun with. */
#ifndef PLACE_H
#define PLACE_H

#include "compiler/base/base.h"

#include "runtime/lstmc.h"

typedef struct Place {
    Arena *arena;
    const char *table, *page, *folder;
    const char *about;          /* in the folder: "lstmc search: unfinished" or "finished", then `words` */
    const char *words;          /* lines that say what is searched, and how: a search goes on if they are the same */
} Place;

/* What they are called. */
Place place_name(Arena *arena, const char *model, const char *words);

/* Sees that they may be written, and keeps other searches away. LSTMC_OK or a failure in words; so do the others. */
int place_open(const Place *place, struct lstmc_message *message);

/* A search begins: one that is there and was not finished is kept under other names, which is said. */
int place_begin(const Place *place, struct lstmc_message *message);
/* A search goes on: it has to be there, and to have been begun with the same words. */
int place_resume(const Place *place, struct lstmc_message *message);
/* It is at its end: no checkpoint is needed any more. */
int place_finish(const Place *place, struct lstmc_message *message);

/* Where a trial leaves what it needs to go on. */
const char *place_checkpoint(Arena *arena, const Place *place, int trial);

#endif
