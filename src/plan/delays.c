#include "plan/delays.h"

#include "base/json.h"
#include "base/must.h"
#include "base/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRIES_WITHOUT_LIMIT = 6 };

static const enum outcome_class retried[] = {CLASS_TRANSIENT, CLASS_THROTTLE,
                                             CLASS_TIMEOUT, CLASS_NETWORK};

const char *delays_class_name(size_t n)
{
    return n < array_length(retried) ? outcome_class_name(retried[n]) : NULL;
}

bool delays_find_class(const char *name, enum outcome_class *class,
                       struct errors *errors)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, name);

    for (size_t i = 0; i < array_length(retried); i++) {
        if (strcmp(name, delays_class_name(i)) == 0) {
            *class = retried[i];
            return true;
        }
        suggest_offer(&suggestion, delays_class_name(i));
    }
    struct error *error = errors_add(
        errors, ERROR_USAGE,
        "--class: \"%s\" is no class of endings that is retried", name);
    if (suggestion.best) {
        error_hint(error, "did you mean %s?", suggestion.best);
    } else {
        error_hint(error, "write transient, throttle, timeout or network");
    }
    return false;
}

/* Decimal digits with a point at most: no sign, no exponent, no "nan". */
static bool read_draw(struct delays_draw *draw, const char *text,
                      size_t length)
{
    if (length == 0 || length > DELAYS_WRITTEN_MAX) {
        return false;
    }
    memcpy(draw->written, text, length);
    draw->written[length] = '\0';
    const char *digit = strpbrk(draw->written, "0123456789");
    const char *point = strchr(draw->written, '.');
    if (strspn(draw->written, "0123456789.") != length || !digit ||
        (point && strchr(point + 1, '.'))) {
        return false;
    }
    draw->u = strtod(draw->written, NULL);
    return draw->u <= 1.0;
}

static bool is_there(const struct delays_draws *draws, const char *written)
{
    for (size_t i = 0; i < draws->count; i++) {
        if (strcmp(draws->items[i].written, written) == 0) {
            return true;
        }
    }
    return false;
}

bool delays_read_draws(const char *text, struct delays_draws *draws,
                       struct errors *errors)
{
    struct error *error = NULL;

    draws->count = 0;
    for (const char *end; text; text = *end ? end + 1 : NULL) {
        struct delays_draw draw;
        text += strspn(text, " ");
        end = text + strcspn(text, ",");
        size_t length = (size_t)(end - text);
        while (length > 0 && text[length - 1] == ' ') {
            length--;
        }
        if (!read_draw(&draw, text, length)) {
            error = errors_add(errors, ERROR_USAGE,
                               "--u: \"%.*s\" is not a number from 0 to 1",
                               (int)(length < 60 ? length : 60), text);
            error_hint(error, "write draws with commas between: 0,0.5,1");
        } else if (is_there(draws, draw.written)) {
            error = errors_add(errors, ERROR_USAGE, "--u: %s is there twice",
                               draw.written);
        } else if (draws->count == DELAYS_DRAWS_MAX) {
            error = errors_add(errors, ERROR_USAGE, "--u: more than %d draws",
                               DELAYS_DRAWS_MAX);
            break;
        } else {
            draws->items[draws->count++] = draw;
        }
    }
    return !error;
}

size_t delays_limit(const struct plan *plan)
{
    unsigned max_attempts = plan->policy.retry.max_attempts;
    return max_attempts == 0 ? SIZE_MAX : max_attempts - 1;
}

bool delays_retries_class(const struct plan *plan, enum outcome_class class)
{
    const struct classify_config *classify = &plan->policy.retry.classify;

    for (size_t i = 0; i < classify->count; i++) {
        const struct classify_rule *rule = &classify->rules[i];
        if (rule->as == class &&
            (delays_limit(plan) > 0 || rule->ignore_limit)) {
            return true;
        }
    }
    return false;
}

bool delays_retries(const struct plan *plan)
{
    for (size_t i = 0; i < array_length(retried); i++) {
        if (delays_retries_class(plan, retried[i])) {
            return true;
        }
    }
    return false;
}

static size_t retries_of(const struct plan *plan)
{
    size_t limit = delays_limit(plan);
    if (limit == SIZE_MAX) {
        return RETRIES_WITHOUT_LIMIT;
    }
    if (limit == 0) {
        return 1; /* there is a rule that asks no limit */
    }
    return limit < DELAYS_RETRIES_MAX ? limit : DELAYS_RETRIES_MAX;
}

void delays_make(struct delays *delays, const struct plan *plan,
                 enum outcome_class class, const struct delays_draws *draws,
                 size_t retries)
{
    must(retries <= DELAYS_RETRIES_MAX && draws->count > 0);
    if (!delays_retries(plan)) {
        retries = 0;
    } else if (retries == 0) {
        retries = retries_of(plan);
    }
    *delays = (struct delays){
        .plan = plan, .class = class, .draws = *draws, .retries = retries};
    delays->waits = calloc(draws->count * retries + 1, sizeof(*delays->waits));
    must(delays->waits);

    const struct backoff_config *backoff = &plan->policy.retry.backoff[class];
    struct duration *wait = delays->waits;
    for (size_t draw = 0; draw < draws->count; draw++) {
        double u = draws->items[draw].u;
        struct backoff_state state = {0};
        for (unsigned n = 0; n < retries; n++) {
            *wait++ = backoff_delay(backoff, &state, n, u, u);
        }
    }
}

void delays_release(struct delays *delays)
{
    free(delays->waits);
    *delays = (struct delays){0};
}

struct duration delays_wait(const struct delays *delays, size_t draw,
                            size_t retry)
{
    must(draw < delays->draws.count && retry < delays->retries);
    return delays->waits[draw * delays->retries + retry];
}

cJSON *delays_document(const struct delays *delays, const char *name)
{
    cJSON *document = cJSON_CreateObject();
    must(document);
    cJSON_AddStringToObject(document, "name",
                            delays->plan->name ? delays->plan->name : name);
    cJSON_AddStringToObject(document, "class",
                            outcome_class_name(delays->class));
    cJSON *schedules = cJSON_AddObjectToObject(document, "delays_ms");
    for (size_t draw = 0; draw < delays->draws.count; draw++) {
        cJSON *waits = cJSON_AddArrayToObject(
            schedules, delays->draws.items[draw].written);
        for (size_t i = 0; i < delays->retries; i++) {
            double ns = (double)delays_wait(delays, draw, i).ns;
            cJSON *wait = cJSON_CreateNumber(ns / (double)NS_PER_MS);
            must(waits && wait);
            cJSON_AddItemToArray(waits, wait);
        }
    }
    json_mask(document);
    return document;
}
