/* value_inside: what the files that read values share. value.c reads texts and
 * words and knows them all; the others are named after what they read. Each
 * reader adds an error and returns false where a value is not what its key
 * wants. Nobody else includes it. */
#ifndef SQUALL_PLAN_VALUE_INSIDE_H
#define SQUALL_PLAN_VALUE_INSIDE_H

#include "plan/reader.h"

/* Says what is wrong with the value at reader->path. */
struct error *value_refuse(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "a text", "a number" ... */
const char *value_json_name(const cJSON *value);

/* The choice that a text names, or an error with a did-you-mean. */
bool value_find_choice(struct reader *reader, const struct choice *choices,
                       const char *name, int *found);

/* value_measure: numbers, with a unit and without. */
bool value_in_range(struct reader *reader, const struct key *key,
                    double number, const char *written);
bool value_read_measure(struct reader *reader, const struct key *key,
                        const cJSON *value, void *field);
bool value_read_duration(struct reader *reader, const cJSON *item,
                         struct duration *duration);
bool value_read_number(struct reader *reader, const struct key *key,
                       const cJSON *value, void *field);

/* value_span: from one measure to another. */
bool value_read_span(struct reader *reader, const struct key *key,
                     const cJSON *value, struct fault_span *span);
bool value_read_when(struct reader *reader, const struct key *key,
                     const cJSON *value, struct duration *when);

/* value_list: lists and maps. The first calls `read` for every element of a
 * list, with its place in reader->path. */
bool value_read_each(struct reader *reader, const struct key *key,
                     const cJSON *value, size_t max,
                     bool (*read)(struct reader *, const struct key *,
                                  const cJSON *, size_t, void *),
                     void *field);
bool value_read_texts(struct reader *reader, const struct key *key,
                      const cJSON *value, struct string_list *list);
bool value_read_headers(struct reader *reader, const struct key *key,
                        const cJSON *value, struct header_list *list);
bool value_read_members(struct reader *reader, const struct key *key,
                        const cJSON *value, struct member_list *list);

/* Elements, for value_read_each: each is added to the set that is the field,
 * a choice as the bit of its number. */
bool value_read_status(struct reader *reader, const struct key *key,
                       const cJSON *item, size_t index, void *field);
bool value_read_method(struct reader *reader, const struct key *key,
                       const cJSON *item, size_t index, void *field);
bool value_read_choice_bit(struct reader *reader, const struct key *key,
                           const cJSON *item, size_t index, void *field);

/* value_range: pairs of a low and a high value, and lists of durations. */
bool value_read_mult_range(struct reader *reader, const struct key *key,
                           const cJSON *value, struct jitter_config *jitter);
bool value_read_add_range(struct reader *reader, const struct key *key,
                          const cJSON *value, struct jitter_config *jitter);
bool value_read_jitter(struct reader *reader, const struct key *key,
                       const cJSON *value, struct jitter_config *jitter);
bool value_read_backoff_list(struct reader *reader, const struct key *key,
                             const cJSON *value, void *field);

#endif
