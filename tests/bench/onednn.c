/* onednn.c: oneDNN as a peer: its engine, memory and primitives, for the files of its layers. Weights lie as oneDNN likes them best
 * (format "any") and are reordered when they change: once for inference, after every update in training, as training must. */
#include "onednn.h"

#include <stdlib.h>
#include <string.h>

/* Of libgomp, which oneDNN runs on; clang has no omp.h beside gcc's. */
void omp_set_num_threads(int threads);

void onednn_check(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success)
        return;
    fprintf(stderr, "bench: oneDNN: %s: status %d\n", what, (int)status);
    exit(1);
}

Engine *onednn_open(int threads)
{
    Engine *engine = checked_alloc(sizeof *engine);
#ifndef __AVX512F__
    dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);   /* the bench is about such a machine; it fails but the first time */
#endif
    omp_set_num_threads(threads);
    CHECK(dnnl_engine_create(&engine->engine, dnnl_cpu, 0));
    CHECK(dnnl_stream_create(&engine->stream, engine->engine, dnnl_stream_default_flags));
    return engine;
}

void onednn_close(Engine *engine)
{
    for (int i = 0; i < engine->memory_count; i++)
        CHECK(dnnl_memory_destroy(engine->memory[i]));
    for (int i = 0; i < engine->buffer_count; i++)
        checked_free(engine->buffer[i]);
    CHECK(dnnl_stream_destroy(engine->stream));
    CHECK(dnnl_engine_destroy(engine->engine));
    checked_free(engine);
}

void onednn_wait(Engine *engine)
{
    CHECK(dnnl_stream_wait(engine->stream));
}

dnnl_memory_desc_t onednn_describe(int rank, const dnnl_dim_t *sizes, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t desc;
    dnnl_dims_t dims = { 0 };   /* longer than any tensor here */
    memcpy(dims, sizes, (size_t)rank * sizeof *dims);
    CHECK(dnnl_memory_desc_init_by_tag(&desc, rank, dims, dnnl_f32, tag));
    return desc;
}

dnnl_memory_t onednn_memory(Engine *engine, const dnnl_memory_desc_t *desc, const void *at)
{
    if (!at)
        at = engine->buffer[engine->buffer_count++] = checked_alloc(dnnl_memory_desc_get_size(desc));
    dnnl_memory_t memory;
    CHECK(dnnl_memory_create(&memory, desc, engine->engine, (void *)at));
    return engine->memory[engine->memory_count++] = memory;
}

void onednn_add(Arguments *arguments, int name, dnnl_memory_t memory)
{
    arguments->list[arguments->count++] = (dnnl_exec_arg_t){ name, memory };
}

Primitive onednn_primitive(Engine *engine, const void *description, const_dnnl_primitive_attr_t attributes, const_dnnl_primitive_desc_t forward)
{
    Primitive made = { 0 };
    CHECK(dnnl_primitive_desc_create(&made.desc, description, attributes, engine->engine, forward));
    CHECK(dnnl_primitive_create(&made.primitive, made.desc));
    return made;
}

void onednn_execute(Engine *engine, const Primitive *primitive)
{
    if (primitive->primitive)
        CHECK(dnnl_primitive_execute(primitive->primitive, engine->stream, primitive->arguments.count, primitive->arguments.list));
}

void onednn_free(Primitive *primitive)
{
    if (!primitive->primitive)
        return;
    CHECK(dnnl_primitive_destroy(primitive->primitive));
    CHECK(dnnl_primitive_desc_destroy(primitive->desc));
}

static Primitive reorder_of(Engine *engine, dnnl_memory_t from, const dnnl_memory_desc_t *from_desc, dnnl_memory_t to,
                            const dnnl_memory_desc_t *to_desc)
{
    Primitive made = { 0 };
    CHECK(dnnl_reorder_primitive_desc_create(&made.desc, from_desc, engine->engine, to_desc, engine->engine, NULL));
    CHECK(dnnl_primitive_create(&made.primitive, made.desc));
    onednn_add(&made.arguments, DNNL_ARG_FROM, from);
    onednn_add(&made.arguments, DNNL_ARG_TO, to);
    return made;
}

const dnnl_memory_desc_t *onednn_wanted(const Primitive *primitive, int name)
{
    return dnnl_primitive_desc_query_md(primitive->desc, dnnl_query_exec_arg_md, name);
}

dnnl_memory_t onednn_weights(Engine *engine, const Primitive *primitive, int name, const dnnl_memory_desc_t *keras, const float *at,
                             Primitive *reorder)
{
    const dnnl_memory_desc_t *layout = onednn_wanted(primitive, name);
    dnnl_memory_t plain = onednn_memory(engine, keras, at);
    if (dnnl_memory_desc_equal(layout, keras))
        return plain;
    dnnl_memory_t memory = onednn_memory(engine, layout, NULL);
    *reorder = reorder_of(engine, plain, keras, memory, layout);
    return memory;
}

dnnl_memory_t onednn_gradient(Engine *engine, const Primitive *primitive, int name, const dnnl_memory_desc_t *keras, float *at,
                              Primitive *reorder)
{
    const dnnl_memory_desc_t *layout = onednn_wanted(primitive, name);
    if (dnnl_memory_desc_equal(layout, keras))
        return onednn_memory(engine, keras, at);
    dnnl_memory_t memory = onednn_memory(engine, layout, NULL);
    *reorder = reorder_of(engine, memory, layout, onednn_memory(engine, keras, at), keras);
    return memory;
}

static const Library onednn = { &recurrent_onednn, &convolution_onednn, &product_onednn, &reduction_onednn };

static void *open_onednn(const Task *task, const Data *data, char *why)
{
    return network_open(task, data, &onednn, blas_picked(why), why);
}

const Peer peer_onednn = { "oneDNN", open_onednn, network_run, network_look, network_close };
