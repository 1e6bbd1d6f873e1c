/* microcontroller.c: what a model costs on a Cortex-M: one step of a stream, or, with -DTRAIN, one update from one
 * sample. Without -DMEASURE it is nothing but that, in a loop, for the linker to tell its size; with -DNOTHING not even
 * that. With -DMEASURE it prints instructions and bytes of stack. QEMU's -icount shift=0 lets the clock go on by a
 * nanosecond with each instruction, and the timer counts 25 MHz of it: 40 instructions a tick. A loop of known length
 * is the proof. */
#include "gesture.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static float x[GESTURE_INPUTS];

#ifdef TRAIN
#include "lstmc.h"

static struct gesture_weights weights;
static struct gesture_training training;
static struct gesture_tape tape;
static struct gesture_gradients gradients;
static float optimizer[GESTURE_OPTIMIZER_FLOATS];
static int32_t class;
static uint64_t update;

static void prepare(void)
{
    lstmc_init(&gesture_model, (float *)&weights, 1);
}

static void work(void)
{
    gesture_prepare_training(&training, &weights);
    gesture_reset_tape(&training, &tape);
    gesture_forward(&training, &tape, x, 1, 0);
    gesture_loss(&tape, &class, NULL, 1.0f);
    memset(&gradients, 0, sizeof gradients);
    gesture_backward(&training, &tape, &gradients);
    lstmc_optimizer_step(&gesture_model, (float *)&weights, (float *)&gradients, optimizer, ++update, 0);
}
#else
static struct gesture_state state;
static float y[GESTURE_OUTPUTS];

static void prepare(void)
{
    gesture_reset(&gesture_trained, &state);
}

static void work(void)
{
    gesture_step(&gesture_trained, &state, x, y);
}
#endif

#ifndef MEASURE
int main(void)
{
#ifndef NOTHING
    prepare();
    for (;;)
        work();
#else
    (void)prepare, (void)work;
#endif
}
#else

enum { TURNS = 5, PAINTED = 4096, TICK = 40, LONGEST = 0xFFFFFF };

static volatile uint32_t *const systick = (volatile uint32_t *)0xE000E010;

static uint32_t now(void)
{
    return LONGEST - systick[2];
}

__attribute__((noinline)) static void known(uint32_t turns)
{
    __asm volatile("1: subs %0, %0, #1\n\tbne 1b" : "+r"(turns));
}

/* Words below the stack pointer are painted; what is not of that colour afterwards has been used. */
__attribute__((noinline)) static int stack_used(void)
{
    volatile uint32_t *top;
    int used = PAINTED;
    __asm volatile("mov %0, sp" : "=r"(top));
    for (int i = 1; i <= PAINTED; i++)
        top[-i] = 0xA5A5A5A5;
    work();
    while (used && top[-used] == 0xA5A5A5A5)
        used--;
    return used < PAINTED ? used * 4 : -1;
}

int main(void)
{
    systick[1] = LONGEST;
    systick[2] = 0;
    systick[0] = 5;
    known(1000);
    uint32_t start = now();
    known(100000);
    uint32_t of_known = (now() - start) * TICK;
    prepare();
    start = now();
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < GESTURE_INPUTS; i++)
            x[i] = (float)((i * 7 + turn * 11) % 13) / 13 - 0.4f;
        work();
    }
    printf("%lu %d\n", (unsigned long)((now() - start) / TURNS * TICK), stack_used());
    return of_known < 199900 || of_known > 200100;
}
#endif
