/* test_arguments.c: what help says of the options is what the command line does. */
#include "compiler/commands/commands.h"
#include "compiler/base/embedded.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether help says of an option that it goes with a command: "of train, plot: ...; of tune: ...", "not of tune: ...",
 * or nothing. */
static bool help_allows(const char *about, const char *command)
{
    bool restricted = false, named = false, forbids = !strncmp(about, "not of ", 7);
    char list[200];
    for (const char *at = about; at; at = strstr(at, "; of ") ? strstr(at, "; of ") + 2 : NULL) {
        int length = (int)strspn(at + 3 + (forbids ? 4 : 0), "abcdefghijklmnopqrstuvwxyz, ");
        if (strncmp(at + (forbids ? 4 : 0), "of ", 3) || at[3 + (forbids ? 4 : 0) + length] != ':')
            continue;
        snprintf(list, sizeof list, "%.*s,", length, at + 3 + (forbids ? 4 : 0));
        restricted = true;
        named |= strstr(list, command) != NULL;
    }
    return !restricted || named != forbids;
}

/* An option with a value that it takes. */
static void option_words(const char *option, int length, char words[100])
{
    static const char *const values[][2] = { { "PASS", "lower" },
                                             { "plain|vector", "vector" },
                                             { "auto|none|full|N", "2" },
                                             { "auto|N", "8" },
                                             { "float32|bf16", "bf16" },
                                             { "N", "8" },
                                             { "K", "8" },
                                             { "T", "1" },
                                             { "P", "0.5" },
                                             { "A", "0.5" } };
    int name = (int)strcspn(option, " =");
    snprintf(words, 100, "%.*s%s", name < length ? name : length, option, name < length ? "=x" : "");
    for (size_t i = 0; name < length && i < sizeof values / sizeof *values; i++)
        if (strlen(values[i][0]) == (size_t)(length - name - 1) &&
            !strncmp(values[i][0], option + name + 1, strlen(values[i][0])))
            snprintf(words, 100, "%.*s=%s", name, option, values[i][1]);
}

/* What is said of a command with an option; empty: it is taken. The description is not looked at. */
static char *said_of(const char *command, const char *option)
{
    char *text, *words[3], copies[3][100];
    size_t length, count = 0;
    Arguments arguments;
    FILE *before = stderr, *said = open_memstream(&text, &length);
    cr_assert(said != NULL);
    const char *const given[] = { command, "none.lua", option };
    for (int i = !strcmp(command, "compile"); i < 3; i++) {
        snprintf(copies[count], sizeof copies[count], "%s", given[i]);
        words[count] = copies[count];
        count++;
    }
    stderr = said;
    int status = arguments_read((int)count, words, &arguments);
    stderr = before;
    fclose(said);
    arguments_free(&arguments);
    cr_expect(status == 0 ? !*text : status == 2 && *text, "%s %s: %d %s", command, option, status, text);
    return text;
}

/* A line of the help with those that go on with its description; returns what follows. */
static const char *next_row(const char *line, char *row, size_t size)
{
    size_t length = 0;
    do {
        line += length ? strspn(line, " ") : 0;
        length += (size_t)snprintf(row + length, size - length, "%s%.*s", length ? " " : "", (int)strcspn(line, "\n"), line);
        cr_assert(length < size);
        line = strchr(line, '\n') + 1;
    } while (!strncmp(line, "   ", 3));
    return line;
}

/* Of each option, with each command. */
Test(arguments, help_says_which_commands_take_an_option)
{
    static const char *const commands[] = { "compile", "summary", "check", "train", "evaluate",
                                            "predict", "sample",  "plot",  "tune", "search" };
    int options = 0;
    unsetenv("LSTMC_THREADS");
    const char *line = strstr(embedded_text("commands/help.txt"), "\n  -") + 1;
    while (!strncmp(line, "  -", 3) && strncmp(line, "  --help", 8)) {
        char row[400];
        line = next_row(line, row, sizeof row);
        const char *about = row;
        while (*about == ' ' || *about == '-')
            about = strstr(about + 2, "  ") + strspn(strstr(about + 2, "  "), " ");
        for (const char *option = row + 2; option < about; option += strspn(option, " ")) {
            int length = (int)(strstr(option, "  ") - option);
            char words[100], refused[100];
            option_words(option, length, words);
            for (size_t c = 0; c < sizeof commands / sizeof *commands; c++) {
                char *said = said_of(commands[c], words);
                snprintf(refused, sizeof refused, " does not go with %s", commands[c]);
                cr_expect(help_allows(about, commands[c]) != (strstr(said, refused) != NULL), "%s %s (%s): %s",
                          commands[c], words, about, said);
                cr_expect(!strstr(said, "unknown option") && !strstr(said, " takes "), "%s: %s", words, said);
                free(said);
            }
            options++;
            option += length;
        }
    }
    cr_expect(options > 35, "%d options", options);
}
