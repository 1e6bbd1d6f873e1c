/* message.h: how the runtime's functions fail: a status for the program, words for the person. */
#ifndef LSTMC_MESSAGE_H
#define LSTMC_MESSAGE_H

#include "runtime/lstmc.h"

/* Writes the words (message may be NULL), with '?' for control characters, and returns `status`. */
int lstmc_fail(struct lstmc_message *message, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a line to the notes, which may be NULL; what finds no room is left out. */
void lstmc_note(struct lstmc_notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds to the words that are there. */
void lstmc_add_words(struct lstmc_message *message, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says that there is no memory for `what`. */
int lstmc_fail_memory(struct lstmc_message *message, const char *what);

#endif
