/*
 * differences: in what two profiles differ, a text for each value:
 * load.rate: "100/s"; "200/s" in other.json
 */
#ifndef SQUALL_REPORT_DIFFERENCES_H
#define SQUALL_REPORT_DIFFERENCES_H

#include <cjson/cJSON.h>

enum { DIFFERENCES_MAX = 20 };

/* Adds a text to a list for each path at which two documents have other
 * values, or only one of them has one; up to DIFFERENCES_MAX of them, and then
 * one that says how many there are beyond. `other` names the second. Texts
 * that the list has already are not added again. */
void differences_add(cJSON *texts, const cJSON *first, const cJSON *second,
                     const char *other);

#endif
