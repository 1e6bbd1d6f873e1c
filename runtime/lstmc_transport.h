/* lstmc_transport.h: how the machines that share one training talk to each other: what lstmc_train asks of MPI, of
 * sockets, or of whatever a product has.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_TRANSPORT_H
#define LSTMC_TRANSPORT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that go to another rank, or come from it. */
struct lstmc_piece {
    int rank;
    void *bytes;
    size_t count;
};

/* The ranks 0 to ranks - 1 are programs with the same model, data and options. All of them call the same functions in
 * the same order, each from one thread. A function returns 0, or something else if a rank cannot be reached any more:
 * then the training ends with LSTMC_IO, and nothing of the transport is called again. It says itself who is gone, in
 * `why`, where it can. */
struct lstmc_transport {
    int rank, ranks;
    void *context;
    /* Partial sums on their way to those who add them up: begins to send the one list and to receive the other. Pieces
     * between two ranks arrive in the order of the lists, and have the size that is expected. Their memory is the
     * transport's until the next call of finish; reduce may be called again before. */
    int (*reduce)(void *context, const struct lstmc_piece *sent, int sent_count, const struct lstmc_piece *received,
                  int received_count);
    /* Returns when all that reduce has begun is done. */
    int (*finish)(void *context);
    /* Of an array of first[ranks] bytes rank r has those from first[r] to first[r + 1] - 1; afterwards everybody has
     * all. */
    int (*gather)(void *context, void *bytes, const size_t *first);
    /* Returns when all ranks have called it. */
    int (*barrier)(void *context);
    /* What has gone wrong, or NULL; or no function. */
    const char *(*why)(void *context);
};

/* ---- MPI: the module lstmc-mpi.so, where lstmc was built with MPI, to be loaded with RTLD_GLOBAL ---- */

/* Begins MPI, once in a program. ranks_here: how many of the ranks share this machine. Returns 0, or not if MPI cannot
 * begin. The struct stays where it is. */
int  lstmc_mpi_open(struct lstmc_transport *transport, int *ranks_here);
/* Ends MPI when all ranks do. abandoned, not 0: this rank cannot go on, and all others end now, with this status. */
void lstmc_mpi_close(int abandoned);

#ifdef __cplusplus
}
#endif

#endif
