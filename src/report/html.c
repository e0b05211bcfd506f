/* The report as one page of HTML: the verdict first, then what happened when,
 * how long it took, what the service felt and did, and how to run it again. It
 * has no script and asks for nothing, so that it can be kept and shown
 * anywhere. */
#include "base/must.h"
#include "report/html_sections.h"
#include "report/text_part.h"
#include "report/writer.h"

static void add_title(struct html *html, enum document_kind kind)
{
    const char *verdict = text_string(html->document, "verdict");
    const char *target = text_string(
        html->document, kind == DOCUMENT_AUDIT ? "target" : "run.target");

    html_add(html, "<title>");
    if (verdict) {
        html_text(html, verdict);
        html_add(html, ": ");
    }
    html_add(html, kind == DOCUMENT_AUDIT        ? "squall audit"
                   : kind == DOCUMENT_COMPARISON ? "squall compare"
                   : kind == DOCUMENT_KNOCKOUT   ? "squall compare --all"
                   : kind == DOCUMENT_CAPACITY   ? "squall capacity"
                   : kind == DOCUMENT_TIP        ? "squall tip"
                                                 : "squall run");
    if (target) {
        html_add(html, ", ");
        html_text(html, target);
    }
    html_add(html, "</title>\n");
}

static void add_run(struct html *html)
{
    html_head(html);
    html_add(html, "<main>\n");
    html_merge(html);
    html_slos(html);
    html_key_figures(html);
    html_time(html);
    html_latency(html);
    html_load(html);
    html_effects(html);
    html_replay(html);
    html_timeline(html);
    html_errors(html);
    html_policy(html);
    html_parts(html);
    html_generator(html);
    html_all(html);
    html_profile(html);
    html_add(html, "</main>\n");
}

/* What a viewer may do with the page: show it. */
static const char policy[] =
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action "
    "'none'\"/>\n";

/* Of a whole page: viewers of artefacts refuse more than 500 KiB. */
enum { PAGE_MAX = 495 * 1024, ROOM_MAX = 256 * 1024, ROOM_MIN = 8 * 1024 };

static void render(struct str *out, const cJSON *document, size_t room)
{
    struct html html = {.out = out, .document = document, .room = room};
    enum document_kind kind = document_kind_of(document);

    html_add(&html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                    "<meta charset=\"utf-8\"/>\n");
    html_add(&html, policy);
    html_add(&html, "<meta name=\"viewport\" content=\"width=device-width, "
                    "initial-scale=1\"/>\n");
    add_title(&html, kind);
    html_style(&html);
    html_add(&html, "</head>\n<body>\n");
    switch (kind) {
    case DOCUMENT_AUDIT:
        html_audit(&html);
        break;
    case DOCUMENT_COMPARISON:
        html_comparison(&html);
        break;
    case DOCUMENT_KNOCKOUT:
        html_knockout(&html);
        break;
    case DOCUMENT_CAPACITY:
        html_capacity(&html);
        break;
    case DOCUMENT_TIP:
        html_tip(&html);
        break;
    case DOCUMENT_DIFF: /* writer.def has no such row */
    case DOCUMENT_RUN:
    case DOCUMENT_KIND_COUNT:
        add_run(&html);
        break;
    }
    html_add(&html, "</body>\n</html>\n");
}

/* What plots take is bounded by their columns; lists have as much room as that
 * leaves them. */
void write_html(const struct writer_input *input, struct file_writer *file)
{
    struct str page = STR_INIT;

    for (size_t room = ROOM_MAX; room >= ROOM_MIN; room /= 2) {
        str_reset(&page);
        render(&page, input->document, room);
        if (page.length <= PAGE_MAX) {
            break;
        }
    }
    str_append_bytes(&file->buffer, page.text, page.length);
    str_release(&page);
}
