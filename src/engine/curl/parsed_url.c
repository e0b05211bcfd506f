#include "engine/curl/parsed_url.h"

#include <stdbool.h>
#include <string.h>

static bool is_same(CURLU *one, CURLU *other)
{
    char *a = NULL, *b = NULL;
    bool same = curl_url_get(one, CURLUPART_URL, &a, 0) == CURLUE_OK &&
                curl_url_get(other, CURLUPART_URL, &b, 0) == CURLUE_OK &&
                strcmp(a, b) == 0;

    curl_free(a);
    curl_free(b);
    return same;
}

static bool is_whole_when_copied(CURLU *parsed)
{
    CURLU *copy = curl_url_dup(parsed);
    bool is_whole = copy && is_same(parsed, copy);

    curl_url_cleanup(copy);
    return is_whole;
}

/* The path as it is: as CURLOPT_PATH_AS_IS says where it is given the text. */
CURLU *parsed_url_new(const char *url)
{
    CURLU *parsed = curl_url();

    if (parsed &&
        curl_url_set(parsed, CURLUPART_URL, url, CURLU_PATH_AS_IS) ==
            CURLUE_OK &&
        is_whole_when_copied(parsed)) {
        return parsed;
    }
    curl_url_cleanup(parsed);
    return NULL;
}
