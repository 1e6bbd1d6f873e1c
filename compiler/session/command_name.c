/* command_name.c: in: the first words of the command line.  out: the command, or what is wrong with its name. */
#include "command_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const commands[] = { "summary", "check", "train", "search", "evaluate", "predict", "sample", "plot",
                                        "tune", "fuzz", "import", "export" };
#define COMMANDS (sizeof commands / sizeof *commands)

const char *command_find(const char *word)
{
    for (size_t c = 0; c < COMMANDS; c++)
        if (!strcmp(word, commands[c]))
            return commands[c];
    return NULL;
}

/* Whether one letter more, less or another, or two that changed places, make one word of the other. */
static bool is_slip(const char *word, const char *meant)
{
    size_t same = 0, length = strlen(word), other = strlen(meant);
    while (word[same] && word[same] == meant[same])
        same++;
    const char *a = word + same, *b = meant + same;
    if (length == other)
        return length > same &&
               (!strcmp(a + 1, b + 1) || (a[1] && a[0] == b[1] && a[1] == b[0] && !strcmp(a + 2, b + 2)));
    return length == other + 1 ? !strcmp(a + 1, b) : length + 1 == other && !strcmp(a, b + 1);
}

/* "lstmc trian model.lua": a first word that is no file is looked at as a command. */
const char *command_wrong(int count, char **words, char text[COMMAND_WRONG])
{
    const char *word = count ? words[0] : "";
    size_t used = 0;
    if (!count || *word == '-' || strpbrk(word, "./=") || !access(word, F_OK))
        return NULL;
    if (!strcmp(word, "compile") || !strcmp(word, "build")) {
        snprintf(text, COMMAND_WRONG, "there is no command \"%s\": lstmc MODEL.lua compiles", word);
        return text;
    }
    if (!strcmp(word, "help") || !strcmp(word, "version")) {
        snprintf(text, COMMAND_WRONG, "did you mean lstmc --%s?", word);
        return text;
    }
    for (size_t c = 0; c < COMMANDS; c++)
        if (is_slip(word, commands[c])) {
            snprintf(text, COMMAND_WRONG, "unknown command \"%s\": did you mean %s?", word, commands[c]);
            return text;
        }
    if (count < 2 || words[1][0] == '-' || strchr(words[1], '='))
        return NULL;
    used += (size_t)snprintf(text, COMMAND_WRONG, "unknown command \"%.100s\": there are ", word);
    for (size_t c = 0; c < COMMANDS && used < COMMAND_WRONG; c++)
        used += (size_t)snprintf(text + used, COMMAND_WRONG - used, "%s%s",
                                 c == 0 ? "" : c + 1 < COMMANDS ? ", " : " and ", commands[c]);
    return text;
}
