/* ranks.h: programs that mpirun or srun has started together, and what one of them needs of the others. */
#ifndef RANKS_H
#define RANKS_H

#include "arguments.h"

#include "runtime/lstmc.h"

typedef struct Ranks {
    Arena *arena;
    struct lstmc_transport transport;   /* ranks 1: there is nobody else */
    void *module;                       /* what talks to MPI; NULL: nobody */
    int here;                           /* ranks that share this machine */
    bool failed, others_failed;         /* in ranks_agree: this rank has, and somebody has */
} Ranks;

/* How many programs mpirun or srun has started; 1: nobody has. */
int  ranks_asked(void);

/* Before anything is said: of such programs all but the first keep what they say for ranks_end, as they do what the
 * first does, and would say it again. */
void ranks_hush(void);

/* Joins the others, if there are any: from here on all of them do the same, and rank 0 alone is heard. 0, or an exit
 * status with the reason said. Ranks that are other programs, or run on other kinds of processors, are refused: their
 * last digits would differ. */
int  ranks_begin(Ranks *ranks, Arena *arena);

/* Whether all goes well everywhere: `status`, or LSTMC_MISMATCH if only others have failed. */
int  ranks_agree(Ranks *ranks, int status);
/* Whether all ranks have the same bytes: LSTMC_OK, or LSTMC_MISMATCH and a message that says where `what` differs. */
int  ranks_compare(Ranks *ranks, const void *bytes, size_t count, const char *what, struct lstmc_message *message);
/* Everybody gets what each has of an array: `bytes` of one, by rank. */
void ranks_gather(Ranks *ranks, void *array, size_t bytes);
/* The largest number that anybody has. */
int  ranks_most(Ranks *ranks, int number);
/* Everybody gets the bytes that rank 0 has. */
void ranks_spread(Ranks *ranks, void *bytes, size_t count);

/* How many threads a rank is to use if nobody says so: the processors that it may use, or its part of the machine's;
 * ranks NULL: nobody shares it. */
int  ranks_processors(const Ranks *ranks);

/* Leaves the others, with the exit status that this rank has; what a rank has said that failed alone is said by rank 0.
 * abandoned: the others wait for something that will not come, and are ended too. Returns the exit status. */
int  ranks_end(Ranks *ranks, int status, bool abandoned);

#endif
