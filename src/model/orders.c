#include "model/orders.h"

#include "base/must.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* What the request asked for by the header of faults. */
enum order_failure { ORDER_WORKS, ORDER_FAILS_BEFORE, ORDER_FAILS_AFTER };

/* One order on its way through the service. It outlives its caller, for a
 * service works on for callers who have hung up. */
struct order {
    struct service_order service; /* first: the service hands it back */
    void *waiter;                 /* NULL: the caller has gone */
    enum effect_kind kind;
    enum order_failure failure;
    struct order *attached; /* those that wait for its answer; a list */
    struct key_ticket ticket;
    struct hash128 payload, caller; /* caller: 0 without one */
    struct service_caller from;
    bool was_held;    /* by a partition */
    size_t size;      /* of all of this */
    const char *name; /* or NULL */
    const char *key;  /* or NULL */
    char text[];
};

void orders_init(struct orders *orders, const struct service_config *config,
                 const struct orders_options *options)
{
    orders->counts = (struct order_counts){0};
    orders->shared = NULL;
    orders->arena = (struct arena)ARENA_INIT;
    slab_init(&orders->slab, &orders->arena);
    service_init(&orders->service, config, &orders->arena, options->orders_max,
                 options->seed, options->start);
    keys_init(&orders->keys, config->idempotency, config->ttl,
              config->key_faults, options->keys_max);
    service_effects_init(&orders->effects, options->effects_max);
}

void orders_release(struct orders *orders)
{
    keys_release_all(&orders->keys);
    service_effects_release(&orders->effects);
    arena_release(&orders->arena);
}

void orders_reset(struct orders *orders)
{
    service_effects_reset(&orders->effects);
    keys_reset(&orders->keys);
}

bool orders_has_fault(const struct orders *orders, enum key_fault fault)
{
    return (orders->keys.faults >> fault & 1U) != 0;
}

void orders_read_header(const struct orders *orders,
                        struct order_request *request, const char *name,
                        const char *value)
{
    const char *fault_header = orders->service.config.fault_header;
    const char *tier_header = orders->service.config.tier_header;

    if (strcasecmp(name, "Idempotency-Key") == 0) {
        if (request->keys.count++ == 0) {
            request->keys.value = value;
        }
    } else if (strcasecmp(name, "Authorization") == 0 && !request->caller) {
        request->caller = value;
    }
    if (fault_header && strcasecmp(name, fault_header) == 0 &&
        !request->failure) {
        request->failure = value;
    }
    if (tier_header && strcasecmp(name, tier_header) == 0) {
        request->tier = value;
    }
}

static void let_go(struct orders *orders, struct order *order)
{
    slab_give(&orders->slab, order, order->size);
}

/* What an order is answered. */

static void say_retry_after(const struct orders *orders,
                            struct service_answer *answer, int64_t least_ns)
{
    int64_t wait_ns = orders->service.config.retry_after.ns;
    wait_ns = wait_ns < least_ns ? least_ns : wait_ns;
    answer->retry_after_s =
        wait_ns > 0 ? (uint64_t)((wait_ns - 1) / NS_PER_S + 1) : 0;
}

static void say_shed(struct orders *orders, struct service_answer *answer)
{
    unsigned status = orders->service.config.shed_status;
    service_answer_problem(answer, status ? status : 503,
                           "the service is overloaded");
    say_retry_after(orders, answer, 0);
    orders->counts.shed++;
}

static void say_effect(struct service_answer *answer,
                       const struct order *order, uint64_t number)
{
    char id[EFFECT_ID_MAX];
    service_effects_id(id, order->kind, number);
    service_answer_begin(answer, 201);
    service_answer_append(answer, "{\"id\": ");
    service_answer_append_string(answer, id);
    if (order->name) {
        service_answer_append(answer, ", \"order\": ");
        service_answer_append_string(answer, order->name);
    }
    service_answer_append(answer, "}\n");
}

static void say_replay(struct orders *orders, const struct key_answer *stored,
                       struct service_answer *answer)
{
    orders->counts.replays++;
    if (orders_has_fault(orders, KEY_FAULT_REJECT_REPLAYS)) {
        service_answer_problem(answer, 409, "this was done already");
        return;
    }
    bool is_changed = orders_has_fault(orders, KEY_FAULT_CHANGED_REPLAY);
    service_answer_begin(answer, is_changed ? 200 : stored->status);
    answer->is_replayed = !orders_has_fault(orders, KEY_FAULT_UNMARKED);
    answer->media = stored->status >= 400 ? ANSWER_PROBLEM : ANSWER_JSON;
    service_answer_append(answer, is_changed ? "{\"status\": \"done\"}\n"
                                             : stored->body);
}

