/* yaml: a YAML document as the JSON that it stands for (YAML 1.2, core
 * schema). Pure. */
#ifndef SQUALL_IMPORT_YAML_H
#define SQUALL_IMPORT_YAML_H

#include "import/import.h"

/* NULL after adding an error that names the line: it is no YAML, nests deeper
 * than JSON_DEPTH_MAX, or its aliases make more than a million values. Of
 * several documents the first is read. */
cJSON *yaml_read(const struct import *import, const char *text, size_t length);

#endif
