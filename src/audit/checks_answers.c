/* One caller, one request after the other: replays, keys and payloads. */
#include "audit/auditor.h"

#include "base/must.h"

#include <string.h>

/* Sends a fresh operation; false when it is not accepted, which the check is
 * then skipped for. */
static bool is_accepted(struct auditor *auditor,
                        const struct request_spec *spec,
                        const struct audit_attempt **first)
{
    char words[32];
    *first = auditor_send(auditor, spec);
    if (attempt_is_accepted(*first)) {
        return true;
    }
    unsigned status = (*first)->status;
    finding_skip(&auditor->check->finding,
                 "the first request got %s, no 2xx%s",
                 attempt_words(*first, words, sizeof(words)),
                 status / 100 == 3 ? ": redirects are not followed"
                 : status == 401 || status == 403
                     ? ": credentials are given with --header"
                     : "");
    return false;
}

enum { PLAIN = 6 };

/* How long plain requests take, by which disconnects are timed; and what
 * distinguishes answers: where operations that have nothing in common are
 * answered with one name, it is no name of what was made for them. */
static void learn(struct auditor *auditor,
                  const struct audit_attempt *const *attempts, size_t count)
{
    int64_t took[PLAIN] = {0};
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && took[at - 1] > attempts[i]->took.ns; at--) {
            took[at] = took[at - 1];
        }
        took[at] = attempts[i]->took.ns;
        for (size_t j = 0; j < i; j++) {
            const struct audit_attempt *one = attempts[i], *two = attempts[j];
            auditor->distinguishing.names &=
                !one->identity[0] || strcmp(one->identity, two->identity) != 0;
            auditor->distinguishing.bodies &=
                !hash_equal(one->body, two->body);
        }
    }
    auditor->median.ns = took[count / 2];
}

/* Plain requests: only where one is accepted is there anything to find out.
 * They are shown when none is; a service may fail for a moment, but a
 * rejection will not change. */
static bool is_worth_it(struct auditor *auditor)
{
    enum { TRIES = 3 };
    const struct audit_attempt *attempts[PLAIN];
    size_t count = 0;

    for (unsigned i = 0; i < PLAIN; i++) {
        struct audit_subject subject = auditor_new_subject(auditor);
        struct request_spec spec = {.what = "first", .subject = &subject};
        const struct audit_attempt *attempt;
        if (is_accepted(auditor, &spec, &attempt)) {
            attempts[count++] = attempt;
        } else if (count == 0 &&
                   (i + 1 == TRIES || !attempt_has_failed(attempt) ||
                    attempt->end == END_UNCONNECTED)) {
            auditor->stop_reason =
                "the plain request of IK01 was not accepted";
            return false;
        }
    }
    learn(auditor, attempts, count);
    auditor->check->finding = (struct finding){.verdict = AUDIT_PASS};
    auditor->check->attempt_count = 0;
    return true;
}

void check_IK01(struct auditor *auditor)
{
    struct finding *finding = &auditor->check->finding;
    struct audit_subject subject = auditor_new_subject(auditor);
    struct request_spec spec = {.what = "first", .subject = &subject};
    const struct audit_attempt *first;

    if (!is_worth_it(auditor) || !is_accepted(auditor, &spec, &first)) {
        return;
    }
    spec.what = "again";
    for (unsigned i = 0; i < 2; i++) {
        judge_replay(finding, auditor->options->convention, first,
                     auditor_send(auditor, &spec));
    }
    count_effects(auditor, &subject, 1);
    judge_effects(finding, subject.effects, true);
    if (subject.effects == 0 && auditor->plan->has_ledger) {
        finding_add(finding, AUDIT_FAIL,
                    "or --ledger-key is not what the ledger calls it, or it "
                    "takes longer than --settle");
        auditor->stop_reason = "the ledger has nothing of what IK01 did";
    }
}

void check_IK02(struct auditor *auditor)
{
    struct audit_subject subject = auditor_new_subject(auditor);
    struct request_spec spec = {.what = "first", .subject = &subject};
    const struct audit_attempt *first;

    if (!is_accepted(auditor, &spec, &first)) {
        return;
    }
    spec.what = "again";
    const struct audit_attempt *again = auditor_send(auditor, &spec);
    if (!attempt_is_accepted(again)) {
        char words[32];
        finding_skip(&auditor->check->finding,
                     "the repeated request got %s: there is no replay to mark",
                     attempt_words(again, words, sizeof(words)));
        return;
    }
    judge_marker(&auditor->check->finding, first, again);
}