static void say_conflict(struct orders *orders, const struct order *order,
                         struct service_answer *answer)
{
    orders->counts.conflicts++;
    keys_note_conflict(&orders->keys, &order->ticket);
    if (orders_has_fault(orders, KEY_FAULT_PLAIN_CONFLICT)) {
        service_answer_begin(answer, 409);
        answer->media = ANSWER_HTML;
        service_answer_append(answer, "<p>Conflict</p>\n");
        return;
    }
    service_answer_problem(answer, 409,
                           "a request with this key is in flight");
    say_retry_after(orders, answer, NS_PER_S); /* the least that can be said */
}

/* The end of an order. */

static void keep_answer(struct orders *orders, const struct order *order,
                        const struct service_answer *answer, bool is_error)
{
    keys_finish(&orders->keys, &order->ticket, answer->status, answer->body,
                is_error, order->service.ended);
}

/* Between the effect and the answer something fails. A store that commits the
 * key with the effect knows the answer all the same. */
static void fail_after(struct orders *orders, const struct order *order,
                       struct service_answer *answer)
{
    static const char why[] = "it failed, as it was asked to";

    if (orders_has_fault(orders, KEY_FAULT_COMMIT_APART)) {
        keys_release(&orders->keys, &order->ticket);
        service_answer_problem(answer, 500, why);
    } else if (orders_has_fault(orders, KEY_FAULT_STUCK_AFTER_ERROR) ||
               orders->keys.mode == KEYS_REPLAY_ERRORS) {
        service_answer_problem(answer, 500, why);
        keep_answer(orders, order, answer, true);
    } else {
        keep_answer(orders, order, answer, false);
        service_answer_problem(answer, 500, why);
    }
}

static void fail(struct orders *orders, const struct order *order,
                 unsigned status, const char *why,
                 struct service_answer *answer)
{
    service_answer_problem(answer, status, why);
    keep_answer(orders, order, answer, true);
}

static void perform(struct orders *orders, const struct order *order,
                    struct service_answer *answer)
{
    if (order->failure == ORDER_FAILS_BEFORE) {
        fail(orders, order, 503, "it is not begun, as it was asked to",
             answer);
        say_retry_after(orders, answer, 0);
        return;
    }
    uint64_t number = service_effects_perform(&orders->effects, order->kind,
                                              order->name, order->key);
    if (number == 0) {
        keys_release(&orders->keys, &order->ticket);
        service_answer_problem(answer, 507, "the ledger is full");
        return;
    }
    orders->counts.effects++;
    say_effect(answer, order, number);
    if (order->failure == ORDER_FAILS_AFTER) {
        fail_after(orders, order, answer);
    } else {
        keep_answer(orders, order, answer, false);
    }
}

static void end_order(struct orders *orders, const struct order *order,
                      struct service_answer *answer)
{
    switch (order->service.end) {
    case SERVICE_PERFORMED:
        perform(orders, order, answer);
        break;
    case SERVICE_FAILED:
        fail(orders, order, order->service.status,
             order->service.dependency_failed ? "the dependency failed"
                                              : "an injected fault",
             answer);
        break;
    case SERVICE_DROPPED:
        keys_release(&orders->keys, &order->ticket);
        say_shed(orders, answer);
        break;
    case SERVICE_RELEASED:
        must_never("it has not arrived");
        break;
    case SERVICE_SKIPPED:
        keys_release(&orders->keys, &order->ticket);
        service_answer_problem(answer, 503, "its caller had disconnected");
        break;
    }
    if (order->service.hang_up) {
        answer->how = ANSWER_CLOSE;
    }
}

/* The beginning of an order. */

/* Without the header, or where that names none, it is the last. */
static uint64_t tier_of(const struct orders *orders,
                        const struct order_request *request)
{
    uint64_t tiers = orders->service.config.shed.tiers;
    const char *text = request->tier;
    uint64_t tier = 0;

    if (!orders->service.config.tier_header) {
        return 1;
    }
    for (; text && *text >= '0' && *text <= '9' && tier < tiers; text++) {
        tier = tier * 10 + (uint64_t)(*text - '0');
    }
    return text && !*text && tier > 0 && tier < tiers ? tier : tiers;
}

static bool needs_dependency(const struct orders *orders,
                             enum effect_kind kind)
{
    switch (orders->service.config.dependency.use) {
    case DEPENDENCY_ALL:
        return true;
    case DEPENDENCY_ORDERS:
        return kind == EFFECT_ORDER;
    case DEPENDENCY_REFUNDS:
        return kind == EFFECT_REFUND;
    }
    must(false);
    return false;
}

static struct hash128 hash_caller(const struct order_request *request)
{
    return request->caller
               ? hash_bytes(request->caller, strlen(request->caller))
               : (struct hash128){0};
}

