/* main.c: the self-tests of all models of one target; -DMODELS="X(series) X(tokens)". Exit status 0: all right. */
#include <stdio.h>

#define X(name) int name##_self_test(void);
MODELS
#undef X

int main(void)
{
    int failed = 0, result;
#define X(name) \
    result = name##_self_test(); \
    printf(result ? "%s: sample %d is wrong\n" : "%s: all right\n", #name, result); \
    failed += result != 0;
    MODELS
#undef X
    return failed;
}
