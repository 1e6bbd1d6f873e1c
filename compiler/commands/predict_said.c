/* predict_said.c: in: samples, of which what the decoder has said is not read.  out: what it says, a line each. */
#include "predict_said.h"
#include "predict_labels.h"
#include "compiler/ship/answer.h"
#include "compiler/session/speaker.h"

bool said_is_wanted(const Model *model, const Arguments *arguments, bool as_text)
{
    return model_says_tokens(model) && as_text && !arguments->stream;
}

const char *search_refused(const Model *model, const Arguments *arguments, bool as_text)
{
    bool said = said_is_wanted(model, arguments, as_text), found = said || labels_are_read(model, arguments, as_text);
    if (arguments->beam && !model_says_tokens(model) && answer_of(model) != ANSWER_LABELS)
        return "--beam: there is nothing to search for: the output is no labels of a sequence, and no decoder";
    if (arguments->beam && !found)
        return "--beam: a search finds what is said of whole samples, in lines of text";
    if (arguments->length_penalty > 0 && !said)
        return "--length-penalty is for what a decoder says";
    return arguments->join && found ? "--join: what is found stands in one line anyway" : NULL;
}

static int say_all(Speaker *speaker, PredictInput *input, const struct lstmc_meaning *meaning, void *x, FILE *to,
                   int (*flush)(void *context), void *context)
{
    int count, status = LSTMC_OK;
    while (!status && (count = predict_input_next(input, x, 1)) != 0) {
        const int32_t *lengths = predict_input_lengths(input), *tokens;
        if (count < 0)
            return count;
        int said = speaker_say(speaker, x, lengths ? *lengths : INT32_MAX, &tokens);
        if (said < 0)
            return LSTMC_NOT_FINITE;
        print_tokens(meaning, tokens, said, to);
        fprintf(to, "\n");
        status = flush(context);
    }
    return status;
}

int predict_said(Session *session, PredictInput *input, const struct lstmc_meaning *meaning, FILE *to,
                 int (*flush)(void *context), void *context)
{
    const struct lstmc_model *m = &description_model(session->description)->descriptor;
    const Arguments *a = &session->arguments;
    Speaker *speaker = speaker_open(session, meaning, a->beam, a->length_penalty);
    void *x = lstmc_alloc(m->input_count * 4);
    int status = speaker && x ? say_all(speaker, input, meaning, x, to, flush, context) : LSTMC_NO_MEMORY;
    if (status == LSTMC_NOT_FINITE)
        snprintf(session->message.text, sizeof session->message.text,
                 "what the model says next is no number: its weights, or what it reads, are beyond floats");
    speaker_close(speaker);
    lstmc_free(x);
    return status;
}
