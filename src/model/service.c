#include "model/service.h"

#include "base/must.h"

#include <math.h>
#include <string.h>

/* The 99th percentile of the standard normal law. */
#define NORMAL_P99 2.3263478740408408

void service_config_default(struct service_config *config)
{
    *config = (struct service_config){
        .shed_status = 503,
        .shed_burst = 1,
        .codel_target = duration_ms(5),
        .codel_interval = duration_ms(100),
        .ttl = duration_s(2),
    };
}

/* With mean m and 99th percentile p: sigma^2 / 2 - z sigma + ln(p / m) = 0.
 * The smaller root is meant; there is none when p is beyond m e^(z^2 / 2). */
static bool solve_lognormal(const struct service_config *config, double *mu,
                            double *sigma)
{
    double mean = (double)config->time_mean.ns;
    double p99 = (double)config->time_p99.ns;
    if (mean <= 0 || p99 < mean) {
        return false;
    }
    double square = NORMAL_P99 * NORMAL_P99 - 2 * log(p99 / mean);
    if (square < 0) {
        return false;
    }
    *sigma = NORMAL_P99 - sqrt(square);
    *mu = log(mean) - *sigma * *sigma / 2;
    return true;
}

static void check_fault(const struct service_fault_config *fault, size_t index,
                        struct errors *errors)
{
    struct error *error = NULL;
    if (!(fault->ratio >= 0 && fault->ratio <= 1)) {
        error =
            errors_add(errors, ERROR_BAD_VALUE,
                       "the ratio %g is not between 0 and 1", fault->ratio);
    } else if (fault->kind == SERVICE_FAULT_CAPACITY &&
               !(fault->factor > 0 && fault->factor <= 1)) {
        error = errors_add(errors, ERROR_BAD_VALUE,
                           "the factor %g is not above 0 and at most 1",
                           fault->factor);
    } else if (fault->kind == SERVICE_FAULT_ERROR &&
               (fault->status < 400 || fault->status > 599)) {
        error = errors_add(errors, ERROR_BAD_VALUE,
                           "%u is not an error status (400 to 599)",
                           (unsigned)fault->status);
    }
    if (error) {
        snprintf(error->path, sizeof(error->path), "service.faults[%zu]",
                 index);
    }
}

bool service_config_check(const struct service_config *config,
                          struct errors *errors)
{
    size_t before = errors->count + errors->more;
    double mu, sigma;

    if (config->time_type == SERVICE_LOGNORMAL &&
        !solve_lognormal(config, &mu, &sigma)) {
        struct error *error =
            errors_add(errors, ERROR_BAD_VALUE,
                       "no lognormal law has this mean and this p99");
        snprintf(error->path, sizeof(error->path), "service.service_time");
        error_hint(error, "p99 must be between 1 and 14.9 times the mean");
    }
    if (config->shed == SHED_TOKEN_BUCKET &&
        !(config->shed_rate_per_s > 0 && config->shed_burst >= 1)) {
        struct error *error = errors_add(
            errors, ERROR_BAD_VALUE,
            "shedding by token bucket needs a rate above 0 and a burst of at "
            "least 1");
        snprintf(error->path, sizeof(error->path), "service.shed");
    }
    if (config->shed == SHED_CODEL && config->codel_interval.ns <= 0) {
        struct error *error =
            errors_add(errors, ERROR_BAD_VALUE,
                       "shedding by codel needs an interval above 0");
        snprintf(error->path, sizeof(error->path), "service.shed");
    }
    must(config->fault_count <= SERVICE_FAULTS_MAX);
    for (size_t i = 0; i < config->fault_count; i++) {
        check_fault(&config->faults[i], i, errors);
    }
    return errors->count + errors->more == before;
}

void service_init(struct service *service, const struct service_config *config,
                  struct arena *arena, size_t orders_max, uint64_t seed,
                  struct instant start)
{
    memset(service, 0, sizeof(*service));
    service->config = *config;
    service->orders_max = orders_max;
    service->now = start;
    service->origin = start;
    service->shed_tokens = config->shed_burst;
    service->shed_filled = start;
    service->codel.first_above = INSTANT_NEVER;
    service->time_stream = rng_stream(seed, RNG_SERVICE_TIME, 0);
    for (uint64_t i = 0; i < SERVICE_FAULTS_MAX; i++) {
        service->fault_streams[i] = rng_stream(seed, RNG_SERVICE_FAULT, i);
    }
    if (config->time_type == SERVICE_LOGNORMAL) {
        must(solve_lognormal(config, &service->lognormal_mu,
                             &service->lognormal_sigma));
    }
    size_t served_max = orders_max;
    if (config->workers > 0 && config->workers < orders_max) {
        served_max = (size_t)config->workers;
    }
    heap_init(&service->serving, arena, served_max);
}

static void list_append(struct service_list *list, struct service_order *order)
{
    order->next = NULL;
    if (list->last) {
        list->last->next = order;
    } else {
        list->first = order;
    }
    list->last = order;
}

static struct service_order *list_take(struct service_list *list)
{
    struct service_order *order = list->first;
    if (order) {
        list->first = order->next;
        if (!list->first) {
            list->last = NULL;
        }
        order->next = NULL;
    }
    return order;
}

