/* version: which squall this is. SQUALL_VERSION is the one place that says so.
 */
#ifndef SQUALL_BASE_VERSION_H
#define SQUALL_BASE_VERSION_H

#define SQUALL_VERSION "0.1.0"

/* How this program was built: compiler, its flags, and the commit when the
 * build knew it. A static string. */
const char *version_build(void);

#endif
