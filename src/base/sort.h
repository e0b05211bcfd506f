/* sort: numbers in ascending order. */
#ifndef SQUALL_BASE_SORT_H
#define SQUALL_BASE_SORT_H

#include <stddef.h>

/* None may be NAN. */
void sort_doubles(double *values, size_t count);

#endif
