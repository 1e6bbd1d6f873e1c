/* report.c: in: a session and the files of its training.  out: a page that needs nothing but itself, and single
 * pictures. */
#include "report.h"
#include "charts.h"
#include "page.h"
#include "svg.h"

#include "runtime/files/replace.h"

#include <stdio.h>
#include <string.h>

typedef struct Report {
    Session *session;
    const Model *model;
    TrainingLog log;            /* no epochs: none */
    GradientFlow flow;
    Charts charts;
    Out page;
} Report;

/* ---- parts of the page ---- */

static void put_head(Report *r)
{
    const struct lstmc_model *m = &r->model->descriptor;
    const Session *s = r->session;
    Arena *arena = r->charts.arena;
    const char *base = strrchr(r->model->file, '/');
    page_begin(&r->page, m->name, ": training report");
    const char *line = arena_format(arena, "%s · %zu parameters · loss %s", base ? base + 1 : r->model->file,
                                    m->weight_count, m->loss ? m->loss : "none");
    if (r->log.epochs)
        line = arena_format(arena, "%s · %d epoch%s", line, r->log.epochs, r->log.epochs == 1 ? "" : "s");
    if (s->data.samples)
        line = arena_format(arena, "%s · %zu samples, %zu held out", line, s->data.samples, s->validation.samples);
    page_element(&r->page, "<p>", line, "</p>\n");
}

static void put_cell(Out *page, const double *value, int count, int at, const double *epoch)
{
    if (!value || at < 0 || at >= count)
        put_raw(page, "<td>–</td>");
    else if (epoch)
        svg_put(page, "<td>%.5g <small>(%.0f)</small></td>", value[at], *epoch);
    else
        svg_put(page, "<td>%.5g</td>", value[at]);
}

static void put_pair_of_cells(Out *page, const TrainingLog *log, const double *value, bool larger)
{
    int best = value ? chart_best(value, log->epochs, larger) : -1;
    double epoch = best >= 0 ? chart_epoch(log, best) : 0;
    put_cell(page, value, log->epochs, log->epochs - 1, NULL);
    put_cell(page, value, log->epochs, best, &epoch);
}

static void put_value(Report *r, const char *key)
{
    const TrainingLog *log = &r->log;
    bool larger = chart_larger_is_better(key);
    page_element(&r->page, "<tr><th>", key, "</th>");
    put_pair_of_cells(&r->page, log, training_log_values(log, key), larger);
    put_pair_of_cells(&r->page, log, training_log_values(log, arena_format(r->charts.arena, "val_%s", key)), larger);
    put_raw(&r->page, "</tr>\n");
}

/* A row for each quantity, the loss first: last and best, of training and validation. */
static void put_values(Report *r)
{
    const TrainingLog *log = &r->log;
    put_raw(&r->page, "<div class=\"table\"><table>\n"
                      "<thead><tr><th>value</th><th>training, last</th><th>best (epoch)</th><th>validation, "
                      "last</th><th>best (epoch)</th></tr></thead>\n<tbody>\n");
    if (training_log_values(log, "loss") || training_log_values(log, "val_loss"))
        put_value(r, "loss");
    for (int k = 0; k < log->keys; k++) {
        const char *key = log->key[k], *plain = !strncmp(key, "val_", 4) ? key + 4 : key;
        bool seen = !strcmp(plain, "loss") || (plain != key && training_log_values(log, plain));
        if (!seen && strcmp(key, "learning_rate") && strcmp(key, "lr"))
            put_value(r, plain);
    }
    put_raw(&r->page, "</tbody>\n</table></div>\n");
}

static bool has_section(const Charts *charts, ChartSection section)
{
    bool any = charts->note[section] != NULL;
    for (int i = 0; i < charts->count; i++)
        any |= charts->list[i].section == section;
    return any;
}

static void put_pictures(Report *r, ChartSection section)
{
    for (int i = 0; i < r->charts.count; i++) {
        if (r->charts.list[i].section != section)
            continue;
        put_raw(&r->page, "<figure>\n");
        put_raw(&r->page, r->charts.list[i].picture.text);
        put_raw(&r->page, "</figure>\n");
    }
    if (r->charts.note[section])
        page_element(&r->page, "<p>", r->charts.note[section], "</p>\n");
}

