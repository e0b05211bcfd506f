/* Beginning of the report: what was run. */
#include "report/text_part.h"

#include <string.h>

/* A value of the profile as it was written: a text with its unit, or a bare
 * number. False when it is not there. */
static bool add_setting(struct text *text, const char *path)
{
    const cJSON *item = text_find(text->document, path);
    if (cJSON_IsString(item)) {
        term_untrusted(&text->term, STYLE_PLAIN, item->valuestring, 30);
        return true;
    }
    if (cJSON_IsNumber(item)) {
        text_figure(text, STYLE_PLAIN, UNIT_COUNT, item->valuedouble);
        return true;
    }
    return false;
}

static void add_load(struct text *text)
{
    const cJSON *stages = text_find(text->document, "profile.load.stages");
    const char *model = text_string(text->document, "profile.load.model");
    bool has_rate = text_find(text->document, "profile.load.rate") != NULL;

    if (text_find(text->document, "profile.load.arrivals")) {
        term_write(&text->term, STYLE_PLAIN, "open model, recorded arrivals");
    } else if (has_rate && !(model && strcmp(model, "closed") == 0)) {
        term_write(&text->term, STYLE_PLAIN, "open model, ");
        add_setting(text, "profile.load.rate");
    } else if (cJSON_GetArraySize(stages) > 0) {
        term_write(&text->term, STYLE_PLAIN, "open model, %d stages",
                   cJSON_GetArraySize(stages));
    } else {
        term_write(&text->term, STYLE_PLAIN, "closed model");
        if (text_find(text->document, "profile.load.connections")) {
            term_write(&text->term, STYLE_PLAIN, ", ");
            add_setting(text, "profile.load.connections");
            term_write(&text->term, STYLE_PLAIN, " connections");
        }
    }
}

/* "lost-responses + full-jitter", or the name alone that the profile has. */
static void append_profiles(struct str *out, const cJSON *document)
{
    const cJSON *profile;
    const char *name = text_string(document, "profile.name");

    cJSON_ArrayForEach(profile, text_find(document, "run.profiles"))
    {
        if (cJSON_IsString(profile)) {
            str_printf(out, "%s%s", out->length > 0 ? " + " : "",
                       profile->valuestring);
        }
    }
    if (out->length == 0 && name) {
        str_append(out, name);
    }
}

static int columns_of(const struct text *text, const char *words)
{
    return words ? term_untrusted_columns(&text->term, words) : 0;
}

/* What was asked, on the line of the profiles if there is room. */
static void add_target(struct text *text, int used)
{
    static const char embedded[] = " (embedded target)";
    struct term *term = &text->term;
    const cJSON *run = text_find(text->document, "run");
    const char *target = text_string(run, "target");
    bool is_embedded = cJSON_IsTrue(text_find(run, "embedded_target"));
    int arrow = term->unicode ? 4 : 5;
    int behind = is_embedded ? (int)strlen(embedded) : 0;

    if (!target) {
        return;
    }
    if (used + arrow + columns_of(text, target) + behind > term->width) {
        text_newline(text);
        term_spaces(term, 6);
        used = 6;
    }
    term_sign(term, STYLE_FAINT, "  → ", "  to ");
    term_untrusted(term, STYLE_PLAIN, target,
                   term->width - used - arrow - behind);
    if (is_embedded) {
        term_write(term, STYLE_FAINT, "%s", embedded);
    }
}

/* Who won where profiles disagree. */
static void add_overrides(struct text *text)
{
    const cJSON *override;

    cJSON_ArrayForEach(override, text_find(text->document, "run.overrides"))
    {
        const char *key = text_string(override, "key");
        const char *by = text_string(override, "by");
        const char *of = text_string(override, "of");
        struct str words = STR_INIT;
        str_printf(&words, "%s: %s wins over %s", key ? key : "?",
                   by ? by : "?", of ? of : "?");
        text_wrapped(text, STYLE_WARN, words.text, 2);
        str_release(&words);
    }
}

void text_head(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *run = text_find(text->document, "run");
    struct str profiles = STR_INIT;
    int used = 6;

    term_write(term, STYLE_STRONG, "squall");
    append_profiles(&profiles, text->document);
    if (profiles.length > 0) {
        term_write(term, STYLE_PLAIN, "  ");
        used += 2 + term_untrusted(term, STYLE_STRONG, profiles.text,
                                   term->width - 8);
    }
    add_target(text, used);
    text_newline(text);
    str_release(&profiles);

    text_figure(text, STYLE_PLAIN, UNIT_DURATION,
                text_number(run, "measured_us"));
    term_write(term, STYLE_PLAIN, " measured%s", text_dot(text));
    add_load(text);
    double threads = text_number(run, "threads");
    term_write(term, STYLE_PLAIN, "%s%.0f thread%s%sseed ", text_dot(text),
               threads, threads < 1.5 ? "" : "s", text_dot(text));
    const char *seed = text_string(run, "seed");
    term_untrusted(term, STYLE_PLAIN, seed ? seed : "-", 20);
    text_newline(text);
    add_overrides(text);
}