/* Time as the model sees it never runs backwards. */
static void advance(struct service *service, struct instant now)
{
    must(!instant_before(now, service->now));
    service->now = now;
}

/* The first instant from `at` on that lies in no stall. Windows that follow
 * on each other are crossed one by one; a repeating pair that leaves no gap
 * is given up after SERVICE_FAULTS_MAX rounds as a stall without end. */
static struct instant after_stall(const struct service *service,
                                  struct instant at)
{
    for (size_t round = 0; round <= SERVICE_FAULTS_MAX; round++) {
        struct instant from = at;
        for (size_t i = 0; i < service->config.fault_count; i++) {
            const struct service_fault_config *fault =
                &service->config.faults[i];
            struct duration end;
            if (fault->kind == SERVICE_FAULT_STALL && at.ns != INT64_MAX &&
                window_find_end(&fault->window,
                                instant_since(at, service->origin), &end)) {
                at = instant_add(service->origin, end);
            }
        }
        if (at.ns == from.ns) {
            return at;
        }
    }
    return INSTANT_NEVER;
}

static bool worker_is_free(const struct service *service)
{
    return service->serving.count < service->serving.capacity;
}

struct instant service_next(const struct service *service)
{
    if (service->dropped.first) {
        return service->now;
    }
    struct instant next = INSTANT_NEVER;
    if (service->serving.count > 0) {
        next = after_stall(
            service, instant_max(heap_next(&service->serving), service->now));
    }
    if (service->waiting.first && worker_is_free(service)) {
        next = instant_min(next, after_stall(service, service->now));
    }
    return next;
}

/* Draws whether fault `i` is injected now. Nothing is drawn outside its
 * window. */
static bool fault_applies(struct service *service, size_t i, struct instant at)
{
    const struct service_fault_config *fault = &service->config.faults[i];
    return window_contains(&fault->window,
                           instant_since(at, service->origin)) &&
           rng_unit(&service->fault_streams[i]) < fault->ratio;
}

static struct duration draw_time(struct service *service)
{
    const struct service_config *config = &service->config;
    switch (config->time_type) {
    case SERVICE_CONSTANT:
        return config->time_mean;
    case SERVICE_EXPONENTIAL:
        return rng_exponential(&service->time_stream, config->time_mean);
    case SERVICE_LOGNORMAL:
        return duration_from_ns(
            exp(service->lognormal_mu +
                service->lognormal_sigma * rng_normal(&service->time_stream)));
    }
    must(false);
    return DURATION_ZERO;
}

/* Draws what service will be like, and starts it. */
static void begin(struct service *service, struct service_order *order,
                  struct instant at)
{
    double stretch = 1;
    struct duration time = draw_time(service);
    struct duration delay = DURATION_ZERO;

    for (size_t i = 0; i < service->config.fault_count; i++) {
        const struct service_fault_config *fault = &service->config.faults[i];
        switch (fault->kind) {
        case SERVICE_FAULT_ERROR:
            if (fault_applies(service, i, at) && order->status == 0) {
                order->status = fault->status;
                order->end = SERVICE_FAILED;
            }
            break;
        case SERVICE_FAULT_LATENCY:
            if (fault_applies(service, i, at)) {
                delay = duration_add(delay, fault->delay);
            }
            break;
        case SERVICE_FAULT_CLOSE_AFTER:
            if (fault_applies(service, i, at)) {
                order->hang_up = true;
            }
            break;
        case SERVICE_FAULT_CAPACITY:
            if (fault_applies(service, i, at)) {
                stretch /= fault->factor;
            }
            break;
        case SERVICE_FAULT_STALL:
        case SERVICE_FAULT_RESET_BEFORE:
            break;
        }
    }
    if (stretch > 1) {
        time = duration_from_ns((double)time.ns * stretch);
    }
    order->started = at;
    heap_set(&service->serving, &order->timer,
             instant_add(at, duration_add(time, delay)));
}

/* The control law of CoDel (RFC 8289, section 5): drop one order each
 * interval / sqrt(count) for as long as every order has waited longer than
 * the target for an interval. */
static bool codel_drops(struct service *service, struct instant arrived,
                        struct instant at)
{
    struct service_codel *codel = &service->codel;
    struct duration interval = service->config.codel_interval;
    bool above =
        instant_since(at, arrived).ns >= service->config.codel_target.ns &&
        service->waiting_count > 0;

    if (!above) {
        codel->first_above = INSTANT_NEVER;
        codel->dropping = false;
        return false;
    }
    if (codel->first_above.ns == INT64_MAX) {
        codel->first_above = instant_add(at, interval);
    }
    if (instant_before(at, codel->first_above)) {
        return false;
    }
    if (!codel->dropping) {
        /* A relapse soon after resumes near the rate that helped before. */
        uint64_t since = codel->count - codel->last_count;
        bool relapse =
            codel->count > 0 &&
            instant_since(at, codel->drop_next).ns / 16 < interval.ns;
        codel->dropping = true;
        codel->count = relapse && since > 1 ? since : 1;
        codel->last_count = codel->count;
        codel->drop_next = at;
    } else if (instant_before(at, codel->drop_next)) {
        return false;
    } else {
        codel->count++;
    }
    codel->drop_next = instant_add(
        codel->drop_next,
        duration_from_ns((double)interval.ns / sqrt((double)codel->count)));
    return true;
}

