/* The end of the text about many runs: what was asked of them, and how that
 * came out. */
#include "report/text_part.h"

static const char *member_of(const cJSON *object, const char *path)
{
    const char *word = text_string(object, path);
    return word ? word : "";
}

void text_gates(struct text *text)
{
    const cJSON *gate;

    cJSON_ArrayForEach(gate, text_find(text->document, "gates"))
    {
        bool holds = cJSON_IsTrue(text_find(gate, "pass"));
        bool is_known = cJSON_IsBool(text_find(gate, "pass"));
        term_spaces(&text->term, 2);
        if (is_known) {
            term_sign(&text->term, holds ? STYLE_GOOD : STYLE_BAD,
                      holds ? "✓" : "✗", holds ? "ok" : "no");
        } else {
            term_sign(&text->term, STYLE_FAINT, "–", "-");
        }
        term_write(&text->term, STYLE_FAINT, " %s ",
                   member_of(gate, "option"));
        (void)term_untrusted(&text->term, STYLE_PLAIN, member_of(gate, "expr"),
                             -1);
        if (holds && text_string(gate, "unseen")) {
            term_write(&text->term, STYLE_WARN, "%s%s", text_dot(text),
                       member_of(gate, "unseen"));
        }
        text_newline(text);
    }
}

void text_ending(struct text *text)
{
    const char *problem = text_string(text->document, "run.problem");

    text_newline(text);
    text_verdict_word(text);
    term_write(&text->term, STYLE_PLAIN, "  exit status %.0f",
               text_number(text->document, "run.exit"));
    if (problem) {
        term_write(&text->term, STYLE_PLAIN, "%s", text_dot(text));
        (void)term_untrusted(&text->term, STYLE_PLAIN, problem, -1);
    }
    text_newline(text);
}

void text_sentences(struct text *text, const cJSON *sentences,
                    enum style style)
{
    const cJSON *sentence;

    cJSON_ArrayForEach(sentence, sentences)
    {
        if (cJSON_IsString(sentence)) {
            text_wrapped(text, style, sentence->valuestring, 0);
        }
    }
}
