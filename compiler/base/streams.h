/* streams.h: standard input, output and error of the program: written means written. */
#ifndef STREAMS_H
#define STREAMS_H

/* And a signal's number: the exit status of what the signal has ended, as a shell says it. */
#define SIGNAL_STATUS 128

/* Before anything is opened: none of the three is missing, so that no file is taken for one; and what the world around
 * the program has set for signals leaves full disks and the ends of children to be seen. */
void streams_open(void);

/* Writes out what waits in standard output. 0, or an errno value or -1: of the first failure ever, which later calls
 * repeat. */
int  streams_flush(void);

/* The last flush: a failure is said, and turns the status 0 into 1; a reader that has gone ends the program as is
 * usual. Returns the exit status. */
int  streams_close(int status);

#endif
