/* A command line of curl. What makes the request is read here; the other
 * options are those of squall run of the same name, which cli gives to its
 * table (import->settings). */
#include "import/curl.h"

#include "base/mask.h"
#include "base/must.h"
#include "import/format.h"
#include "import/shell.h"
#include "import/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum curl_what { HERE, RUN, OWN, LOST };

struct curl_option {
    char letter;
    const char *name;
    bool takes;
    enum curl_what what;
};

static const struct curl_option options[] = {
#define CURL_OPTION(letter, name, takes, what) {letter, name, takes, what},
#include "import/curl_option.def"
#undef CURL_OPTION
};

static const struct curl_option *find_letter(char letter)
{
    for (size_t i = 0; i < array_length(options); i++) {
        if (options[i].letter == letter) {
            return &options[i];
        }
    }
    return NULL;
}

/* By its name or, as curl takes it, a beginning that no other has. */
static const struct curl_option *find_name(const char *name)
{
    const struct curl_option *found = NULL;
    size_t count = 0, length = strlen(name);

    for (size_t i = 0; i < array_length(options); i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
        if (length > 0 && strncmp(options[i].name, name, length) == 0) {
            found = &options[i];
            count++;
        }
    }
    return count == 1 ? found : NULL;
}

static void add_setting(struct curl *curl, const char *name, const char *value)
{
    struct str word = STR_INIT;

    str_printf(&word, "--%s", name);
    if (value) {
        str_append_char(&word, '=');
        text_append_value(&word, value);
    }
    cJSON_AddItemToArray(curl->import->settings,
                         cJSON_CreateString(word.text));
    str_release(&word);
}

static void take_header(struct curl *curl, const char *value)
{
    size_t length = strcspn(value, ":;");
    char *name = strndup(value, length);
    must(name);
    const char *rest = value + length;

    if (value[0] == '@') {
        import_remark(curl->import, "--header",
                      "the headers of file %s are left out", value + 1);
    } else if (*rest == ':') {
        rest += 1 + strspn(rest + 1, " \t");
        if (*rest) { /* else it only takes one of curl's own away */
            import_header(curl->import, "--header", &curl->headers, name,
                          rest);
        }
    } else if (strcmp(rest, ";") == 0) {
        import_header(curl->import, "--header", &curl->headers, name, "");
    } else {
        import_remark(curl->import, "--header",
                      "a header that is no \"Name: value\" is left out");
    }
    free(name);
}

/* A header that an option of its own makes; "" takes it away. */
static void take_named(struct curl *curl, const char *option, const char *name,
                       const char *prefix, const char *value)
{
    struct str line = STR_INIT;

    str_append(&line, prefix);
    str_append(&line, value);
    if (*value) {
        import_header(curl->import, option, &curl->headers, name, line.text);
    }
    str_release(&line);
}

static void take_cookie(struct curl *curl, const char *value)
{
    if (strchr(value, '=') || *value == IMPORT_VARIABLE_OPEN) {
        take_named(curl, "--cookie", "Cookie", "", value);
    } else {
        import_remark(curl->import, "--cookie",
                      "the cookies of file %s are left out", value);
    }
}

static void take_user(struct curl *curl, const char *value)
{
    free(curl->import->user);
    curl->import->user = strdup(value);
    must(curl->import->user);
    mask_add_user(value, strlen(value));
}

/* "FILE" or "FILE:PASSWORD". */
static void take_certificate(struct curl *curl, const char *value)
{
    const char *colon = strrchr(value, ':');
    char *file =
        strndup(value, colon ? (size_t)(colon - value) : strlen(value));
    must(file);
    if (colon) {
        import_remark(curl->import, "--cert",
                      "the password of the certificate is left out: squall "
                      "asks for none, its key must not be encrypted");
    }
    add_setting(curl, "cert", file);
    free(file);
}

/* The password of a proxy's URL is taken from the environment. */
static void take_proxy(struct curl *curl, const char *value)
{
    const char *host = strstr(value, "://");
    host = host ? host + 3 : value;
    const char *at = memrchr(host, '@', strcspn(host, "/"));
    const char *colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;
    struct str url = STR_INIT;

    if (!colon || colon[1] == IMPORT_VARIABLE_OPEN) {
        add_setting(curl, "proxy", value);
        return;
    }
    mask_add(colon + 1, (size_t)(at - colon) - 1, NULL);
    str_append_bytes(&url, value, (size_t)(colon - value) + 1);
    str_printf(&url, "%cPROXY_PASSWORD%c", IMPORT_VARIABLE_OPEN,
               IMPORT_VARIABLE_CLOSE);
    str_append(&url, at);
    import_remark(curl->import, "--proxy",
                  "the password of the proxy is ${env:PROXY_PASSWORD}: set "
                  "PROXY_PASSWORD before the run, to the value that stood "
                  "there");
    add_setting(curl, "proxy", url.text);
    str_release(&url);
}

