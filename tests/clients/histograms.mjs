// Reads a histogram log from standard input with hdr-histogram-js, and prints a
// line a tagged histogram: tag, count, and the percentiles that were asked for.
import * as hdr from "hdr-histogram-js";
import { readFileSync } from "node:fs";

const percentiles = process.argv.slice(2).map(Number);
for (const line of readFileSync(0, "utf8").split("\n")) {
  if (!line.startsWith("Tag=")) continue;
  const [tag, , , , payload] = line.slice(4).split(",");
  const histogram = hdr.decodeFromCompressedBase64(payload);
  const values = percentiles.map((p) => histogram.getValueAtPercentile(p));
  console.log([tag, histogram.totalCount, ...values].join(" "));
}
