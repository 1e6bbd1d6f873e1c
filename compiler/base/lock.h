/* lock.h: a file that one process alone may write for longer than a moment: the checkpoint of a training. */
#ifndef LOCK_H
#define LOCK_H

#include <stdbool.h>

/* Keeps `path` for this process, by a lock on the file `path`.lock that ends with the process, however that ends; the
 * file goes with it, unless the process is killed, and then means nothing. False: another process has it, of that
 * number (0: unknown). */
bool lock_take(const char *path, long *owner);

/* In a child process, whose parent keeps them: they are not its own to give back. */
void lock_forget(void);

/* Gives all of them back. A signal handler may do so. */
void lock_give_back(void);

#endif
