/*
 * hdr: histograms as HdrHistogram's libraries write them, so that other tools
 * read them: version 2 of the encoding, compressed by zlib, in base64.
 *
 * The buckets of measure/hist are those of a histogram with 3 significant
 * digits from 1 to 3,600,000,000, and the values are microseconds. What is
 * known without a value (a call that was given up) is in no bucket.
 */
#ifndef SQUALL_REPORT_HDR_H
#define SQUALL_REPORT_HDR_H

#include "base/str.h"
#include "measure/hist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `count` counters, the first HIST_BUCKETS at most, of hist's layout. */
void hdr_append(struct str *out, const uint64_t *counts, size_t count);

/* Calls for each counter that is not empty, by its index; returns as hdr_read
 * does, and calls may have been made then. */
typedef void hdr_visit(void *context, size_t index, uint64_t count);
bool hdr_walk(const char *text, hdr_visit *visit, void *context);

/* Reads such a text into HIST_BUCKETS counters. False where it is none, or one
 * of other buckets; the counters are anything then. The text may be hostile.
 */
bool hdr_read(const char *text, uint64_t *counts);

#endif
