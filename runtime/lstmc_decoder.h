/* lstmc_decoder.h: what a generated model with a decoder says of its two halves: what it encodes once, and what its
 * decoder says step by step, each time reading what was said last. Behind lstmc_model.h; the compiler copies this text
 * into the headers of such models.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_DECODER_H
#define LSTMC_DECODER_H

#include <stddef.h>
#include <stdint.h>

struct lstmc_model;

struct lstmc_decoder {
    const struct lstmc_model *model;
    int input;                    /* the place among the model's inputs of the one that is read step by step */
    int steps;                    /* of that input in training; a decoder may go on for longer */
    int reads_tokens;             /* 1: a step reads one int32_t id, and says which is next; 0: floats */
    int begin_token, end_token;   /* what the first step reads, and what says that all is said; -1 without tokens */
    size_t input_count, output_count;       /* elements that one step reads and writes */
    size_t memory_bytes, state_bytes, encode_scratch_bytes, decode_scratch_bytes;

    /* x: a sample, of which the decoder's input is not read; lengths: as of the model's functions, or NULL. Leaves in
     * the memory what all steps read. */
    void (*encode)(const void *packed, void *scratch, const void *x, const int32_t *lengths, void *memory);
    /* Before the first step. A state may be copied, to go on from it in several ways. */
    void (*decode_reset)(const void *packed, const void *memory, void *state);
    /* 1 if y [output_count] was written. */
    int  (*decode_step)(const void *packed, const void *memory, void *scratch, void *state, const void *x, float *y);
};

#endif