/* What the key's header may look like is no question when it has none. */
static bool has_key_header(struct auditor *auditor)
{
    bool has = auditor->plan->policy.key.place == KEY_IN_HEADER;
    if (!has) {
        finding_skip(&auditor->check->finding,
                     "the key is in the body, and no header carries it");
    }
    return has;
}

void check_IK03(struct auditor *auditor)
{
    if (!has_key_header(auditor)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct audit_subject subject = auditor_new_subject(auditor);
        subject.key = NULL;
        struct request_spec spec = {
            .what = "no key", .subject = &subject, .key_lines = ""};
        judge_missing(&auditor->check->finding, auditor->options->require_key,
                      auditor_send(auditor, &spec));
    }
}

/* Two operations with a key line each; several such pairs share a reading of
 * the ledger. */
struct pair {
    const char *what;
    bool may_be_key;
    const struct audit_attempt *attempts[2];
};

enum { PAIRS_MAX = SUBJECTS_MAX / 2 };

struct pairs {
    size_t count;
    struct pair list[PAIRS_MAX];
    struct audit_subject subjects[SUBJECTS_MAX];
};

/* keys: what a ledger may call them; NULL: nothing. */
static void send_pair(struct auditor *auditor, struct pairs *pairs,
                      const char *what, const char *const lines[2],
                      const char *const keys[2])
{
    struct pair *pair = &pairs->list[pairs->count];
    pair->what = what;
    for (size_t i = 0; i < 2; i++) {
        struct audit_subject *subject = &pairs->subjects[2 * pairs->count + i];
        *subject = auditor_new_subject(auditor);
        subject->key = keys[i];
        struct request_spec spec = {
            .what = what,
            .subject = subject,
            .key_lines = lines[i],
            .key_shown = keys[i] ? keys[i] : "",
        };
        pair->attempts[i] = auditor_send(auditor, &spec);
    }
    pairs->count++;
}

static void judge_pairs(struct auditor *auditor, struct pairs *pairs)
{
    count_effects(auditor, pairs->subjects, 2 * pairs->count);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pair *pair = &pairs->list[i];
        judge_apart(&auditor->check->finding, pair->what, pair->may_be_key,
                    pair->attempts[0], pair->attempts[1],
                    pairs->subjects[2 * i + 1].effects);
    }
}

static bool bodies_vary(struct auditor *auditor)
{
    if (!auditor->body_varies) {
        finding_skip(&auditor->check->finding,
                     "two operations have the same body: put {{op.id}} into "
                     "it");
    }
    return auditor->body_varies;
}

void check_IK04(struct auditor *auditor)
{
    const char *header = auditor->plan->policy.key.header;
    const char *none[2] = {NULL, NULL};
    struct pairs pairs = {0};
    if (!has_key_header(auditor) || !bodies_vary(auditor)) {
        return;
    }
    const char *empty = auditor_printf(auditor, "%s:\r\n", header);
    const char *quoted = auditor_printf(auditor, "%s: \"\"\r\n", header);
    send_pair(auditor, &pairs, "empty", (const char *[2]){empty, empty}, none);
    send_pair(auditor, &pairs, "\"\"", (const char *[2]){quoted, quoted},
              none);
    /* To those who do not read quotes it is a key of two characters. */
    pairs.list[1].may_be_key = auditor->options->convention != CONVENTION_IETF;
    judge_pairs(auditor, &pairs);
}

