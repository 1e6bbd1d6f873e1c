/* test_export_pytorch.c: the module in Python that goes with a state dict: how states are handed over and what is looked at
 * (tests/clients.sh lets PyTorch run such modules); what torch.nn cannot say is refused by name. */
#include "compiler/front/read_lua.h"
#include "compiler/interchange/export.h"
#include "command.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the exporter says of it, and m.py of the folder. */
static char *exported(const char *folder, const char *text, bool *good)
{
    char *said = NULL, path[256];
    size_t length = 0;
    FILE *to = open_memstream(&said, &length);
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = description_read_text(arena, diagnostics, "m.lua", text, strlen(text),
                                                     &(ReadOptions){ .silent = true });
    if (!description)
        diagnostics_print(diagnostics, stderr);
    cr_assert_not_null(description, "%s", text);
    const Model *model = description_model(description);
    float *weights = arena_array(arena, float, model->descriptor.weight_count + 1);
    for (size_t i = 0; i < model->descriptor.weight_count; i++)
        weights[i] = (float)i;
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    ExportRequest request = { .model = model, .weights = weights, .format = "pytorch", .path = path };
    *good = export_file(arena, diagnostics, &request);
    diagnostics_print(diagnostics, to);
    fclose(to);
    description_free(description);
    arena_free(arena);
    return said;
}

typedef struct Case {
    const char *description, *lines;    /* or what is said where it is refused */
} Case;

static void expect_lines(const Case *cases, size_t count)
{
    char *folder = command_folder();
    for (size_t i = 0; i < count; i++) {
        bool good;
        char *said = exported(folder, cases[i].description, &good), *python = command_read_file(folder, "m.py");
        cr_expect(good, "%s", said);
        cr_expect(python && strstr(python, cases[i].lines), "no\n%s\nin\n%s", cases[i].lines, python ? python : "nothing");
        free(python);
        free(said);
    }
    command_folder_remove(folder);
}

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define GRAPH(inner) "local x = Input{5, 6}\n" inner ", name = 'm' }"

Test(export_pytorch, states)
{
    static const Case cases[] = {
        { GRAPH("local s, h, c = LSTM{4, return_state = true}(x)\n"
                "return Model{ inputs = x, outputs = LSTM{4, return_sequences = true}{x, initial_state = {h, c}}"),
          "        lstm, lstm_states = self.lstm(input)\n        lstm = lstm[:, -1]\n        lstm_h = lstm_states[0][0]\n"
          "        lstm_c = lstm_states[1][0]\n"
          "        lstm_1, _ = self.lstm_1(input, (torch.stack([lstm_h]), torch.stack([lstm_c])))\n" },
        { GRAPH("local s, h, c, g, d = Bidirectional{LSTM{4, return_state = true}, merge_mode = 'sum'}(x)\n"
                "return Model{ inputs = x, outputs = Bidirectional{LSTM{4, return_sequences = true}}{x, initial_state = {h, c, g, d}}"),
          "        _, bidirectional_states = self.bidirectional(input)\n        h = bidirectional_states[0]\n"
          "        forward, backward = h[0], h[1]\n        bidirectional = forward + backward\n"
          "        bidirectional_forward_h = bidirectional_states[0][0]\n"
          "        bidirectional_forward_c = bidirectional_states[1][0]\n"
          "        bidirectional_backward_h = bidirectional_states[0][1]\n"
          "        bidirectional_backward_c = bidirectional_states[1][1]\n"
          "        bidirectional_1, _ = self.bidirectional_1(input, (torch.stack([bidirectional_forward_h, "
          "bidirectional_backward_h]), torch.stack([bidirectional_forward_c, bidirectional_backward_c])))\n" },
        { GRAPH("local s, h, g = Bidirectional{GRU{4, return_sequences = true, return_state = true}}(x)\n"
                "return Model{ inputs = x, outputs = SimpleRNN{4, go_backwards = true}{s, initial_state = g}"),
          "        bidirectional, bidirectional_states = self.bidirectional(input)\n"
          "        bidirectional_backward_h = bidirectional_states[1]\n"
          "        simple_rnn, _ = self.simple_rnn(bidirectional.flip(1), torch.stack([bidirectional_backward_h]))\n" },
        /* a name that is taken, a layer that is called again with other states */
        { GRAPH("local r, y = GRU{4, return_state = true, name = 'r'}, Dense{4, name = 'r_states'}(x)\n"
                "local _, h = r(x)\nlocal again, g = r{x, initial_state = h}\nreturn Model{ inputs = x, outputs = {y, g}"),
          "        r, r_states_ = self.r(input)\n        r = r[:, -1]\n        r_h = r_states_[0]\n"
          "        r_call_2, r_call_2_states = self.r(input, torch.stack([r_h]))\n        r_call_2 = r_call_2[:, -1]\n"
          "        r_call_2_h = r_call_2_states[0]\n" },
    };
    expect_lines(cases, COUNT(cases));
}

