/*
 * parsed_url: a URL that libcurl has read once, for requests of which it is
 * always the same.
 *
 * Of a text (CURLOPT_URL) libcurl makes out the parts anew for every request,
 * which takes it an eighth of all that a request takes; of a URL that it has
 * read (CURLOPT_CURLU) it makes a copy.
 */
#ifndef SQUALL_ENGINE_CURL_PARSED_URL_H
#define SQUALL_ENGINE_CURL_PARSED_URL_H

#include <curl/curl.h>

/* NULL: libcurl has no memory for it, does not understand it, or loses a part
 * of it in copies, as some releases do with the zone of an address. Then it is
 * to be given the text. Else released with curl_url_cleanup, after the handles
 * that have it. */
CURLU *parsed_url_new(const char *url);

#endif
