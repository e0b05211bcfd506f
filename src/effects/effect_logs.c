#include "effects/effect_logs.h"

void effect_logs_init(struct effect_logs *logs, struct arena *arena,
                      const struct effect_logs_config *config)
{
    *logs = (struct effect_logs){0};
    if (config->keep_operations) {
        logs->operations = operation_log_new(arena, config->operations_max);
        if (config->keep_times) {
            operation_log_keep_times(logs->operations, arena);
        }
    }
    if (config->keep_answers) {
        logs->answers = answers_log_new(arena, config->operations_max,
                                        config->names_effects);
    }
}

void effect_logs_take(struct effect_logs *logs, const struct fact *fact)
{
    if (logs->operations && fact->kind == FACT_FINISHED &&
        fact->finished.has_effect) {
        operation_log_take(logs->operations, fact);
    } else if (logs->answers && fact->kind == FACT_ANSWERS) {
        answers_log_take(logs->answers, fact);
    }
}
