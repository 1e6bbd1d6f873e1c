/* transport.c: in: pieces and arrays that ranks have for each other.  out: the same, sent by MPI. A module of its own
 * (lstmc-mpi.so), which lstmc loads where mpirun or srun has started it, so that nothing else needs MPI.
 * Message Passing Interface Forum: MPI 3.1. */
#include "runtime/lstmc_transport.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>

#define CHUNK ((size_t)1 << 30)     /* bytes of one message: MPI counts with int */

struct mpi {
    MPI_Comm world;                 /* messages of our own */
    MPI_Request *requests;          /* of what is on its way */
    int count, room;
    int *counts, *displacements;    /* [ranks] */
    char why[MPI_MAX_ERROR_STRING];
};

static struct mpi mpi;

/* 0, or not, with the words of MPI. */
static int check(int error)
{
    int length;
    if (error != MPI_SUCCESS)
        MPI_Error_string(error, mpi.why, &length);
    return error != MPI_SUCCESS;
}

static MPI_Request *next_request(void)
{
    if (mpi.count == mpi.room) {
        int room = 2 * mpi.room + 16;
        MPI_Request *requests = realloc(mpi.requests, (size_t)room * sizeof *requests);
        if (!requests)
            return NULL;
        mpi.requests = requests;
        mpi.room = room;
    }
    return &mpi.requests[mpi.count++];
}

static int begin(const struct lstmc_piece *piece, int sends)
{
    for (size_t first = 0; first < piece->count; first += CHUNK) {
        int count = (int)(piece->count - first < CHUNK ? piece->count - first : CHUNK);
        char *bytes = (char *)piece->bytes + first;
        MPI_Request *request = next_request();
        if (!request || check(sends ? MPI_Isend(bytes, count, MPI_BYTE, piece->rank, 0, mpi.world, request)
                                    : MPI_Irecv(bytes, count, MPI_BYTE, piece->rank, 0, mpi.world, request)))
            return -1;
    }
    return 0;
}

/* What has begun goes on while the next of it is sent, where MPI is asked. */
static int reduce(void *context, const struct lstmc_piece *sent, int sent_count, const struct lstmc_piece *received,
                  int received_count)
{
    int status = 0, done;
    (void)context;
    for (int i = 0; i < received_count && !status; i++)
        status = begin(&received[i], 0);
    for (int i = 0; i < sent_count && !status; i++)
        status = begin(&sent[i], 1);
    return status || check(MPI_Testall(mpi.count, mpi.requests, &done, MPI_STATUSES_IGNORE));
}

static int finish(void *context)
{
    int error = MPI_Waitall(mpi.count, mpi.requests, MPI_STATUSES_IGNORE);
    (void)context;
    mpi.count = 0;
    return check(error);
}

/* More than int can count: rank by rank. */
static int gather_large(char *bytes, const size_t *first, int ranks)
{
    for (int rank = 0; rank < ranks; rank++)
        for (size_t at = first[rank]; at < first[rank + 1]; at += CHUNK) {
            size_t rest = first[rank + 1] - at;
            if (check(MPI_Bcast(bytes + at, (int)(rest < CHUNK ? rest : CHUNK), MPI_BYTE, rank, mpi.world)))
                return -1;
        }
    return 0;
}

static int gather(void *context, void *bytes, const size_t *first)
{
    const struct lstmc_transport *transport = context;
    if (first[transport->ranks] > INT_MAX)
        return gather_large(bytes, first, transport->ranks);
    for (int rank = 0; rank < transport->ranks; rank++) {
        mpi.counts[rank] = (int)(first[rank + 1] - first[rank]);
        mpi.displacements[rank] = (int)first[rank];
    }
    return check(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, bytes, mpi.counts, mpi.displacements, MPI_BYTE,
                                mpi.world));
}

static int barrier(void *context)
{
    (void)context;
    return check(MPI_Barrier(mpi.world));
}

static const char *why(void *context)
{
    (void)context;
    return mpi.why[0] ? mpi.why : NULL;
}

int lstmc_mpi_open(struct lstmc_transport *transport, int *ranks_here)
{
    MPI_Comm here;
    int level;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS ||
        MPI_Comm_dup(MPI_COMM_WORLD, &mpi.world) != MPI_SUCCESS)
        return -1;
    MPI_Comm_set_errhandler(mpi.world, MPI_ERRORS_RETURN);
    *transport = (struct lstmc_transport){ .context = transport, .reduce = reduce, .finish = finish, .gather = gather,
                                           .barrier = barrier, .why = why };
    MPI_Comm_rank(mpi.world, &transport->rank);
    MPI_Comm_size(mpi.world, &transport->ranks);
    MPI_Comm_split_type(mpi.world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
    MPI_Comm_size(here, ranks_here);
    MPI_Comm_free(&here);
    mpi.counts = malloc((size_t)transport->ranks * sizeof *mpi.counts);
    mpi.displacements = malloc((size_t)transport->ranks * sizeof *mpi.displacements);
    return mpi.counts && mpi.displacements ? 0 : -1;
}

void lstmc_mpi_close(int abandoned)
{
    if (abandoned)
        MPI_Abort(MPI_COMM_WORLD, abandoned);
    MPI_Comm_free(&mpi.world);
    MPI_Finalize();
    free(mpi.requests);
    free(mpi.counts);
    free(mpi.displacements);
    mpi = (struct mpi){ .count = 0 };
}
