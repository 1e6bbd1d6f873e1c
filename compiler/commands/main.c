/* main.c: off to the command that the words name, and what is left to say at the end. */
#include "commands.h"
#include "compiler/base/embedded.h"
#include "compiler/base/streams.h"
#include "compiler/session/ranks.h"

#include <stdio.h>
#include <string.h>

static void print_help(FILE *to)
{
    static const char mark[] = "<version>";
    const char *text = embedded_text("commands/help.txt"), *version = strstr(text, mark);
    fprintf(to, "%.*s%s%s", (int)(version - text), text, LSTMC_VERSION, version + sizeof mark - 1);
}

static int run_command(int argc, char **argv)
{
    static const struct { const char *name; int (*run)(const Arguments *); } commands[] = {
        { "compile", command_compile }, { "summary", command_summary }, { "check", command_check },
        { "train", command_train }, { "search", command_search }, { "evaluate", command_evaluate },
        { "predict", command_predict }, { "sample", command_sample }, { "plot", command_plot },
        { "tune", command_tune }, { "fuzz", command_fuzz }, { "import", command_import },
        { "export", command_export },
    };
    Arguments arguments;
    int status = arguments_read(argc - 1, argv + 1, &arguments);
    if (!status && ranks_asked() > 1 && strcmp(arguments.command, "train") && strcmp(arguments.command, "search")) {
        fprintf(stderr, "lstmc: mpirun and srun start train and search; %s is for one program\n", arguments.command);
        status = 2;
    }
    for (size_t c = 0; !status && c < sizeof commands / sizeof *commands; c++)
        if (!strcmp(arguments.command, commands[c].name)) {
            status = commands[c].run(&arguments);
            break;
        }
    arguments_free(&arguments);
    return status;
}

int main(int argc, char **argv)
{
    streams_open();
    ranks_hush();
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            print_help(stdout);
            return streams_close(0);
        }
        if (!strcmp(argv[i], "--version")) {
            puts("lstmc " LSTMC_VERSION);
            return streams_close(0);
        }
    }
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    return streams_close(run_command(argc, argv));
}
