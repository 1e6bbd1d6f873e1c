/* openblas.c: OpenBLAS as two peers, with the kernels that it picks and with those for AVX2; the better one counts. */
#include "network.h"

static const Library openblas = { &recurrent_openblas, &convolution_openblas, &product_openblas, &reduction_loops };

static void *open_picked(const Task *task, const Data *data, char *why)
{
    const Blas *blas = blas_picked(why);
    return blas ? network_open(task, data, &openblas, blas, why) : NULL;
}

static void *open_avx2(const Task *task, const Data *data, char *why)
{
    const Blas *blas = blas_avx2(why);
    return blas ? network_open(task, data, &openblas, blas, why) : NULL;
}

const Peer peer_openblas = { "OpenBLAS", open_picked, network_run, network_look, network_close };
const Peer peer_openblas_avx2 = { "OpenBLAS, AVX2", open_avx2, network_run, network_look, network_close };
