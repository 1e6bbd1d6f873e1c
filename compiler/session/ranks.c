/* ranks.c: in: what mpirun or srun has left in the environment.  out: ranks that know each other, and one speaks. */
#define _GNU_SOURCE             /* memfd_create, sched_getaffinity */
#include "ranks.h"
#include "compiler/base/beside.h"
#include "compiler/base/digest.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE "lstmc-mpi.so"
#define SAID_MAX 2000           /* bytes of what another rank has said */

static int number_of(const char *name)
{
    const char *value = getenv(name);
    int number = value ? atoi(value) : 0;
    return number > 0 ? number : 0;
}

/* How many a launcher has started, and which of them this is. mpirun may have been started by Slurm, whose numbers then
 * are those of something else: the first line that is there counts. */
typedef struct Launcher {
    const char *ranks, *rank;
} Launcher;

static const Launcher launchers[] = {
    { "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK" },
    { "PMI_SIZE", "PMI_RANK" },
    { "SLURM_STEP_NUM_TASKS", "SLURM_PROCID" },
};

static const Launcher *find_launcher(void)
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
        if (getenv(launchers[i].ranks) && getenv(launchers[i].rank))
            return &launchers[i];
    return NULL;
}

int ranks_asked(void)
{
    const Launcher *launcher = find_launcher();
    int asked = launcher ? number_of(launcher->ranks) : 1;
    return asked > 1 ? asked : 1;
}

/* Known before anybody has joined. */
static bool is_first(void)
{
    const Launcher *launcher = find_launcher();
    return !launcher || !number_of(launcher->rank);
}

/* ---- joining ---- */

static int fail_once(const char *words)
{
    if (is_first())
        fprintf(stderr, "lstmc: %s\n", words);
    return 1;
}

/* Where standard error went before a rank was hushed; -1: it was not. */
static int screen = -1;

void ranks_hush(void)
{
    int nowhere = open("/dev/null", O_WRONLY), said = memfd_create("said", 0);
    if (ranks_asked() > 1 && !is_first() && nowhere >= 0 && said >= 0) {
        screen = dup(STDERR_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        dup2(said, STDERR_FILENO);
    }
    close(nowhere);
    close(said);
}

/* What a model that chooses among instruction sets would choose by, and the C compiler with -march=native. */
static unsigned kind_of_processor(void)
{
    unsigned kind = 0;
#ifdef __x86_64__
    kind = (__builtin_cpu_supports("avx2") != 0) | (__builtin_cpu_supports("fma") != 0) << 1 |
           (__builtin_cpu_supports("avx512f") != 0) << 2 | (__builtin_cpu_supports("avx512dq") != 0) << 3 |
           (__builtin_cpu_supports("avx512vl") != 0) << 4 | (__builtin_cpu_supports("avx512bw") != 0) << 5 |
           (__builtin_cpu_supports("bmi2") != 0) << 6;
#endif
    return kind;
}

static int compare_programs(Ranks *ranks)
{
    const uint64_t program = digest_file("/proc/self/exe");
    const unsigned processor = kind_of_processor();
    struct lstmc_message message;
    int status = ranks_compare(ranks, &program, sizeof program, "the program lstmc", &message);
    if (!status)
        status = ranks_compare(ranks, &processor, sizeof processor, "the kind of processor (AVX2, AVX-512)", &message);
    if (status && !ranks->transport.rank)
        fprintf(stderr, "lstmc: %s: the last digits would not be those of one machine\n", message.text);
    return status;
}

int ranks_begin(Ranks *ranks, Arena *arena)
{
    *ranks = (Ranks){ .arena = arena, .transport = { .ranks = 1 }, .here = 1 };
    const int asked = ranks_asked();
    if (asked == 1)
        return 0;
    const char *path = beside_program(arena, MODULE);
    if (!path || !(ranks->module = dlopen(path, RTLD_NOW | RTLD_GLOBAL)))
        return fail_once("mpirun has started several, but this lstmc was built without MPI (Debian: libopenmpi-dev and "
                         "openmpi-bin), or " MODULE " is not beside it");
    int (*begin)(struct lstmc_transport *, int *);
    *(void **)&begin = dlsym(ranks->module, "lstmc_mpi_open");
    /* Open MPI ends a program that it cannot join to others, with many words and without these. */
    if (is_first() && getenv("SLURM_PROCID") && !getenv("PMIX_RANK"))
        fprintf(stderr, "note: MPI may not find the other programs: try srun --mpi=pmix\n");
    if (!begin || begin(&ranks->transport, &ranks->here))
        return fail_once("MPI cannot begin");
    if (ranks->transport.ranks != asked && is_first())
        fprintf(stderr, "lstmc: %d programs have been started, but MPI knows %d: srun may need --mpi=pmix\n", asked,
                ranks->transport.ranks);
    if (ranks->transport.ranks != asked)
        return ranks_end(ranks, 1, false);
    return compare_programs(ranks) ? ranks_end(ranks, 1, false) : 0;
}

/* ---- together ---- */

void ranks_gather(Ranks *ranks, void *array, size_t bytes)
{
    const int count = ranks->transport.ranks;
    size_t *first = arena_array(ranks->arena, size_t, count + 1);
    for (int rank = 0; rank <= count; rank++)
        first[rank] = (size_t)rank * bytes;
    ranks->transport.gather(ranks->transport.context, array, first);
}

int ranks_most(Ranks *ranks, int number)
{
    if (ranks->transport.ranks == 1)
        return number;
    int *all = arena_array(ranks->arena, int, ranks->transport.ranks);
    all[ranks->transport.rank] = number;
    ranks_gather(ranks, all, sizeof *all);
    for (int rank = 0; rank < ranks->transport.ranks; rank++)
        number = all[rank] > number ? all[rank] : number;
    return number;
}

int ranks_agree(Ranks *ranks, int status)
{
    const int any = ranks_most(ranks, status != 0);
    ranks->failed |= status != 0;
    ranks->others_failed |= ranks->transport.ranks > 1 && any;
    return status ? status : any ? LSTMC_MISMATCH : 0;
}

int ranks_compare(Ranks *ranks, const void *bytes, size_t count, const char *what, struct lstmc_message *message)
{
    const int all = ranks->transport.ranks;
    if (all == 1)
        return LSTMC_OK;
    char *parts = arena_alloc(ranks->arena, count * (size_t)all);
    memcpy(parts + count * (size_t)ranks->transport.rank, bytes, count);
    ranks_gather(ranks, parts, count);
    for (int rank = 1; rank < all; rank++)
        if (memcmp(parts, parts + count * (size_t)rank, count)) {
            snprintf(message->text, sizeof message->text, "%s on rank %d is another one than on rank 0", what, rank);
            ranks->others_failed = true;
            return LSTMC_MISMATCH;
        }
    return LSTMC_OK;
}

void ranks_spread(Ranks *ranks, void *bytes, size_t count)
{
    const int all = ranks->transport.ranks;
    if (all == 1)
        return;
    size_t *first = arena_array(ranks->arena, size_t, all + 1);
    for (int rank = 1; rank <= all; rank++)
        first[rank] = count;
    ranks->transport.gather(ranks->transport.context, bytes, first);
}

int ranks_processors(const Ranks *ranks)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int allowed = sched_getaffinity(0, sizeof set, &set) ? (int)online : CPU_COUNT(&set);
    int here = ranks ? ranks->here : 1, share = (int)(online > 0 ? online : 1) / here;
    int threads = here > 1 && share < allowed ? share : allowed;
    return threads > 0 ? threads : 1;
}