Test(export_pytorch, attention)
{
    static const Case cases[] = {
        { GRAPH("local v = GRU{4, return_sequences = true}(x)\nreturn Model{ inputs = x, outputs = Attention{dropout = 0.25}(x, v, x)"),
          "        scores = input @ input.transpose(1, 2)\n"
          "        attention = F.dropout(torch.softmax(scores, -1), 0.25, self.training) @ gru\n" },
        { "return Sequential{ Input{5, 6}, AdditiveAttention{causal = true}, name = 'm' }",
          "        scores = (self.additive_attention['scale'] * torch.tanh(x.unsqueeze(2) + x.unsqueeze(1))).sum(-1)\n"
          "        later = torch.ones(5, 5, dtype=torch.bool, device=x.device).triu(1)\n"
          "        scores = scores.masked_fill(later, float('-inf'))\n        x = torch.softmax(scores, -1) @ x\n" },
        { GRAPH("local v, k = GRU{4, return_sequences = true}(x), GRU{3, return_sequences = true, name = 'k'}(x)\n"
                "return Model{ inputs = x, outputs = MultiHeadAttention{3, 2, dropout = 0.5}(x, v, k)"),
          "        self.multi_head_attention = nn.MultiheadAttention(6, 3, dropout=0.5, kdim=3, vdim=4, batch_first=True)\n\n"
          "    def forward(self, input):\n        gru, _ = self.gru(input)\n        k, _ = self.k(input)\n"
          "        multi_head_attention, _ = self.multi_head_attention(input, k, gru, need_weights=False)\n" },
        { "return Sequential{ Input{5, 6}, Dense{4}, MultiHeadAttention{2, 2, use_causal_mask = true}, name = 'm' }",
          "        later = torch.ones(5, 5, dtype=torch.bool, device=x.device).triu(1)\n"
          "        x, _ = self.multi_head_attention(x, x, x, need_weights=False, attn_mask=later)\n" },
    };
    expect_lines(cases, COUNT(cases));
}

/* Whatever the length of a line. */
Test(export_pytorch, many_in_one)
{
    char description[8000] = "local x, all = Input{5, 6}, {}\n"
                             "for i = 1, 90 do all[i] = Dense{1, name = 'one_of_the_many_' .. i}(x) end\n"
                             "return Model{ inputs = x, outputs = Concatenate{}(table.unpack(all)), name = 'm' }";
    expect_lines(&(Case){ description, "one_of_the_many_89, one_of_the_many_90], -1)\n        return concatenate\n" }, 1);
}

Test(export_pytorch, what_torch_cannot_say)
{
    static const Case cases[] = {
        { "return Sequential{ Input{5, 6}, MultiHeadAttention{2, 2}, name = 'm' }",
          "multi_head_attention (MultiHeadAttention): in nn.MultiheadAttention the heads have the width of the query together: "
          "2 heads of 2 are not 6" },
        { "return Sequential{ Input{5, 6}, MultiHeadAttention{2, 3, value_dim = 4}, name = 'm' }",
          "multi_head_attention (MultiHeadAttention): in nn.MultiheadAttention value_dim is key_dim" },
        { "return Sequential{ Input{5, 6}, MultiHeadAttention{2, 3, output_shape = 4}, name = 'm' }",
          "multi_head_attention (MultiHeadAttention): in nn.MultiheadAttention output_shape is the width of the query, 6" },
        { "return Sequential{ Input{5, 6}, Masking{}, Attention{}, name = 'm' }",
          "attention (Attention): PyTorch's modules know no masks" },
        { GRAPH("local s, h = GRU{4, return_state = true, reset_after = false}(x)\nreturn Model{ inputs = x, outputs = h"),
          "gru (GRU): nn.GRU has the form with reset_after" },
    };
    char *folder = command_folder();
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool good;
        char *said = exported(folder, cases[i].description, &good);
        cr_expect(!good && strstr(said, cases[i].lines), "no %s in\n%s", cases[i].lines, said);
        cr_expect_eq(command_count_files(folder), 0);
        free(said);
    }
    command_folder_remove(folder);
}