static void put_section(Report *r, ChartSection section, const char *heading)
{
    if (!has_section(&r->charts, section))
        return;
    page_element(&r->page, "<h2>", heading, "</h2>\n");
    if (section == CHART_TRAINING)
        put_values(r);
    put_pictures(r, section);
}

static void put_layers(Report *r)
{
    put_raw(&r->page, "<h2>Layers</h2>\n");
    put_pictures(r, CHART_LAYERS);
    put_raw(&r->page, "<div class=\"table\"><table>\n"
                      "<thead><tr><th>layer</th><th class=\"text\">kind</th><th "
                      "class=\"text\">output</th><th>parameters</th></tr></thead>\n<tbody>\n");
    for (int l = 0; l < r->model->layer_count; l++) {
        const Layer *layer = &r->model->layers[l];
        size_t count = 0;
        for (int w = 0; w < layer->weight_count && !layer->shares; w++)
            count += layer->weights[w]->count;
        page_element(&r->page, "<tr><th>", layer->name, "</th>");
        page_element(&r->page, "<td class=\"text\">", layer->kind, "</td><td class=\"text\">");
        for (int i = 0; i < layer->output.rank; i++)
            svg_put(&r->page, "%s%d", i ? " × " : "", layer->output.extent[i]);
        svg_put(&r->page, "</td><td>%zu%s</td></tr>\n", count,
                count && !layer->trainable ? " <small>frozen</small>" : "");
    }
    put_raw(&r->page, "</tbody>\n</table></div>\n");
}

/* ---- drawing and writing ---- */

static int draw(Report *r, const ReportFiles *files)
{
    Session *s = r->session;
    int status = files->log ? training_log_read(r->charts.arena, files->log, &r->log, &s->message) : LSTMC_OK;
    if (!status && files->flow)
        status = gradient_flow_read(r->charts.arena, files->flow, &r->flow, &s->message);
    if (!status && r->log.epochs)
        charts_of_log(&r->charts, r->model, &r->log);
    if (!status && r->flow.count)
        charts_of_flow(&r->charts, &r->flow);
    if (!status && s->engine.predict)
        status = charts_of_predictions(&r->charts, s);
    if (!status)
        charts_of_model(&r->charts, r->model);
    if (status)
        return status;
    put_head(r);
    put_section(r, CHART_TRAINING, "Training");
    put_section(r, CHART_PREDICTIONS, "Predictions");
    put_section(r, CHART_GRADIENTS, "Gradient flow");
    put_layers(r);
    page_end(&r->page);
    return LSTMC_OK;
}

static int write_text(Session *s, const char *path, const Out *text)
{
    int error = write_file(path, text->text, text->length);
    if (!error)
        return LSTMC_OK;
    snprintf(s->message.text, sizeof s->message.text, "%s: cannot be written: %s", path, lstmc_write_reason(error));
    return LSTMC_IO;
}

static int write_pictures(Report *r, const char *folder)
{
    Session *s = r->session;
    int error = make_folder(folder);
    if (error) {
        snprintf(s->message.text, sizeof s->message.text, "%s: cannot be made: %s", folder, strerror(error));
        return LSTMC_IO;
    }
    int status = LSTMC_OK;
    for (int i = 0; i < r->charts.count && !status; i++) {
        Out file = { 0 };
        svg_document(&file, r->charts.list[i].picture.text);
        status = write_text(s, arena_format(r->charts.arena, "%s/%s.svg", folder, r->charts.list[i].name), &file);
        out_free(&file);
    }
    return status;
}

int report_of_session(Session *session, const ReportFiles *files)
{
    Report r = { .session = session,
                 .model = description_model(session->description),
                 .charts = { .arena = session->arena } };
    int status = draw(&r, files);
    if (!status && files->pictures)
        status = write_pictures(&r, files->pictures);
    if (!status)
        status = write_text(session, files->page, &r.page);
    charts_free(&r.charts);
    out_free(&r.page);
    return status;
}