/* ---- the end ---- */

/* What this rank has said so far, at most so many bytes of its end. */
static void read_said(char text[SAID_MAX])
{
    struct stat status;
    text[0] = 0;
    if (screen < 0 || fstat(STDERR_FILENO, &status))
        return;
    off_t begin = status.st_size > SAID_MAX - 1 ? status.st_size - (SAID_MAX - 1) : 0;
    ssize_t count = pread(STDERR_FILENO, text, SAID_MAX - 1, begin);
    text[count > 0 ? count : 0] = 0;
}

/* Of the ranks that have failed by themselves, where rank 0 has not, the first. */
static void say_for_others(Ranks *ranks)
{
    typedef struct Said { int failed; char host[64], text[SAID_MAX]; } Said;
    Said *all = arena_array(ranks->arena, Said, ranks->transport.ranks), *mine = &all[ranks->transport.rank];
    mine->failed = ranks->failed;
    gethostname(mine->host, sizeof mine->host - 1);
    read_said(mine->text);
    ranks_gather(ranks, all, sizeof *all);
    for (int rank = 0; rank < ranks->transport.ranks && !ranks->transport.rank && !mine->failed; rank++)
        if (all[rank].failed) {
            fprintf(stderr, "rank %d, on %s: %s", rank, all[rank].host, all[rank].text);
            return;
        }
}

int ranks_end(Ranks *ranks, int status, bool abandoned)
{
    void (*end)(int);
    if (!ranks->module)
        return status;
    fflush(NULL);
    if (abandoned && screen >= 0) {
        char text[SAID_MAX];
        read_said(text);
        dprintf(screen, "rank %d: %s", ranks->transport.rank, text);
    }
    if (ranks->others_failed && !abandoned)
        say_for_others(ranks);
    *(void **)&end = dlsym(ranks->module, "lstmc_mpi_close");
    end(abandoned ? status : 0);
    ranks->module = NULL;
    return status;
}
