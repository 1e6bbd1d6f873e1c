/* flush.h: while a team works, numbers too small for a normal float are 0. A gradient that fades over many steps is
 * full of them, they add nothing to it, and each takes a processor as long as a hundred others. */
#ifndef LSTMC_FLUSH_H
#define LSTMC_FLUSH_H

#include <stdint.h>

#if defined __SSE2__
#include <xmmintrin.h>
#define FLUSH_RESULTS_AND_OPERANDS 0x8040u
#elif defined __aarch64__
#define FLUSH_TO_ZERO (UINT64_C(1) << 24)
#endif

/* For this thread; returns what lstmc_flush_end puts back. Elsewhere than on x86 and 64-bit ARM it changes nothing. */
static inline uint64_t lstmc_flush_begin(void)
{
    uint64_t before = 0;
#if defined __SSE2__
    before = _mm_getcsr();
    _mm_setcsr((unsigned)before | FLUSH_RESULTS_AND_OPERANDS);
#elif defined __aarch64__
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | FLUSH_TO_ZERO));
#endif
    return before;
}

static inline void lstmc_flush_end(uint64_t before)
{
#if defined __SSE2__
    _mm_setcsr((unsigned)before);
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}

#endif
