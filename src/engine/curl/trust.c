#include "engine/curl/trust.h"

#include <curl/curl.h>

struct trust trust_of_system(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    return (struct trust){.file = info->cainfo, .folder = info->capath};
}