static bool is_data(const char *name)
{
    return strncmp(name, "data", 4) == 0 || strcmp(name, "json") == 0;
}

/* The options that make the request. */
static void take_here(struct curl *curl, const struct curl_option *option,
                      const char *value)
{
    const char *name = option->name;
    char spelling[40];

    snprintf(spelling, sizeof(spelling), "--%s", name);
    if (is_data(name)) {
        curl_add_data(curl, spelling, value);
    } else if (strncmp(name, "form", 4) == 0) {
        curl_add_form(curl, spelling, value);
    } else if (strcmp(name, "url") == 0) {
        cJSON_AddItemToArray(curl->urls, cJSON_CreateString(value));
    } else if (strcmp(name, "request") == 0) {
        curl->method = value;
    } else if (strcmp(name, "header") == 0) {
        take_header(curl, value);
    } else if (strcmp(name, "user") == 0) {
        take_user(curl, value);
    } else if (strcmp(name, "cookie") == 0) {
        take_cookie(curl, value);
    } else if (strcmp(name, "user-agent") == 0) {
        take_named(curl, spelling, "User-Agent", "", value);
    } else if (strcmp(name, "referer") == 0) {
        take_named(curl, spelling, "Referer", "", value);
    } else if (strcmp(name, "oauth2-bearer") == 0) {
        take_named(curl, spelling, "Authorization", "Bearer ", value);
    } else if (strcmp(name, "get") == 0) {
        curl->gets = true;
    } else if (strcmp(name, "head") == 0) {
        curl->heads = true;
    } else if (strcmp(name, "upload-file") == 0) {
        curl->upload = value;
    } else if (strcmp(name, "url-query") == 0) {
        str_append(&curl->query, curl->query.length ? "&" : "");
        str_append(&curl->query, value + (*value == '+'));
    } else if (strcmp(name, "max-redirs") == 0) {
        curl->redirects = value;
    } else if (strcmp(name, "retry") == 0) {
        add_setting(curl, "retries", value);
    } else if (strcmp(name, "proxy") == 0) {
        take_proxy(curl, value);
    } else if (strcmp(name, "cert") == 0) {
        take_certificate(curl, value);
    } else { /* location, location-trusted */
        curl->follows = true;
    }
}

/* False: what follows is another command line. */
static bool take_option(struct curl *curl, const struct curl_option *option,
                        const char *value)
{
    char spelling[40];

    snprintf(spelling, sizeof(spelling), "--%s", option->name);
    if (strcmp(option->name, "next") == 0) {
        import_remark(curl->import, spelling,
                      "what follows it is left out: import it by itself");
        return false;
    }
    switch (option->what) {
    case HERE:
        take_here(curl, option, value ? value : "");
        break;
    case RUN:
        add_setting(curl, option->name, value);
        break;
    case LOST:
        import_remark(curl->import, spelling, "squall has nothing like it");
        break;
    case OWN:
        break;
    }
    return true;
}

static bool refuse_option(const struct curl *curl, const char *word)
{
    struct error *error = errors_add(curl->import->errors, ERROR_USAGE,
                                     "%s: \"%s\" is no option of curl",
                                     curl->import->name, word);
    error_hint(error, "leave it out, with its argument if it has one");
    return false;
}

static bool lacks_argument(const struct curl *curl, const char *word)
{
    errors_add(curl->import->errors, ERROR_USAGE,
               "%s: \"%s\" needs an argument", curl->import->name, word);
    return false;
}

/* "-sSL", "-XPOST". *more becomes false where the command ends. */
static bool take_letters(struct curl *curl, const char *const *words,
                         size_t count, size_t *at, bool *more)
{
    for (const char *c = words[*at] + 1; *c && *more; c++) {
        const struct curl_option *option = find_letter(*c);
        const char *value = NULL;
        char spelling[] = {'-', *c, '\0'};
        if (!option) {
            return refuse_option(curl, spelling);
        }
        if (option->takes) {
            value = c[1] ? c + 1 : *at + 1 < count ? words[++*at] : NULL;
            if (!value) {
                return lacks_argument(curl, spelling);
            }
        }
        *more = take_option(curl, option, value);
        if (value) {
            break;
        }
    }
    return true;
}

