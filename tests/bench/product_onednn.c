/* product_onednn.c: the products of attention by oneDNN's matmul primitive, all rows and heads in one. */
#include "onednn.h"

typedef struct Own {
    Engine *engine;
    Primitive product;
} Own;

/* A single matrix is one of two dimensions: oneDNN has its best code for that. */
static dnnl_memory_desc_t describe(const Product *p, const Matrices *m, int rows, int columns)
{
    bool single = p->outer * p->inner == 1;
    int rank = single ? 2 : 4;
    dnnl_dims_t sizes = { p->outer, p->inner, rows, columns }, strides = { m->outer, m->inner, m->row, m->column };
    dnnl_memory_desc_t desc;
    CHECK(dnnl_memory_desc_init_by_strides(&desc, rank, sizes + 4 - rank, dnnl_f32, strides + 4 - rank));
    return desc;
}

static dnnl_primitive_attr_t attributes_of(const Product *p)
{
    dnnl_primitive_attr_t attributes;
    dnnl_post_ops_t sum;
    CHECK(dnnl_primitive_attr_create(&attributes));
    if (p->scale < 1 || p->scale > 1)
        CHECK(dnnl_primitive_attr_set_output_scales(attributes, 1, 0, &p->scale));
    if (!p->adds)
        return attributes;
    CHECK(dnnl_post_ops_create(&sum));
    CHECK(dnnl_post_ops_append_sum(sum, 1));
    CHECK(dnnl_primitive_attr_set_post_ops(attributes, sum));
    CHECK(dnnl_post_ops_destroy(sum));
    return attributes;
}

static void open_product(Product *p)
{
    Own *own = p->own = checked_alloc(sizeof *own);
    own->engine = onednn_open(p->threads);
    dnnl_memory_desc_t a = describe(p, &p->a, p->rows, p->depth), b = describe(p, &p->b, p->depth, p->columns),
                       c = describe(p, &p->c, p->rows, p->columns);
    dnnl_matmul_desc_t desc;
    CHECK(dnnl_matmul_desc_init(&desc, &a, &b, NULL, &c));
    dnnl_primitive_attr_t attributes = attributes_of(p);
    own->product = onednn_primitive(own->engine, &desc, attributes, NULL);
    CHECK(dnnl_primitive_attr_destroy(attributes));
    onednn_add(&own->product.arguments, DNNL_ARG_SRC, onednn_memory(own->engine, &a, p->a.at));
    onednn_add(&own->product.arguments, DNNL_ARG_WEIGHTS, onednn_memory(own->engine, &b, p->b.at));
    onednn_add(&own->product.arguments, DNNL_ARG_DST, onednn_memory(own->engine, &c, p->c.at));
}

static void run_product(Product *p)
{
    Own *own = p->own;
    onednn_execute(own->engine, &own->product);
    onednn_wait(own->engine);
}

static void close_product(Product *p)
{
    Own *own = p->own;
    onednn_free(&own->product);
    onednn_close(own->engine);
    checked_free(own);
}

const ProductFunctions product_onednn = { open_product, run_product, close_product };
