/* embedding.c: Embedding: a row of the table for each id. */
#include "words.h"

static const char *set_up(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, gather(&c, run->in[0], weight_all(&c, "embeddings")));
}

const LayerKind kind_embedding = {
    .name = "Embedding", .set_up = set_up, .forward = composed_forward, .backward = composed_backward, .reads_ids = true
};
