/* cortex_m4.c: what a Cortex-M4F needs to start: the vector table, the floating-point unit, and newlib's start
 * (semihosting). */
#include <stdint.h>

extern uint32_t __stack;
void _start(void);

static void reset(void)
{
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;     /* CPACR: full access to CP10 and CP11 */
    __asm volatile("dsb\n\tisb");
    _start();
}

static void fault(void)
{
    for (;;)
        __asm volatile("bkpt 0xab" : : : "memory");
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    &__stack, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};
