#include "report/document_slo.h"

#include "report/member.h"

static void add_judgement(cJSON *object, const char *expression,
                          enum metric_unit unit,
                          const struct slo_judgement *judgement)
{
    bool known = judgement->measured;

    cJSON_AddStringToObject(object, "expr", expression);
    cJSON_AddStringToObject(object, "unit", unit_word(unit));
    member_measured(object, "value", known ? judgement->value : -1);
    member_measured(object, "low", known ? judgement->low : -1);
    member_measured(object, "high", known ? judgement->high : -1);
    member_measured(object, "bound", judgement->bound);
    member_measured(object, "baseline", judgement->baseline);
    member_measured(object, "noise", judgement->noise);
    member_us(object, "at_us",
              judgement->at_s < 0 ? -1 : (int64_t)(judgement->at_s * 1e6));
    cJSON_AddStringToObject(object, "judgement",
                            slo_word_name(judgement->word));
    cJSON_AddBoolToObject(object, "pass", judgement->pass);
    cJSON_AddBoolToObject(object, "measured", judgement->measured);
    member_text(object, "reason", judgement->reason);
}

/* Of one that has several. */
static void add_terms(cJSON *object, const struct slo *slo,
                      const struct slo_judgement *judgements)
{
    cJSON *terms = cJSON_AddArrayToObject(object, "terms");

    for (size_t i = 0; slo->term_count > 1 && i < slo->term_count; i++) {
        char text[SLO_TEXT_MAX];
        cJSON *term = cJSON_CreateObject();
        slo_term_text(slo, i, text);
        add_judgement(term, text, slo->terms[i].unit, &judgements[i]);
        cJSON_AddItemToArray(terms, term);
    }
}

void document_slos(cJSON *document, const struct result *result)
{
    cJSON *slos = cJSON_AddArrayToObject(document, "slo");

    for (size_t i = 0; i < result->slo_count; i++) {
        const struct slo *slo = &result->slos[i];
        cJSON *object = cJSON_CreateObject();
        add_judgement(object, slo->text, slo->terms[0].unit,
                      &result->judgements[i]);
        add_terms(object, slo, result->terms[i]);
        cJSON_AddItemToArray(slos, object);
    }
}