static enum order_failure failure_asked(const char *text)
{
    if (text && strcmp(text, "before-once") == 0) {
        return ORDER_FAILS_BEFORE;
    }
    return text && strcmp(text, "after-once") == 0 ? ORDER_FAILS_AFTER
                                                   : ORDER_WORKS;
}

/* Keeps what there is to know of the request: it may arrive much later. */
static struct order *new_order(struct orders *orders,
                               const struct order_request *request,
                               const struct request_body *body,
                               const char *key)
{
    size_t name_size = strlen(body->name) + 1;
    size_t key_size = strlen(key) + 1;
    size_t size = sizeof(struct order) + name_size + key_size;
    struct order *order = slab_take(&orders->slab, size);
    if (!order) {
        return NULL;
    }
    memcpy(order->text, body->name, name_size);
    memcpy(order->text + name_size, key, key_size);
    order->size = size;
    order->kind = request->kind;
    order->name = name_size > 1 ? order->text : NULL;
    order->key = key_size > 1 ? order->text + name_size : NULL;
    order->failure = failure_asked(request->failure);
    order->payload = orders_has_fault(orders, KEY_FAULT_BYTE_FINGERPRINT)
                         ? hash_bytes(request->body, request->length)
                         : body->content;
    order->caller = hash_caller(request);
    order->from = (struct service_caller){
        .connection = request->connection,
        .tier = tier_of(orders, request),
        .needs_dependency = needs_dependency(orders, order->kind),
    };
    return order;
}

/* Bytes of the longest body that an order may be answered with. */
static size_t answer_max(const struct order *order)
{
    return 96 + 2 * (order->name ? strlen(order->name) : 0);
}

static enum key_claim claim(struct orders *orders, struct order *order,
                            struct instant now, struct key_answer *stored)
{
    struct key_request request = {
        .kind = order->kind,
        .key = order->key,
        .caller = order->caller,
        .is_apart =
            service_is_apart(&orders->service, order->from.connection, now),
        .payload = order->payload,
        .answer_max = answer_max(order),
    };
    return keys_claim(&orders->keys, &request, now, &order->ticket, stored);
}

/* The order may run: true. Else it is answered, or (*attached) it was attached
 * to the one that runs, and waits for its answer. */
static bool may_run(struct orders *orders, struct order *order,
                    enum key_claim outcome, const struct key_answer *stored,
                    bool *attached, struct service_answer *answer)
{
    bool shares = orders_has_fault(orders, KEY_FAULT_ATTACH);
    struct order *holder = order->ticket.holder;

    switch (outcome) {
    case KEY_RUN:
        if (shares) {
            keys_hold(&orders->keys, &order->ticket, order);
        }
        return true;
    case KEY_REPLAY:
        say_replay(orders, stored, answer);
        return false;
    case KEY_IN_FLIGHT:
        *attached = shares && holder;
        if (*attached) {
            order->attached = holder->attached;
            holder->attached = order;
        } else {
            say_conflict(orders, order, answer);
        }
        return false;
    case KEY_MISMATCH:
        service_answer_problem(answer, 422,
                               "this key belongs to another payload");
        return false;
    case KEY_FULL:
        service_answer_problem(answer, 507, "the key store is full");
        return false;
    }
    must(false);
    return false;
}

/* True: it is in the service. */
static bool enter(struct orders *orders, struct order *order,
                  struct instant now, struct service_answer *answer)
{
    switch (
        service_arrive(&orders->service, &order->service, &order->from, now)) {
    case SERVICE_ADMITTED:
        if (!order->waiter && order->was_held) {
            service_abandon(&order->service);
        }
        return true;
    case SERVICE_REJECTED:
        say_shed(orders, answer);
        break;
    case SERVICE_RESET:
        service_answer_begin(answer, 0);
        answer->how = ANSWER_RESET;
        break;
    }
    keys_release(&orders->keys, &order->ticket);
    return false;
}

/* It arrives at the service. False: it is answered; true: it waits, in the
 * service, or for the answer of another. */
static bool come_in(struct orders *orders, struct order *order,
                    struct instant now, struct service_answer *answer)
{
    struct key_answer stored;
    bool is_attached = false;
    enum key_claim outcome = claim(orders, order, now, &stored);

    if (!may_run(orders, order, outcome, &stored, &is_attached, answer)) {
        return is_attached;
    }
    if (order->failure != ORDER_WORKS &&
        !keys_fails_first(&orders->keys, &order->ticket)) {
        order->failure = ORDER_WORKS;
    }
    return enter(orders, order, now, answer);
}

/* What becomes of them with time. */

struct instant orders_due(const struct orders *orders)
{
    return orders->shared ? orders->service.now
                          : service_next(&orders->service);
}

/* attach: those that waited for the one that ran get the same answer. */
static struct order *next_shared(struct orders *orders)
{
    struct order *order = orders->shared;
    if (order) {
        orders->shared = order->attached;
        orders->answer.is_replayed = orders->answer.status < 400;
    }
    return order;
}

