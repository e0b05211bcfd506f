#include "report/slo_words.h"

#include "report/text_part.h"

#include <math.h>
#include <string.h>

bool slo_words_passes(const cJSON *slo)
{
    return cJSON_IsTrue(text_find(slo, "pass"));
}

bool slo_words_undecided(const cJSON *slo)
{
    const char *word = text_string(slo, "judgement");
    return word && strcmp(word, "invalid") == 0;
}

bool slo_words_combined(const cJSON *slo)
{
    return cJSON_GetArraySize(text_find(slo, "terms")) > 0;
}

void slo_words_time(struct str *out, const cJSON *slo)
{
    double at = text_number(slo, "at_us");

    if (!isnan(at)) {
        str_append(out, " at ");
        text_format(out, UNIT_DURATION, at);
    }
}

static void put_one(struct str *out, const cJSON *slo)
{
    double value = text_number(slo, "value");
    const char *reason = text_string(slo, "reason");

    if (isnan(value)) {
        str_append(out, reason ? reason : "not measured");
    } else {
        text_format(out, text_unit(slo), value);
    }
    slo_words_time(out, slo);
}

void slo_words_measured(struct str *out, const cJSON *slo)
{
    const cJSON *term;
    bool is_first = true;

    if (!slo_words_combined(slo)) {
        put_one(out, slo);
        return;
    }
    cJSON_ArrayForEach(term, text_find(slo, "terms"))
    {
        const char *expression = text_string(term, "expr");
        str_printf(out, "%s%s: ", is_first ? "" : "; ",
                   expression ? expression : "?");
        put_one(out, term);
        is_first = false;
    }
}

const char *slo_words_remark(const cJSON *slo)
{
    return slo_words_passes(slo) ? text_string(slo, "reason") : NULL;
}
