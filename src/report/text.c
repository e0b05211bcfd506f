#include "report/text.h"

#include "report/text_audit.h"
#include "report/text_capacity.h"
#include "report/text_compare.h"
#include "report/text_diff.h"
#include "report/text_knockout.h"
#include "report/text_part.h"
#include "report/text_tip.h"
#include "report/writer.h"

static void render_run(struct text *text)
{
    text_head(text);
    text_merge(text);
    text_judgement(text);
    text_operations(text);
    text_latency(text);
    text_histogram(text);
    text_series(text);
    text_recovery(text);
    text_attempts(text);
    text_amplification(text);
    text_policy(text);
    text_parts(text, "requests", "Requests");
    text_parts(text, "phases", "Phases");
    text_faults(text);
    text_timeline(text);
    text_unopened(text);
    text_errors(text);
    text_effects(text);
    text_replay(text);
    text_generator(text);
    text_newline(text);
    text_closing(text);
}

static void render_short(struct text *text)
{
    text_head(text);
    text_merge(text);
    text_newline(text);
    text_limit(text);
    text_summary(text);
    text_parts(text, "requests", "Requests");
    text_parts(text, "phases", "Phases");
    text_effects(text);
    text_replay(text);
    text_newline(text);
    text_slos(text);
    text_closing(text);
}

static void render_verdict(struct text *text)
{
    text_missed(text);
    text_closing(text);
}

void text_render(const cJSON *document, const struct text_options *options,
                 struct str *out)
{
    struct text text = {.document = document};

    text_begin(&text, out, options);
    switch (document_kind_of(document)) {
    case DOCUMENT_AUDIT:
        text_audit(&text);
        return;
    case DOCUMENT_COMPARISON:
        text_comparison(&text);
        return;
    case DOCUMENT_KNOCKOUT:
        text_knockout(&text);
        return;
    case DOCUMENT_CAPACITY:
        text_capacity(&text);
        return;
    case DOCUMENT_TIP:
        text_tip(&text);
        return;
    case DOCUMENT_DIFF:
        text_diff(&text);
        return;
    case DOCUMENT_RUN:
    case DOCUMENT_KIND_COUNT:
        break;
    }
    switch (options->depth) {
    case TEXT_SHORT:
        render_short(&text);
        return;
    case TEXT_VERDICT:
        render_verdict(&text);
        return;
    case TEXT_FULL:
        render_run(&text);
        return;
    }
}

void write_text(const struct writer_input *input, struct file_writer *file)
{
    text_render(input->document, &input->style, &file->buffer);
}
