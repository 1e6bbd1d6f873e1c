/* exported.h: what the exporters of all formats say and write. */
#ifndef EXPORTED_H
#define EXPORTED_H

#include "compiler/base/diag.h"
#include "compiler/base/out.h"
#include "compiler/front/model.h"

#include <stdarg.h>

/* A diagnostic that names the layer which a format cannot say. */
void layer_cannot(Diagnostics *diagnostics, const Model *model, const Layer *layer, const char *format,
                  va_list arguments);

/* What an attention layer reads, as places in `from`: Keras lists query, value, key; of two the value is the key, of
 * one it is all three. causal: no step looks at later ones. */
typedef struct AttentionReads {
    int query, value, key;
    bool causal;
} AttentionReads;

static inline AttentionReads attention_reads(const Layer *layer)
{
    int last = layer->from_count - 1;
    return (AttentionReads){ .value = last < 1 ? last : 1, .key = last,
                             .causal = layer_flag(layer, "use_causal_mask") || layer_flag(layer, "causal") };
}

/* All of the files or none (write_files); false with a diagnostic. */
bool write_exported(Diagnostics *diagnostics, const FileText *files, int count);

#endif
