/* judge.h: what a decoder says of samples that are held out, held against what it might have said. */
#ifndef JUDGE_H
#define JUDGE_H

#include "session.h"

/* Of a session with data whose engine has the weights: the BLEU of what is said of each text that is held out, against
 * all that the data has for it, and ten of them, on standard output. Of other models nothing. 0 or an enum
 * lstmc_status. */
int judge_print(Session *session, const struct lstmc_dataset *data);

#endif
