/* interrupt.h: a training that is asked to end: by Ctrl-C, by kill, by the end of its terminal or of the pipe it
 * writes to. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <signal.h>

/* From now on such a signal ends the program after `clean`, which may do no more than a signal handler may. */
void interrupt_prepare(void (*clean)(void));
/* From now on it is kept, and answered at once with a line on standard error; a second one changes nothing, so that
 * what the first has begun comes to its end. */
void interrupt_begin(void);
/* Signals do again what they did at first; but a pipe that ends is an error of write from then on. */
void interrupt_end(void);

/* What to look at: the first signal's number, 0: none yet. */
volatile sig_atomic_t *interrupt_flag(void);

#endif
