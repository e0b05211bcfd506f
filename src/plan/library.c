#include "plan/library.h"

#include "base/must.h"
#include "base/suggest.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SQUALL_DATA_DIR
#define SQUALL_DATA_DIR "/usr/local/share/squall"
#endif

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* A build tree has its binary in the top folder or two folders below, an
 * installed one in bin beside share. */
static bool beside_executable(struct str *root)
{
    static const char *const places[] = {"profiles", "../profiles",
                                         "../../profiles",
                                         "../share/squall/profiles"};
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (length <= 0) {
        return false;
    }
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash) {
        return false;
    }
    *slash = '\0';
    for (size_t i = 0; i < array_length(places); i++) {
        str_reset(root);
        str_printf(root, "%s/%s", path, places[i]);
        char *real = is_folder(root->text) ? realpath(root->text, NULL) : NULL;
        if (real) {
            str_reset(root);
            str_append(root, real);
            free(real);
            return true;
        }
    }
    return false;
}

/* The user's own profiles and the shipped ones, in the order in which they are
 * searched; "" where there are none. */
enum { ROOT_OWN, ROOT_SHIPPED, ROOT_COUNT };

struct roots {
    struct str paths[ROOT_COUNT];
};

static bool is_same_folder(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static void roots_find(struct roots *roots)
{
    const char *given = getenv("SQUALL_PROFILES");
    struct str *shipped = &roots->paths[ROOT_SHIPPED];

    *roots = (struct roots){{STR_INIT, STR_INIT}};
    if (given && *given && is_folder(given)) {
        str_append(&roots->paths[ROOT_OWN], given);
    }
    if (!beside_executable(shipped)) {
        str_reset(shipped);
        if (is_folder(SQUALL_DATA_DIR "/profiles")) {
            str_append(shipped, SQUALL_DATA_DIR "/profiles");
        }
    }
    if (is_same_folder(roots->paths[ROOT_OWN].text, shipped->text)) {
        str_reset(shipped);
    }
}

static void roots_release(struct roots *roots)
{
    for (size_t i = 0; i < ROOT_COUNT; i++) {
        str_release(&roots->paths[i]);
    }
}

struct visitor {
    void (*visit)(void *context, const char *name, const char *path);
    void *context;
};

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static size_t stem_length(const char *entry)
{
    size_t length = strlen(entry);
    bool has_ending = length > 5 && strcmp(entry + length - 5, ".json") == 0;
    return has_ending ? length - 5 : length;
}

/* By name as it is typed: "a" before "a-b", which the ending would turn
 * round. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    size_t first = stem_length((*a)->d_name);
    size_t second = stem_length((*b)->d_name);
    int order =
        memcmp((*a)->d_name, (*b)->d_name, first < second ? first : second);
    return order ? order : (first > second) - (first < second);
}

/* Visits the profiles of one folder; `prefix` is the name of the folder and a
 * slash, or nothing. Goes one level down. */
static void walk_folder(const struct visitor *visitor, const char *folder,
                        const char *prefix)
{
    struct dirent **entries;
    struct str path = STR_INIT;
    struct str name = STR_INIT;
    int count = scandir(folder, &entries, is_visible, by_name);

    for (int i = 0; i < count; i++) {
        const char *entry = entries[i]->d_name;
        size_t stem = stem_length(entry);
        str_reset(&path);
        str_reset(&name);
        str_printf(&path, "%s/%s", folder, entry);
        str_printf(&name, "%s%.*s", prefix, (int)stem, entry);
        if (entry[stem] && is_file(path.text)) {
            visitor->visit(visitor->context, name.text, path.text);
        } else if (!*prefix && is_folder(path.text)) {
            str_reset(&name);
            str_printf(&name, "%s/", entry);
            walk_folder(visitor, path.text, name.text);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    str_release(&path);
    str_release(&name);
}

static void walk_root(const struct visitor *visitor, const struct str *root)
{
    if (root->length > 0) {
        walk_folder(visitor, root->text, "");
    }
}

/* A walk over the shipped profiles that leaves out what is hidden. */
struct unhidden {
    struct visitor visitor;
    const struct str *own;
};

static void visit_unhidden(void *context, const char *name, const char *path)
{
    const struct unhidden *unhidden = context;
    struct str hiding = STR_INIT;

    str_printf(&hiding, "%s/%s.json", unhidden->own->text, name);
    if (unhidden->own->length == 0 || !is_file(hiding.text)) {
        unhidden->visitor.visit(unhidden->visitor.context, name, path);
    }
    str_release(&hiding);
}

void library_walk(void (*visit)(void *context, const char *name,
                                const char *path),
                  void *context)
{
    struct roots roots;
    roots_find(&roots);
    struct unhidden unhidden = {{visit, context}, &roots.paths[ROOT_OWN]};
    struct visitor shipped = {visit_unhidden, &unhidden};

    walk_root(&unhidden.visitor, &roots.paths[ROOT_OWN]);
    walk_root(&shipped, &roots.paths[ROOT_SHIPPED]);
    roots_release(&roots);
}

/* What a walk looks for, and what it has found. */
struct search {
    const char *name;
    size_t matches;
    bool exact;
    struct str path;  /* of the first match */
    struct str names; /* of all matches, for the message */
    struct suggestion near;
    struct str nearest;
    size_t parts; /* names that the word is a part of */
    struct str containing;
};

enum { PARTS_SHOWN = 8 };

static void look(void *context, const char *name, const char *path)
{
    struct search *search = context;
    const char *slash = strrchr(name, '/');
    const char *last = slash ? slash + 1 : name;
    bool exact = strcmp(name, search->name) == 0;

    if (exact || (!search->exact && strcmp(last, search->name) == 0)) {
        if (exact || search->matches == 0) {
            str_reset(&search->path);
            str_append(&search->path, path);
        }
        search->exact = search->exact || exact;
        search->matches++;
        str_printf(&search->names, "%s%s", search->matches > 1 ? ", " : "",
                   name);
    }
    if (strstr(name, search->name) && ++search->parts <= PARTS_SHOWN) {
        str_printf(&search->containing, "%s%s", search->parts > 1 ? ", " : "",
                   name);
    }
    size_t before = search->near.distance;
    suggest_offer(&search->near, strchr(search->name, '/') ? name : last);
    if (search->near.distance < before) { /* the name goes with the walk */
        str_reset(&search->nearest);
        str_append(&search->nearest, name);
    }
}

static bool find_shipped(const char *name, struct str *path,
                         struct errors *errors)
{
    struct search search = {.name = name,
                            .path = STR_INIT,
                            .names = STR_INIT,
                            .nearest = STR_INIT,
                            .containing = STR_INIT};
    struct visitor visitor = {look, &search};
    struct roots roots;

    suggest_init(&search.near, name);
    roots_find(&roots);
    for (size_t i = 0; i < ROOT_COUNT && search.matches == 0; i++) {
        walk_root(&visitor, &roots.paths[i]);
    }
    roots_release(&roots);
    bool found = search.exact || search.matches == 1;
    if (found) {
        str_append(path, search.path.text);
    } else if (search.matches > 1) {
        struct error *error =
            errors_add(errors, ERROR_NO_FILE,
                       "profile \"%s\" could be one of several", name);
        error_hint(error, "write one of %s", search.names.text);
    } else {
        struct error *error = errors_add(errors, ERROR_NO_FILE,
                                         "there is no profile \"%s\"", name);
        if (search.parts > 0) {
            error_hint(error, "there %s %s%s", search.parts > 1 ? "are" : "is",
                       search.containing.text,
                       search.parts > PARTS_SHOWN ? " and others" : "");
        } else if (search.nearest.length > 0) {
            error_hint(error, "did you mean %s?", search.nearest.text);
        } else {
            error_hint(error, "`squall profile list` shows those that are "
                              "there; a file is named by its path");
        }
    }
    str_release(&search.path);
    str_release(&search.names);
    str_release(&search.nearest);
    str_release(&search.containing);
    return found;
}

bool library_find(const char *name, struct str *path, struct errors *errors)
{
    size_t length = strlen(name);
    bool file_like = length > 5 && strcmp(name + length - 5, ".json") == 0;

    str_reset(path);
    if (file_like || (strchr(name, '/') && is_file(name))) {
        str_append(path, name);
        return true;
    }
    return find_shipped(name, path, errors);
}
