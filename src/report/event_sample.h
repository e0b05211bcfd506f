/*
 * event_sample: which operations of each second are written, where so many a
 * second are to be: a uniform draw, the same for one seed.
 *
 * Each operation has a number by chance, from its own number and the seed of
 * the run; of a second those with the smallest are taken (bottom-k sampling,
 * E. Cohen and H. Kaplan, 2007: as a reservoir, a uniform draw without
 * replacement), so that neither the order in which they come nor the number
 * of threads decides, and a larger draw holds all of a smaller one. Those
 * that went wrong are drawn by themselves, EVENT_SAMPLE_OFFENDERS times as
 * many.
 *
 * It takes 8 bytes for each that is taken. All are offered first; then it is
 * asked.
 */
#ifndef SQUALL_REPORT_EVENT_SAMPLE_H
#define SQUALL_REPORT_EVENT_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

enum { EVENT_SAMPLE_OFFENDERS = 10, EVENT_SAMPLE_MAX = 10000 };

struct event_sample;

/* per_second: from 1 to EVENT_SAMPLE_MAX. */
struct event_sample *event_sample_new(uint64_t per_second, uint64_t seed);
void event_sample_free(struct event_sample *sample);

/* An operation, by the second that it was meant to start in, from 0. */
void event_sample_offer(struct event_sample *sample, uint64_t second,
                        uint64_t operation, bool offends);

/* Whether one is taken; false of one that was never offered. */
bool event_sample_takes(const struct event_sample *sample, uint64_t second,
                        uint64_t operation, bool offends);

/* How many of those offered each one taken stands for, at least 1. Something
 * of that second must have been offered. */
double event_sample_stands_for(const struct event_sample *sample,
                               uint64_t second, bool offends);

#endif