static bool take_words(struct curl *curl, const char *const *words,
                       size_t count)
{
    bool options_over = false, more = true;

    for (size_t at = 0; at < count && more; at++) {
        const char *word = words[at];
        if (options_over || word[0] != '-' || !word[1]) {
            cJSON_AddItemToArray(curl->urls, cJSON_CreateString(word));
        } else if (strcmp(word, "--") == 0) {
            options_over = true;
        } else if (word[1] != '-') {
            if (!take_letters(curl, words, count, &at, &more)) {
                return false;
            }
        } else {
            const struct curl_option *option = find_name(word + 2);
            if (!option) {
                return refuse_option(curl, word);
            }
            if (option->takes && at + 1 == count) {
                return lacks_argument(curl, word);
            }
            more =
                take_option(curl, option, option->takes ? words[++at] : NULL);
        }
    }
    return true;
}

/* The URL as curl takes it: with a scheme, its query longer by -G. */
static void complete_url(const struct curl *curl, const char *word,
                         struct str *url)
{
    size_t fragment = strcspn(word, "#");
    bool asks = memchr(word, '?', fragment) != NULL;
    const char *parts[] = {curl->gets && curl->has_data && !curl->data_file
                               ? curl->data.text
                               : "",
                           curl->query.text};

    str_append(url, strstr(word, "://") ? "" : "http://");
    str_append_bytes(url, word, fragment);
    for (size_t i = 0; i < array_length(parts); i++) {
        if (*parts[i]) {
            const char *after = strstr(url->text, "://") + 3;
            str_append(url, strchr(after, '/') || asks ? "" : "/");
            str_append(url, asks ? "&" : "?");
            str_append(url, parts[i]);
            asks = true;
        }
    }
}

static void remark_url(struct curl *curl, const char *word)
{
    if (strpbrk(word, "{}[]") && !strstr(word, "://[")) {
        import_remark(curl->import, "URL",
                      "its brackets are sent as they stand: squall makes no "
                      "several URLs of one");
    }
}

static void add_calls(struct curl *curl)
{
    const cJSON *word;

    cJSON_ArrayForEach(word, curl->urls)
    {
        struct str url = STR_INIT, room = STR_INIT;
        struct import_call call = {.method = curl->method};
        curl_fill_body(curl, &call, &room);
        complete_url(curl, word->valuestring, &url);
        remark_url(curl, word->valuestring);
        call.url = url.text;
        call.headers =
            curl->headers ? cJSON_Duplicate(curl->headers, true) : NULL;
        import_add(curl->import, "URL", &call);
        str_release(&url);
        str_release(&room);
    }
    if (curl->follows) {
        bool limited = curl->redirects && curl->redirects[0] != '-';
        add_setting(curl, "location", limited ? curl->redirects : "50");
    }
    if (curl->gets && curl->data_file) {
        import_remark(curl->import, "--get",
                      "the content of %s is not put into the query",
                      curl->data_file);
    }
}

bool import_curl_words(struct import *import, const char *const *words,
                       size_t count)
{
    struct curl curl = {.import = import,
                        .urls = cJSON_CreateArray(),
                        .data = STR_INIT,
                        .query = STR_INIT};

    if (count > 0 && strcmp(words[0], "curl") == 0) {
        words++;
        count--;
    }
    bool good = take_words(&curl, words, count);
    if (good && !curl.urls->child) {
        struct error *error =
            errors_add(import->errors, ERROR_USAGE,
                       "%s: there is no URL in it", import->name);
        error_hint(error, "squall import curl 'curl http://host/path'");
        good = false;
    }
    if (good) {
        add_calls(&curl);
    }
    cJSON_Delete(curl.urls);
    cJSON_Delete(curl.headers);
    cJSON_Delete(curl.form);
    str_release(&curl.data);
    str_release(&curl.query);
    return good;
}

bool import_curl(struct import *import, char *text, size_t length)
{
    struct shell_words words;
    struct shell_problem problem;
    const char *rest;

    (void)length;
    bool good = shell_split(text, &words, &rest, &problem);
    if (!good) {
        char *shown = strndup(text + problem.at, 24);
        struct error *error =
            errors_add(import->errors, ERROR_SYNTAX, "byte %zu, at \"%s\": %s",
                       problem.at + 1, shown ? shown : "", problem.text);
        snprintf(error->file, sizeof(error->file), "%s", import->name);
        free(shown);
    } else {
        if (*rest) {
            import_remark(import, "the end",
                          "what follows the command is left out: \"%.24s\"",
                          rest);
        }
        good = import_curl_words(import, (const char *const *)words.items,
                                 words.count);
    }
    shell_release(&words);
    return good;
}
