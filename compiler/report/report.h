/* report.h: one page of a training: its values, its charts, its layers; the same bytes for the same files. */
#ifndef REPORT_H
#define REPORT_H

#include "compiler/session/session.h"

typedef struct ReportFiles {
    const char *log;            /* in: MODEL.log.csv; NULL: none */
    const char *flow;           /* in: MODEL.gradient_flow.csv; NULL: none */
    const char *page;           /* out */
    /* out: a folder for each chart as a file of its own, made if it is not there; NULL: none */
    const char *pictures;
} ReportFiles;

/* Of a session that is prepared, what its weights predict is in the report too; of one that is only open, the log and
 * the layers. Files are written when everything has been drawn. 0 or an enum lstmc_status, with
 * the session's message. */
int report_of_session(Session *session, const ReportFiles *files);

#endif