static struct order *next_ended(struct orders *orders, struct instant now)
{
    struct order *order;
    do {
        order = (struct order *)service_step(&orders->service, now);
    } while (order && order->service.end == SERVICE_RELEASED &&
             come_in(orders, order, order->service.ended, &orders->answer));
    if (order && order->service.end != SERVICE_RELEASED) {
        end_order(orders, order, &orders->answer);
        orders->shared = order->attached;
    }
    return order;
}

const struct service_answer *orders_next(struct orders *orders,
                                         struct instant now, void **waiter)
{
    struct order *order;
    do {
        order = next_shared(orders);
        order = order ? order : next_ended(orders, now);
        if (!order) {
            return NULL;
        }
        *waiter = order->waiter;
        let_go(orders, order);
    } while (!*waiter);
    return &orders->answer;
}

void orders_abandon(struct orders *orders, struct order *order)
{
    order->waiter = NULL;
    service_abandon(&order->service);
    orders->counts.abandoned++;
}

/* effect_first: what is refused has happened all the same. */
static void refuse(struct orders *orders, enum effect_kind kind,
                   const char *name, const char *key,
                   struct service_answer *answer)
{
    if (orders_has_fault(orders, KEY_FAULT_EFFECT_FIRST) &&
        service_effects_perform(&orders->effects, kind, *name ? name : NULL,
                                *key ? key : NULL) > 0) {
        orders->counts.effects++;
    }
    service_answer_problem(answer, 400, "the amount is negative");
}

static struct order *submit(struct orders *orders,
                            const struct order_request *request,
                            const struct request_body *body, const char *key,
                            struct instant now, struct service_answer *answer)
{
    struct order *order = new_order(orders, request, body, key);

    if (!order) {
        service_answer_problem(answer, 507, "out of memory");
        return NULL;
    }
    if (service_hold(&orders->service, &order->service, request->connection,
                     now)) {
        order->was_held = true;
        return order;
    }
    if (!come_in(orders, order, now, answer)) {
        let_go(orders, order);
        return NULL;
    }
    return order;
}

/* Whether the request says what is to be done; else the answer says why not.
 */
static bool read_request(const struct orders *orders,
                         const struct order_request *request,
                         struct request_body *body,
                         char key[ORDER_NAME_MAX + 1],
                         struct service_answer *answer)
{
    if (request->is_too_large) {
        service_answer_problem(answer, 413, "the body is larger than 1 MiB");
        return false;
    }
    if (!request_read_body(request->body, request->length, body)) {
        service_answer_problem(
            answer, 400,
            "the body is not a JSON object whose order is 1 to 255 visible "
            "ASCII characters");
        return false;
    }
    switch (request_find_key(&request->keys, orders->keys.faults, key)) {
    case REQUEST_NO_KEY:
    case REQUEST_KEY:
        return true;
    case REQUEST_BAD_KEY:
        service_answer_problem(
            answer, 400,
            "the idempotency key is not 1 to 255 visible ASCII characters, "
            "bare or quoted");
        return false;
    case REQUEST_CRASH:
        service_answer_problem(answer, 500, "the key broke the service");
        return false;
    }
    must(false);
    return false;
}

struct order *orders_place(struct orders *orders,
                           const struct order_request *request,
                           struct instant now, void *waiter,
                           struct service_answer *answer)
{
    struct request_body body;
    char key[ORDER_NAME_MAX + 1];

    must(waiter);
    orders->counts.orders++;
    if (!read_request(orders, request, &body, key, answer)) {
        return NULL;
    }
    if (body.refused) {
        refuse(orders, request->kind, body.name, key, answer);
        return NULL;
    }
    if (!service_effects_has_room(&orders->effects)) {
        service_answer_problem(answer, 507, "the ledger is full");
        return NULL;
    }
    struct order *order = submit(orders, request, &body, key, now, answer);
    if (order) {
        order->waiter = waiter;
    }
    return order;
}

void orders_break_off(struct orders *orders,
                      const struct order_request *request, struct instant now)
{
    char key[ORDER_NAME_MAX + 1];
    struct key_ticket ticket;
    struct key_answer stored;

    if (!orders_has_fault(orders, KEY_FAULT_CLAIM_EARLY) ||
        request_find_key(&request->keys, orders->keys.faults, key) !=
            REQUEST_KEY) {
        return;
    }
    struct key_request claimed = {
        .kind = request->kind,
        .key = key,
        .is_apart =
            service_is_apart(&orders->service, request->connection, now),
    };
    if (keys_claim(&orders->keys, &claimed, now, &ticket, &stored) ==
            KEY_RUN &&
        orders->keys.mode == KEYS_RACY) {
        keys_release(&orders->keys, &ticket); /* it is only looked up */
    }
}