void check_IK05(struct auditor *auditor)
{
    static const struct {
        const char *what;
        const char *before, *behind; /* a fresh key; NULL: no key at all */
    } rows[] = {
        {"unbalanced quote", "\"", ""},    {"bare token", "", ""},
        {"integer", NULL, NULL},           {"list", "\"", "\", \"b\""},
        {"two lines", "\"", "\""},         {"not ASCII", "\"", "-\xc3\xa9\""},
        {"control byte", "\"", "-\x01\""}, {"blank inside", "", " x"},
    };
    const char *header = auditor->plan->policy.key.header;

    if (!has_key_header(auditor)) {
        return;
    }
    for (size_t i = 0;
         i < array_length(rows) && !auditor_sees_only_failures(auditor); i++) {
        struct audit_subject subject = auditor_new_subject(auditor);
        struct str value = STR_INIT;
        bool two = strcmp(rows[i].what, "two lines") == 0;
        if (rows[i].before) {
            str_printf(&value, "%s%s%s", rows[i].before, subject.key,
                       rows[i].behind);
        } else {
            str_printf(&value, "%llu%04llu",
                       (unsigned long long)(auditor->plan->run >> 32),
                       (unsigned long long)subject.number);
        }
        struct request_spec spec = {
            .what = rows[i].what,
            .subject = &subject,
            .key_lines =
                two ? auditor_printf(auditor, "%s: %s\r\n%s: \"b%s\"\r\n",
                                     header, value.text, header, subject.key)
                    : auditor_printf(auditor, "%s: %s\r\n", header,
                                     value.text),
            .key_shown = auditor_printf(auditor, "%s", value.text),
        };
        const struct audit_attempt *first = auditor_send(auditor, &spec);
        judge_malformed(&auditor->check->finding, rows[i].what, two, first,
                        auditor_send(auditor, &spec));
        str_release(&value);
    }
}

void check_IK06(struct auditor *auditor)
{
    const char *header = auditor->plan->policy.key.header;
    struct audit_subject subject = auditor_new_subject(auditor);
    struct request_spec spec = {.what = "bare", .subject = &subject};

    if (!has_key_header(auditor)) {
        return;
    }
    spec.key_lines =
        auditor_printf(auditor, "%s: %s\r\n", header, subject.key);
    spec.key_shown = subject.key;
    const struct audit_attempt *bare = auditor_send(auditor, &spec);
    spec.what = "quoted";
    spec.key_lines =
        auditor_printf(auditor, "%s: \"%s\"\r\n", header, subject.key);
    spec.key_shown = auditor_printf(auditor, "\"%s\"", subject.key);
    const struct audit_attempt *quoted = auditor_send(auditor, &spec);
    int64_t effects = count_effects_total(auditor, &subject, 1);
    judge_quoted(&auditor->check->finding, auditor->options->convention, bare,
                 quoted, effects);
}

void check_IK07(struct auditor *auditor)
{
    static const size_t lengths[] = {64, 255, 256, 1024, 8192};
    const char *header = auditor->plan->policy.key.header;
    struct pairs pairs = {0};
    if (!has_key_header(auditor) || !bodies_vary(auditor)) {
        return;
    }
    for (size_t i = 0;
         i < array_length(lengths) && !auditor_sees_only_failures(auditor);
         i++) {
        struct audit_subject some = auditor_new_subject(auditor);
        struct str key = STR_INIT;
        const char *lines[2], *keys[2];

        str_append(&key, some.key);
        while (key.length < lengths[i] - 1) {
            str_append_char(&key, 'k');
        }
        const char *quote =
            auditor->options->convention == CONVENTION_IETF ? "\"" : "";
        for (int last = 0; last < 2; last++) {
            keys[last] = auditor_printf(auditor, "%s%c", key.text, 'a' + last);
            lines[last] = auditor_printf(auditor, "%s: %s%s%s\r\n", header,
                                         quote, keys[last], quote);
        }
        send_pair(auditor, &pairs,
                  auditor_printf(auditor, "%zu bytes", lengths[i]), lines,
                  keys);
        str_release(&key);
    }
    judge_pairs(auditor, &pairs);
}

void check_IK08(struct auditor *auditor)
{
    struct audit_subject subjects[2] = {auditor_new_subject(auditor)};
    struct request_spec spec = {.what = "first", .subject = &subjects[0]};
    const struct audit_attempt *first;

    subjects[1] = auditor_new_sibling(auditor, &subjects[0]);
    if (!bodies_vary(auditor) || !is_accepted(auditor, &spec, &first)) {
        return;
    }
    spec.what = "other payload";
    spec.subject = &subjects[1];
    const struct audit_attempt *other = auditor_send(auditor, &spec);
    judge_mismatch(&auditor->check->finding, auditor->options->convention,
                   false, first, other,
                   count_effects_total(auditor, subjects, 2));
}

