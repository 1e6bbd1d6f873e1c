/* launch.c: in: a line of the shell, and how many processes shall run it.  out: the numbers that the first prints. */
#include "scaling.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* "name number number ..."; anything else, such as a warning, is left out. */
static void read_answer(const char *text, Answers *answers)
{
    Answer answer = { .name = "" };
    int length = 0, values = 0;
    if (sscanf(text, "%23s%n", answer.name, &length) != 1 || answers->count == ANSWERS_MAX)
        return;
    for (const char *at = text + length; values < VALUES_MAX; values++) {
        char *end;
        answer.value[values] = strtod(at, &end);
        if (end == at)
            break;
        at = end;
    }
    if (values)
        answers->answer[answers->count++] = answer;
}

bool launch(int ranks, const char *line, Answers *answers)
{
    char command[4096], text[1000];
    const char *root = geteuid() ? "" : "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ";
    answers->count = 0;
    if (ranks > 1)
        snprintf(command, sizeof command, "%smpirun -n %d %s %s", root, ranks, scaling_options.mpirun, line);
    else
        snprintf(command, sizeof command, "%s", line);
    fflush(NULL);
    FILE *from = popen(command, "r");
    while (from && fgets(text, sizeof text, from))
        read_answer(text, answers);
    int status = from ? pclose(from) : -1;
    if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status)) {
        fprintf(stderr, "scaling: this failed: %s\n", command);
        return false;
    }
    return true;
}

const double *answer_of(const Answers *answers, const char *name)
{
    for (int i = 0; i < answers->count; i++)
        if (!strcmp(answers->answer[i].name, name))
            return answers->answer[i].value;
    fprintf(stderr, "scaling: a process said nothing of %s\n", name);
    exit(1);
}
