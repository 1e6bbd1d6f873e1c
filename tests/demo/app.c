/* app.c: what `make demo` builds around the generated reber.h and reber.c: reads strings of the embedded Reber grammar, each without its
 * last two symbols, and says which of T and P the network expects next. app WEIGHTS STRING... */
#include "lstmc.h"
#include "reber.h"

#include <stdio.h>
#include <string.h>

static struct reber_weights weights;
static struct reber_packed packed;
static struct reber_scratch scratch;

static const char letters[] = ".BTPSXVE";      /* 0 pads in front */

int main(int argc, char **argv)
{
    struct lstmc_message message;
    if (argc < 2 || lstmc_weights_load(&reber_model, (float *)&weights, argv[1], &message))
        return fprintf(stderr, "%s\n", argc < 2 ? "usage: app WEIGHTS STRING..." : message.text), 1;
    reber_prepare(&packed, &weights);
    for (int i = 2; i < argc; i++) {
        int32_t x[REBER_INPUTS] = { 0 };
        float y[REBER_OUTPUTS];
        size_t length = strlen(argv[i]);
        if (length > REBER_INPUTS || strspn(argv[i], letters + 1) != length)
            return fprintf(stderr, "%s: at most %d of the letters %s\n", argv[i], REBER_INPUTS, letters + 1), 1;
        for (size_t k = 0; k < length; k++)
            x[REBER_INPUTS - length + k] = (int32_t)(strchr(letters, argv[i][k]) - letters);
        reber_predict(&packed, &scratch, x, y);
        printf("  %-24s ? %c (%.3f)\n", argv[i], y[2] > y[3] ? 'T' : 'P', (double)(y[2] > y[3] ? y[2] : y[3]));
    }
    return 0;
}
