/* The secrets in a document. */
#include "base/json.h"

#include "base/mask.h"
#include "base/must.h"
#include "base/unicode.h"

#include <stdlib.h>
#include <string.h>

/* A copy is made only of what is to be changed: a report has a few texts more
 * for every second of the run, and hardly ever a secret in one. */
static void mask_string(cJSON *item)
{
    const char *text = item->valuestring;

    if (!mask_finds(text) && utf8_is_valid(text, strlen(text))) {
        return;
    }
    char *masked = mask_text(text);
    utf8_mend(masked);
    if (strcmp(masked, text) != 0) {
        must(cJSON_SetValuestring(item, masked));
    }
    free(masked);
}

void json_mask(cJSON *tree)
{
    if (cJSON_IsString(tree)) {
        mask_string(tree);
    }
    if (tree->string && !utf8_is_valid(tree->string, strlen(tree->string))) {
        utf8_mend(tree->string);
    }
    for (cJSON *child = tree->child; child; child = child->next) {
        json_mask(child);
    }
}
