/* choice: the words that a profile key may take, each with what it means. A
 * list ends with a NULL name. Where a key takes a list of them, the value is
 * the number of a bit. */
#ifndef SQUALL_PLAN_CHOICE_H
#define SQUALL_PLAN_CHOICE_H

struct choice {
    const char *name;
    int value;
    const char *help; /* a whole sentence */
};

extern const struct choice choice_schema[];
extern const struct choice choice_kind[];
extern const struct choice choice_http[];
extern const struct choice choice_engine[];
extern const struct choice choice_load_model[];
extern const struct choice choice_arrival[];
extern const struct choice choice_pool[];
extern const struct choice choice_deadline_rule[];
extern const struct choice choice_class[];
extern const struct choice choice_backoff_type[];
extern const struct choice choice_backoff_cap[];
extern const struct choice choice_decorrelated_low[];
extern const struct choice choice_jitter[];
extern const struct choice choice_hint_format[];
extern const struct choice choice_hint_number[];
extern const struct choice choice_hint_apply[];
extern const struct choice choice_hint_over_max[];
extern const struct choice choice_hint_zero[];
extern const struct choice choice_hint_invalid[];
extern const struct choice choice_hint_negative[];
extern const struct choice choice_hint_past[];
extern const struct choice choice_hint_empty[];
extern const struct choice choice_budget_type[];
extern const struct choice choice_budget_charge[];
extern const struct choice choice_budget_deposit[];
extern const struct choice choice_budget_covers[];
extern const struct choice choice_on_budget_empty[];
extern const struct choice choice_breaker_trip[];
extern const struct choice choice_breaker_window[];
extern const struct choice choice_breaker_close[];
extern const struct choice choice_unit[];
extern const struct choice choice_adaptive[];
extern const struct choice choice_rate_limit[];
extern const struct choice choice_rate_limit_applies[];
extern const struct choice choice_throttle[];
extern const struct choice choice_hedge_trigger[];
extern const struct choice choice_hedge_failure[];
extern const struct choice choice_layer[];
extern const struct choice choice_key_kind[];
extern const struct choice choice_key_scope[];
extern const struct choice choice_key_place[];
extern const struct choice choice_ledger_columns[];
extern const struct choice choice_fault_kind[];
extern const struct choice choice_fault_as[];
extern const struct choice choice_service_time[];
extern const struct choice choice_shed[];
extern const struct choice choice_dependency_use[];
extern const struct choice choice_abandoned[];
extern const struct choice choice_key_mode[];
extern const struct choice choice_service_fault[];
extern const struct choice choice_key_fault[];
extern const struct choice choice_retry_on[];
extern const struct choice choice_refusal[];
extern const struct choice choice_outcome[];

/* The row of a name, or NULL. */
const struct choice *choice_find(const struct choice *choices,
                                 const char *name);

/* The name of a value; it must be there. */
const char *choice_name(const struct choice *choices, int value);

#endif
