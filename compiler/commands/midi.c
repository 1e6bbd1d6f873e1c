/* midi.c: in: which notes sound in which step.  out: the bytes of a standard MIDI file (Standard MIDI Files 1.0): a
 * header, and a track of events, each behind the ticks since the one before. */
#include "midi.h"

#include "compiler/base/base.h"
#include "compiler/base/out.h"

#include <stdlib.h>

#define TICKS    480            /* of a quarter, which is a step */
#define VELOCITY 80             /* of 127: how hard a note is struck */

enum { NOTE_OFF = 0x80, NOTE_ON = 0x90, META = 0xff, META_END = 0x2f, META_TEMPO = 0x51 };

typedef struct Bytes {
    char *text;
    size_t length, capacity;
} Bytes;

static void put_byte(Bytes *bytes, unsigned value)
{
    if (bytes->length == bytes->capacity) {
        bytes->capacity = 2 * bytes->capacity + 256;
        bytes->text = realloc(bytes->text, bytes->capacity);
        if (!bytes->text)
            die("out of memory");
    }
    bytes->text[bytes->length++] = (char)(unsigned char)(value & 0xff);
}

/* The highest byte first. */
static void put_number(Bytes *bytes, size_t value, int size)
{
    while (size--)
        put_byte(bytes, (unsigned)(value >> (8 * size) & 0xff));
}

/* Seven bits a byte, the highest first; all but the last one have the eighth bit. */
static void put_ticks(Bytes *bytes, size_t ticks)
{
    int shift = 0;
    while (ticks >> (shift + 7))
        shift += 7;
    for (; shift >= 0; shift -= 7)
        put_byte(bytes, (unsigned)(ticks >> shift & 0x7f) | (shift ? 0x80 : 0));
}

static void put_note(Bytes *bytes, size_t *ticks, unsigned event, int note)
{
    put_ticks(bytes, *ticks);
    *ticks = 0;
    put_byte(bytes, event);
    put_byte(bytes, (unsigned)note);
    put_byte(bytes, event == NOTE_ON ? VELOCITY : 0);
}

/* Notes that end come before those that begin; behind the last step all end. */
static void put_events(Bytes *bytes, const bool (*steps)[MIDI_NOTES], size_t count)
{
    static const bool silence[MIDI_NOTES];
    size_t ticks = 0;
    for (size_t t = 0; t <= count; t++, ticks += TICKS) {
        const bool *before = t ? steps[t - 1] : silence, *now = t < count ? steps[t] : silence;
        for (int note = 0; note < MIDI_NOTES; note++)
            if (before[note] && !now[note])
                put_note(bytes, &ticks, NOTE_OFF, note);
        for (int note = 0; note < MIDI_NOTES; note++)
            if (now[note] && !before[note])
                put_note(bytes, &ticks, NOTE_ON, note);
    }
    put_ticks(bytes, ticks - TICKS);
    put_byte(bytes, META);
    put_byte(bytes, META_END);
    put_byte(bytes, 0);
}

static void put_chunk(Bytes *file, const char *kind, const Bytes *inside)
{
    for (int i = 0; i < 4; i++)
        put_byte(file, (unsigned char)kind[i]);
    put_number(file, inside->length, 4);
    for (size_t i = 0; i < inside->length; i++)
        put_byte(file, (unsigned char)inside->text[i]);
}

int midi_write(const char *path, const bool (*steps)[MIDI_NOTES], size_t count, int tempo)
{
    Bytes header = { 0 }, track = { 0 }, file = { 0 };
    put_number(&header, 0, 2);          /* the format */
    put_number(&header, 1, 2);          /* tracks */
    put_number(&header, TICKS, 2);
    put_ticks(&track, 0);
    put_byte(&track, META);
    put_byte(&track, META_TEMPO);
    put_byte(&track, 3);
    put_number(&track, 60000000u / (unsigned)tempo, 3);         /* microseconds of a quarter */
    put_events(&track, steps, count);
    put_chunk(&file, "MThd", &header);
    put_chunk(&file, "MTrk", &track);
    int error = write_file(path, file.text, file.length);
    free(header.text);
    free(track.text);
    free(file.text);
    return error;
}
