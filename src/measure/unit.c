#include "measure/unit.h"

#include "base/must.h"

#include <string.h>

static const struct {
    const char *word, *name, *example;
} units[] = {
#define UNIT(id, word, name, example) {word, name, example},
#include "measure/unit.def"
#undef UNIT
};

const char *unit_word(enum metric_unit unit)
{
    return units[unit].word;
}

const char *unit_name(enum metric_unit unit)
{
    return units[unit].name;
}

const char *unit_example(enum metric_unit unit)
{
    return units[unit].example;
}

bool unit_find(const char *word, enum metric_unit *unit)
{
    for (size_t i = 0; i < array_length(units); i++) {
        if (strcmp(units[i].word, word) == 0) {
            *unit = (enum metric_unit)i;
            return true;
        }
    }
    return false;
}