void check_IK10(struct auditor *auditor)
{
    struct audit_subject subject = auditor_new_subject(auditor);
    struct request_spec spec = {.what = "first", .subject = &subject};
    const struct audit_attempt *first;

    if (!auditor->can_reorder) {
        finding_skip(&auditor->check->finding,
                     "the body is not a JSON object");
        return;
    }
    if (!is_accepted(auditor, &spec, &first)) {
        return;
    }
    spec.what = "rewritten";
    spec.payload = PAYLOAD_REWRITTEN;
    const struct audit_attempt *again = auditor_send(auditor, &spec);
    count_effects(auditor, &subject, 1);
    judge_rewritten(&auditor->check->finding, auditor->options->convention,
                    first, again, subject.effects);
}

void check_IK16(struct auditor *auditor)
{
    struct audit_subject subject = auditor_new_subject(auditor);
    struct request_spec spec = {
        .what = "rejected", .subject = &subject, .payload = PAYLOAD_REJECTED};

    if (!auditor->request->has_body) {
        finding_skip(&auditor->check->finding,
                     "the request has no body that could be rejected");
        return;
    }
    const struct audit_attempt *first = auditor_send(auditor, &spec);
    if (!attempt_is_rejected(first)) {
        char words[32];
        finding_skip(&auditor->check->finding,
                     "the request that was to be rejected got %s: give one "
                     "with --rejected-body",
                     attempt_words(first, words, sizeof(words)));
        return;
    }
    spec.what = "again";
    const struct audit_attempt *again = auditor_send(auditor, &spec);
    count_effects(auditor, &subject, 1);
    int64_t before = attempt_is_accepted(again) ? -1 : subject.effects;
    spec.what = "corrected";
    spec.payload = PAYLOAD_OWN;
    const struct audit_attempt *corrected = auditor_send(auditor, &spec);
    auditor->check->effects = (struct audit_effects){0};
    count_effects(auditor, &subject, 1);
    judge_rejected(&auditor->check->finding, first, again, corrected, before,
                   subject.effects);
}

/* The same key in two scopes. The operation is the same too: so the service
 * has no other way to distinguish them. Before it, one of the second scope's
 * own: where that is refused, refusing the other says nothing; and a ledger
 * that does not know of it does not count there. */
static void check_scope(struct auditor *auditor, const char *who,
                        bool second_path, bool second_principal)
{
    struct finding *finding = &auditor->check->finding;
    struct audit_subject own = auditor_new_subject(auditor);
    struct audit_subject subject = auditor_new_subject(auditor);
    struct request_spec spec = {.what = "first", .subject = &subject};
    struct request_spec second = {.what = who,
                                  .subject = &subject,
                                  .second_path = second_path,
                                  .second_principal = second_principal};
    const struct audit_attempt *first;
    char words[32];

    second.what = auditor_printf(auditor, "%s, own key", who);
    second.subject = &own;
    const struct audit_attempt *plain = auditor_send(auditor, &second);
    if (!attempt_is_accepted(plain)) {
        finding_skip(finding, "a plain request of %s got %s", who,
                     attempt_words(plain, words, sizeof(words)));
        return;
    }
    if (!is_accepted(auditor, &spec, &first)) {
        return;
    }
    second.what = who;
    second.subject = &subject;
    const struct audit_attempt *other = auditor_send(auditor, &second);
    count_effects(auditor, &own, 1);
    int64_t effects = count_effects_total(auditor, &subject, 1);
    judge_scope(finding, who, first, other, own.effects > 0 ? effects : -1);
}

void check_IK18(struct auditor *auditor)
{
    if (!auditor->options->second_path) {
        finding_skip(&auditor->check->finding,
                     "no second endpoint is known: --second-path /refunds");
        return;
    }
    check_scope(auditor, "the second endpoint", true, false);
}

void check_IK19(struct auditor *auditor)
{
    if (!auditor->options->second_credentials) {
        finding_skip(&auditor->check->finding,
                     "no second user is known: --second-credentials "
                     "'Authorization: ...'");
        return;
    }
    check_scope(auditor, "the second user", false, true);
}