/* Whether a waiting order is served now that its turn has come; if not, how
 * it ends. */
static bool is_still_wanted(struct service *service,
                            struct service_order *order, struct instant at)
{
    const struct service_config *config = &service->config;
    if (order->gone && config->abandoned == ABANDONED_SKIP) {
        order->end = SERVICE_SKIPPED;
        return false;
    }
    if (config->abandoned == ABANDONED_DEADLINE &&
        instant_since(at, order->arrived).ns > config->abandoned_deadline.ns) {
        order->end = SERVICE_DROPPED;
        return false;
    }
    if (config->shed == SHED_CODEL &&
        codel_drops(service, order->arrived, at)) {
        order->end = SERVICE_DROPPED;
        return false;
    }
    return true;
}

/* Gives free workers what waits. */
static void start_waiting(struct service *service, struct instant at)
{
    while (service->waiting.first && worker_is_free(service) &&
           after_stall(service, at).ns == at.ns) {
        struct service_order *order = list_take(&service->waiting);
        service->waiting_count--;
        if (is_still_wanted(service, order, at)) {
            begin(service, order, at);
        } else {
            order->ended = at;
            list_append(&service->dropped, order);
        }
    }
}

static bool take_token(struct service *service, struct instant now)
{
    const struct service_config *config = &service->config;
    double seconds =
        duration_in_seconds(instant_since(now, service->shed_filled));
    service->shed_tokens =
        fmin(config->shed_burst,
             service->shed_tokens + seconds * config->shed_rate_per_s);
    service->shed_filled = now;
    if (service->shed_tokens < 1) {
        return false;
    }
    service->shed_tokens -= 1;
    return true;
}

/* An order that starts at once does not wait, so the limit is not asked. */
static bool has_room(const struct service *service)
{
    const struct service_config *config = &service->config;
    if (service->orders >= service->orders_max) {
        return false;
    }
    if (config->workers == 0 || config->queue_limit == 0) {
        return true;
    }
    return (worker_is_free(service) && !service->waiting.first) ||
           service->waiting_count < config->queue_limit;
}

enum service_admission service_arrive(struct service *service,
                                      struct service_order *order,
                                      struct instant now)
{
    *order = (struct service_order){
        .arrived = now,
        .started = INSTANT_NEVER,
        .ended = INSTANT_NEVER,
        .end = SERVICE_PERFORMED,
    };
    must(instant_before(now, service_next(service)));
    advance(service, now);
    for (size_t i = 0; i < service->config.fault_count; i++) {
        if (service->config.faults[i].kind == SERVICE_FAULT_RESET_BEFORE &&
            fault_applies(service, i, now)) {
            return SERVICE_RESET;
        }
    }
    if (!has_room(service)) {
        return SERVICE_REJECTED;
    }
    if (service->config.shed == SHED_TOKEN_BUCKET &&
        !take_token(service, now)) {
        return SERVICE_REJECTED;
    }
    service->orders++;
    list_append(&service->waiting, order);
    service->waiting_count++;
    start_waiting(service, now);
    return SERVICE_ADMITTED;
}

static struct service_order *order_of(struct heap_node *node)
{
    return (struct service_order *)((char *)node -
                                    offsetof(struct service_order, timer));
}

struct service_order *service_step(struct service *service, struct instant now)
{
    for (;;) {
        struct service_order *order = list_take(&service->dropped);
        if (order) {
            service->orders--;
            return order;
        }
        struct instant at = service_next(service);
        if (at.ns == INT64_MAX || instant_before(now, at)) {
            return NULL;
        }
        advance(service, at);
        struct heap_node *node = heap_pop_due(&service->serving, at);
        if (node) {
            order = order_of(node);
            order->ended = at;
            service->orders--;
        }
        start_waiting(service, at);
        if (node) {
            return order;
        }
    }
}

struct service_order *service_withdraw(struct service *service)
{
    struct service_order *order = list_take(&service->dropped);
    if (!order) {
        order = list_take(&service->waiting);
        service->waiting_count -= order != NULL;
    }
    if (!order) {
        struct heap_node *node =
            heap_pop_due(&service->serving, INSTANT_NEVER);
        order = node ? order_of(node) : NULL;
    }
    service->orders -= order != NULL;
    return order;
}

void service_abandon(struct service_order *order)
{
    order->gone = true;
}

void service_set_faults(struct service *service,
                        const struct service_fault_config *faults,
                        size_t count, struct instant now)
{
    must(count <= SERVICE_FAULTS_MAX);
    must(instant_before(now, service_next(service)));
    advance(service, now);
    if (count > 0) {
        memmove(service->config.faults, faults, count * sizeof(*faults));
    }
    service->config.fault_count = count;
    service->origin = now;
    start_waiting(service, now);
}
