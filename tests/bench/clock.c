/* clock.c: wall time, processor time, which does not run while somebody else has the processor, and core cycles where the kernel gives them,
 * which do not change when a neighbour slows the machine down either. */
#include "bench.h"

#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/perf_event.h>
#include <sys/syscall.h>
#endif

static int counter = -1;

void clock_open(void)
{
#ifdef __linux__
    struct perf_event_attr wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.type = PERF_TYPE_HARDWARE;
    wanted.size = sizeof wanted;
    wanted.config = PERF_COUNT_HW_CPU_CYCLES;
    wanted.exclude_kernel = 1;
    wanted.exclude_hv = 1;
    counter = (int)syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0UL);
    uint64_t cycles = 0;
    if (counter >= 0 && (read(counter, &cycles, sizeof cycles) != (ssize_t)sizeof cycles || !cycles)) {
        close(counter);
        counter = -1;
    }
#endif
}

bool clock_counts_cycles(void)
{
    return counter >= 0;
}

Time clock_now(void)
{
    struct timespec wall, worked;
    clock_gettime(CLOCK_MONOTONIC, &wall);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &worked);
    Time time = { .seconds = (double)wall.tv_sec + 1e-9 * (double)wall.tv_nsec, .processor = (double)worked.tv_sec + 1e-9 * (double)worked.tv_nsec };
    uint64_t cycles = 0;
    if (counter >= 0 && read(counter, &cycles, sizeof cycles) == (ssize_t)sizeof cycles)
        time.ticks = (double)cycles;
    else
        time.ticks = 1e9 * time.processor;
    return time;
}

Time clock_since(Time start)
{
    Time now = clock_now();
    return (Time){ now.seconds - start.seconds, now.processor - start.processor, now.ticks - start.ticks };
}
