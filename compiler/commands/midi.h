/* midi.h: a standard MIDI file (format 0: one track) of notes that sound together, step by step. */
#ifndef MIDI_H
#define MIDI_H

#include <stdbool.h>
#include <stddef.h>

#define MIDI_NOTES 128

/* steps [count][MIDI_NOTES]: which notes sound; each step is a quarter, `tempo` of them a minute (from 4 to 1000). A
 * note that goes on sounding is held, not struck again. The file replaces another one as a whole: 0, or an errno. */
int midi_write(const char *path, const bool (*steps)[MIDI_NOTES], size_t count, int tempo);

#endif
