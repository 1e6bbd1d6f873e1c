/* blas.c: OpenBLAS, loaded when something is to be computed with it: whoever runs compiled code alone needs neither the
 * library nor its memory. */
#include "internal.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>

#if REAL_IS_FLOAT
#define GEMM "cblas_sgemm"
#else
#define GEMM "cblas_dgemm"
#endif

#define ROOM ((size_t)192 << 20)        /* bytes of address space that it takes: without them it tries for ever */
#define THREADS "OPENBLAS_NUM_THREADS"

static bool has_room(void)
{
    void *room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return room != MAP_FAILED && !munmap(room, ROOM);
}

/* It stays where it is once it is there: it does not clean up after itself. */
static void *open_library(int how)
{
    static const char *const names[] = { "libopenblas.so.0", "libopenblas.so" };
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | how);
    return library;
}

/* As it is loaded it starts a thread for each processor, which spin, unless it is told not to. */
static void *load_without_threads(void)
{
    bool told = getenv(THREADS) != NULL;
    if (!told)
        setenv(THREADS, "1", 1);
    void *library = open_library(0);
    if (!told)
        unsetenv(THREADS);
    return library;
}

const char *blas_open(Interpreter *it)
{
    it->blas = open_library(RTLD_NOLOAD);
    if (!it->blas && !has_room())
        return "OpenBLAS, which the interpreter computes with, needs 192 MB of address space: there is less (ulimit "
               "-v)";
    if (!it->blas)
        it->blas = load_without_threads();
    if (!it->blas)
        return "the interpreter computes with OpenBLAS, and libopenblas.so.0 cannot be loaded (Debian: libopenblas0)";
    void (*set_threads)(int);
    *(void **)&set_threads = dlsym(it->blas, "openblas_set_num_threads");
    *(void **)&it->gemm = dlsym(it->blas, GEMM);
    if (!it->gemm)
        return "the OpenBLAS that is installed has no " GEMM;
    if (set_threads)
        set_threads(1);
    return NULL;
}

void blas_close(Interpreter *it)
{
    if (it->blas)
        dlclose(it->blas);
}
