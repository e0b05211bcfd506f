#include "model/service.h"

#include "base/hash.h"
#include "base/must.h"

#include <math.h>
#include <string.h>

void service_config_default(struct service_config *config)
{
    *config = (struct service_config){
        .shed_status = 503,
        .shed = {.burst = 1,
                 .codel_target = duration_ms(5),
                 .codel_interval = duration_ms(100),
                 .latency = duration_ms(100),
                 .tiers = 2},
        .cold_factor = 1,
        .cold_orders = 1000,
        .ttl = duration_s(2),
    };
}

static bool is_of_dependency(enum service_fault_kind kind)
{
    return kind == SERVICE_FAULT_DEPENDENCY_ERROR ||
           kind == SERVICE_FAULT_DEPENDENCY_LATENCY ||
           kind == SERVICE_FAULT_DEPENDENCY_CAPACITY;
}

static void check_fault(const struct service_config *config, size_t index,
                        struct errors *errors)
{
    const struct service_fault_config *fault = &config->faults[index];
    struct error *error = NULL;
    if (!(fault->ratio >= 0 && fault->ratio <= 1)) {
        error =
            errors_add(errors, ERROR_BAD_VALUE,
                       "the ratio %g is not between 0 and 1", fault->ratio);
    } else if (is_of_dependency(fault->kind) &&
               config->dependency.workers == 0) {
        error = errors_add(errors, ERROR_BAD_VALUE,
                           "the service has no dependency");
    } else if ((fault->kind == SERVICE_FAULT_CAPACITY ||
                fault->kind == SERVICE_FAULT_DEPENDENCY_CAPACITY) &&
               !(fault->factor > 0 && fault->factor <= 1)) {
        error = errors_add(errors, ERROR_BAD_VALUE,
                           "the factor %g is not above 0 and at most 1",
                           fault->factor);
    } else if ((fault->kind == SERVICE_FAULT_ERROR ||
                fault->kind == SERVICE_FAULT_DEPENDENCY_ERROR) &&
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

static void check_time(const struct service_time_config *config,
                       const char *path, struct errors *errors)
{
    struct service_time time;

    if (!service_time_init(&time, config)) {
        struct error *error =
            errors_add(errors, ERROR_BAD_VALUE,
                       "no lognormal law has this mean and this p99");
        snprintf(error->path, sizeof(error->path), "%s", path);
        error_hint(error, "p99 must be between 1 and 14.9 times the mean");
    }
}

/* Returns the problem, or NULL. */
static const char *find_shed_problem(const struct service_config *config)
{
    const struct shed_config *shed = &config->shed;

    if (shed->mode == SHED_TOKEN_BUCKET &&
        !(shed->rate_per_s > 0 && shed->burst >= 1)) {
        return "shedding by token bucket needs a rate above 0 and a burst of "
               "at least 1";
    }
    if (shed->mode == SHED_CODEL && shed->codel_interval.ns <= 0) {
        return "shedding by codel needs an interval above 0";
    }
    if (shed->mode == SHED_PRIORITY &&
        (shed->tiers < 1 || config->queue_limit == 0)) {
        return "shedding by priority needs tiers, and a queue_limit to share "
               "out";
    }
    return NULL;
}

bool service_config_check(const struct service_config *config,
                          struct errors *errors)
{
    size_t before = errors->count + errors->more;

    check_time(&config->time, "service.service_time", errors);
    check_time(&config->dependency.time, "service.dependency.service_time",
               errors);
    const char *problem = find_shed_problem(config);
    if (problem) {
        struct error *error =
            errors_add(errors, ERROR_BAD_VALUE, "%s", problem);
        snprintf(error->path, sizeof(error->path), "service.shed");
    }
    if (!(config->cold_factor >= 1 && config->cold_orders >= 1 &&
          config->queue_slowdown >= 0)) {
        errors_add(errors, ERROR_BAD_VALUE,
                   "a cold service is slower, not faster");
    }
    must(config->fault_count <= SERVICE_FAULTS_MAX);
    for (size_t i = 0; i < config->fault_count; i++) {
        check_fault(config, i, errors);
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
    service->seed = seed;
    shed_init(&service->shed, &config->shed, config->workers, start);
    must(service_time_init(&service->time, &config->time));
    if (config->dependency.workers > 0) {
        dependency_init(&service->dependency, &config->dependency, arena,
                        seed);
    }
    service->time_stream = rng_stream(seed, RNG_SERVICE_TIME, 0);
    for (uint64_t i = 0; i < SERVICE_FAULTS_MAX; i++) {
        service->fault_streams[i] = rng_stream(seed, RNG_SERVICE_FAULT, i);
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

/* When the first of those that are held up are let go, or INSTANT_NEVER. */
static struct instant next_release(const struct service *service)
{
    struct instant next = INSTANT_NEVER;
    for (size_t i = 0; i < service->config.fault_count; i++) {
        if (service->held[i].orders.first) {
            next = instant_min(next, service->held[i].until);
        }
    }
    return next;
}

struct instant service_next(const struct service *service)
{
    if (service->dropped.first) {
        return service->now;
    }
    struct instant next = next_release(service);
    if (service->serving.count > 0) {
        next = instant_min(
            next,
            after_stall(service, instant_max(heap_next(&service->serving),
                                             service->now)));
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

/* What faults make of one order, or of one call of the dependency. */
struct disturbance {
    double stretch;
    struct duration delay;
};

static void fail(struct service_order *order, uint16_t status)
{
    if (order->status == 0) {
        order->status = status;
        order->end = SERVICE_FAILED;
    }
}

static void disturb_order(struct service *service, struct service_order *order,
                          struct instant at, struct disturbance *disturbance)
{
    for (size_t i = 0; i < service->config.fault_count; i++) {
        const struct service_fault_config *fault = &service->config.faults[i];
        switch (fault->kind) {
        case SERVICE_FAULT_ERROR:
            if (fault_applies(service, i, at)) {
                fail(order, fault->status);
            }
            break;
        case SERVICE_FAULT_LATENCY:
            if (fault_applies(service, i, at)) {
                disturbance->delay =
                    duration_add(disturbance->delay, fault->delay);
            }
            break;
        case SERVICE_FAULT_CLOSE_AFTER:
            if (fault_applies(service, i, at)) {
                order->hang_up = true;
            }
            break;
        case SERVICE_FAULT_CAPACITY:
            if (fault_applies(service, i, at)) {
                disturbance->stretch /= fault->factor;
            }
            break;
        case SERVICE_FAULT_COLD:
            if (fault_applies(service, i, at)) {
                service->warm_orders = 0;
            }
            break;
        case SERVICE_FAULT_STALL:
        case SERVICE_FAULT_RESET_BEFORE:
        case SERVICE_FAULT_DEPENDENCY_ERROR:
        case SERVICE_FAULT_DEPENDENCY_LATENCY:
        case SERVICE_FAULT_DEPENDENCY_CAPACITY:
        case SERVICE_FAULT_PARTITION:
        case SERVICE_FAULT_SPLIT_BRAIN:
            break;
        }
    }
}

/* The call is begun at `at`. Returns the status of the error, or 0. */
static uint16_t disturb_call(struct service *service, struct instant at,
                             struct disturbance *disturbance)
{
    uint16_t status = 0;

    for (size_t i = 0; i < service->config.fault_count; i++) {
        const struct service_fault_config *fault = &service->config.faults[i];
        if (!is_of_dependency(fault->kind) || !fault_applies(service, i, at)) {
            continue;
        }
        if (fault->kind == SERVICE_FAULT_DEPENDENCY_ERROR) {
            status = status ? status : fault->status;
        } else if (fault->kind == SERVICE_FAULT_DEPENDENCY_LATENCY) {
            disturbance->delay =
                duration_add(disturbance->delay, fault->delay);
        } else {
            disturbance->stretch /= fault->factor;
        }
    }
    return status;
}

static void fail_call(struct service_order *order, uint16_t status)
{
    fail(order, status);
    order->dependency_failed = true;
}

/* Calls the dependency for an order. Returns when its worker goes on, or,
 * where the call has failed the order, is free. */
static struct instant call_dependency(struct service *service,
                                      struct service_order *order,
                                      struct instant now)
{
    struct duration timeout = service->config.dependency.timeout;
    struct disturbance disturbance = {.stretch = 1};
    struct dependency *dependency = &service->dependency;
    struct instant start = dependency_start(dependency, now);

    if (start.ns == INT64_MAX) {
        fail_call(order, 503);
        return now;
    }
    uint16_t status = disturb_call(service, start, &disturbance);
    struct instant end = dependency_call(
        dependency, now, start, disturbance.stretch, disturbance.delay);
    if (timeout.ns > 0 && instant_since(end, now).ns > timeout.ns) {
        fail_call(order, 504);
        return instant_add(now, timeout);
    }
    if (status) {
        fail_call(order, status);
    }
    return end;
}

/* By how much the state of the service stretches the time of an order. */
static double find_stretch(const struct service *service)
{
    const struct service_config *config = &service->config;
    double stretch =
        1 + config->queue_slowdown * (double)service->waiting_count;

    if (config->cold_factor > 1) {
        double n = (double)service->warm_orders;
        stretch *= 1 + (config->cold_factor - 1) *
                           exp(-n / (double)config->cold_orders);
    }
    return stretch;
}

/* Draws what service will be like, and starts it. */
static void begin(struct service *service, struct service_order *order,
                  struct instant at)
{
    struct disturbance disturbance = {.stretch = 1};
    struct duration time =
        service_time_draw(&service->time, &service->time_stream);
    struct instant ready = at;

    disturb_order(service, order, at, &disturbance);
    disturbance.stretch *= find_stretch(service);
    if (disturbance.stretch > 1) {
        time = duration_from_ns((double)time.ns * disturbance.stretch);
    }
    time = duration_add(time, disturbance.delay);
    if (service->config.dependency.workers > 0 &&
        order->caller.needs_dependency && order->end != SERVICE_FAILED) {
        ready = call_dependency(service, order, at);
        time = order->end == SERVICE_FAILED ? DURATION_ZERO : time;
    }
    order->started = at;
    heap_set(&service->serving, &order->timer, instant_add(ready, time));
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
    if (shed_drops(&service->shed, order->arrived, at,
                   service->waiting_count)) {
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

/* Puts an order that has come into the queue; false: it is turned away. */
static bool join(struct service *service, struct service_order *order,
                 struct instant now)
{
    const struct shed_arrival arrival = {
        .now = now,
        .tier = order->caller.tier,
        .waiting = service->waiting_count,
        .inside = service->waiting_count + service->serving.count,
        .queue_limit = service->config.queue_limit,
        .starts_at_once = worker_is_free(service) && !service->waiting.first,
    };
    if (!has_room(service) || !shed_admits(&service->shed, &arrival)) {
        return false;
    }
    list_append(&service->waiting, order);
    service->waiting_count++;
    return true;
}

/* Whether fault `i` is on for a connection now; if so, until when. */
static bool is_cut_off(const struct service *service, size_t i,
                       uint64_t connection, struct instant now,
                       struct instant *until)
{
    const struct service_fault_config *fault = &service->config.faults[i];
    struct duration end;
    double place = (double)mix64(mix64(service->seed) ^ connection) / 0x1p64;

    if (!window_find_end(&fault->window, instant_since(now, service->origin),
                         &end) ||
        place >= fault->ratio) {
        return false;
    }
    *until = instant_add(service->origin, end);
    return true;
}

bool service_is_apart(const struct service *service, uint64_t connection,
                      struct instant now)
{
    struct instant until;
    for (size_t i = 0; i < service->config.fault_count; i++) {
        if (service->config.faults[i].kind == SERVICE_FAULT_SPLIT_BRAIN &&
            is_cut_off(service, i, connection, now, &until)) {
            return true;
        }
    }
    return false;
}

bool service_hold(struct service *service, struct service_order *order,
                  uint64_t connection, struct instant now)
{
    struct instant until;

    if (service->orders >= service->orders_max) {
        return false;
    }
    for (size_t i = 0; i < service->config.fault_count; i++) {
        if (service->config.faults[i].kind == SERVICE_FAULT_PARTITION &&
            is_cut_off(service, i, connection, now, &until)) {
            *order = (struct service_order){.arrived = now,
                                            .end = SERVICE_RELEASED};
            advance(service, now);
            service->held[i].until = until;
            list_append(&service->held[i].orders, order);
            service->orders++;
            return true;
        }
    }
    return false;
}

/* Those whose time has come are to be given back. */
static void release_held(struct service *service, struct instant at)
{
    for (size_t i = 0; i < service->config.fault_count; i++) {
        struct service_held *held = &service->held[i];
        while (held->orders.first && !instant_before(at, held->until)) {
            struct service_order *order = list_take(&held->orders);
            order->ended = at;
            list_append(&service->dropped, order);
        }
    }
}

enum service_admission service_arrive(struct service *service,
                                      struct service_order *order,
                                      const struct service_caller *caller,
                                      struct instant now)
{
    *order = (struct service_order){
        .arrived = now,
        .started = INSTANT_NEVER,
        .ended = INSTANT_NEVER,
        .end = SERVICE_PERFORMED,
        .caller = *caller,
    };
    must(now.ns == service->now.ns ||
         instant_before(now, service_next(service)));
    advance(service, now);
    for (size_t i = 0; i < service->config.fault_count; i++) {
        if (service->config.faults[i].kind == SERVICE_FAULT_RESET_BEFORE &&
            fault_applies(service, i, now)) {
            return SERVICE_RESET;
        }
    }
    if (!join(service, order, now)) {
        return SERVICE_REJECTED;
    }
    service->orders++;
    start_waiting(service, now);
    return SERVICE_ADMITTED;
}

static struct service_order *order_of(struct heap_node *node)
{
    return (struct service_order *)((char *)node -
                                    offsetof(struct service_order, timer));
}

static void end_service(struct service *service, struct service_order *order,
                        struct instant at)
{
    order->ended = at;
    service->warm_orders += order->end == SERVICE_PERFORMED;
    shed_learn(&service->shed, order->arrived, at,
               service->waiting_count + service->serving.count + 1);
    service->orders--;
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
        struct heap_node *node = after_stall(service, at).ns == at.ns
                                     ? heap_pop_due(&service->serving, at)
                                     : NULL;
        if (node) {
            order = order_of(node);
            end_service(service, order, at);
        }
        start_waiting(service, at);
        release_held(service, at);
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
    for (size_t i = 0; !order && i < SERVICE_FAULTS_MAX; i++) {
        order = list_take(&service->held[i].orders);
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
    for (size_t i = 0; i < service->config.fault_count; i++) {
        service->held[i].until = now;
    }
    release_held(service, now);
    if (count > 0) {
        memmove(service->config.faults, faults, count * sizeof(*faults));
    }
    service->config.fault_count = count;
    service->origin = now;
    start_waiting(service, now);
}
