#include "base/sort.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;
    return (*left > *right) - (*left < *right);
}

void sort_doubles(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
}
