/* onednn.h: what the files of oneDNN's layers share: an engine with its memory, arguments of a primitive, and reorders. */
#ifndef ONEDNN_H
#define ONEDNN_H

#include "network.h"

#include <dnnl.h>

#define ARGUMENTS_MAX 24

/* One layer's engine, and all memory that it has made, to be freed. */
typedef struct Engine {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_memory_t memory[64];
    int memory_count;
    void *buffer[64];
    int buffer_count;
} Engine;

typedef struct Arguments {
    int count;
    dnnl_exec_arg_t list[ARGUMENTS_MAX];
} Arguments;

/* A primitive and what it was made of. */
typedef struct Primitive {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;     /* NULL: nothing to do */
    Arguments arguments;
} Primitive;

#define CHECK(call) onednn_check(call, #call)
void onednn_check(dnnl_status_t status, const char *what);

Engine *onednn_open(int threads);
void    onednn_close(Engine *engine);
void    onednn_wait(Engine *engine);

dnnl_memory_desc_t onednn_describe(int rank, const dnnl_dim_t *sizes, dnnl_format_tag_t tag);
/* A memory over `at`, or over a new buffer of zeros. */
dnnl_memory_t onednn_memory(Engine *engine, const dnnl_memory_desc_t *desc, const void *at);
void onednn_add(Arguments *arguments, int name, dnnl_memory_t memory);

/* From any of oneDNN's descriptions; `forward`: of a backward one, else NULL. */
Primitive onednn_primitive(Engine *engine, const void *description, const_dnnl_primitive_attr_t attributes, const_dnnl_primitive_desc_t forward);
void onednn_execute(Engine *engine, const Primitive *primitive);
void onednn_free(Primitive *primitive);

const dnnl_memory_desc_t *onednn_wanted(const Primitive *primitive, int name);
/* The memory that a primitive wants for `name`: Keras's own where the layouts agree, else one that the reorder fills. */
dnnl_memory_t onednn_weights(Engine *engine, const Primitive *primitive, int name, const dnnl_memory_desc_t *keras, const float *at,
                             Primitive *reorder);
/* The other way: where backward leaves a gradient, and how it comes into Keras's layout. */
dnnl_memory_t onednn_gradient(Engine *engine, const Primitive *primitive, int name, const dnnl_memory_desc_t *keras, float *at,
                              Primitive *reorder);

#endif
