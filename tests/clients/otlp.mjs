// Reads requests of OTLP from standard input, a line of JSON each with "path"
// and "body", by the protocol's own definitions (generated from its .proto
// files, in @opentelemetry/otlp-transformer). Each is made binary and read
// again, so that what the definitions do not know, or have otherwise, is gone;
// and printed in the form of JSON, a line each.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const { opentelemetry } = require(
  "@opentelemetry/otlp-transformer/build/src/generated/root.js");
const { collector } = opentelemetry.proto;
const types = {
  "/v1/metrics": collector.metrics.v1.ExportMetricsServiceRequest,
  "/v1/traces": collector.trace.v1.ExportTraceServiceRequest,
};

// Ids are hexadecimal in OTLP's JSON, where protobuf's has base64.
const ids = new Set(["traceId", "spanId", "parentSpanId"]);
function recoded(value, from, to) {
  if (Array.isArray(value)) return value.map((v) => recoded(v, from, to));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [
    name,
    ids.has(name) ? Buffer.from(v, from).toString(to) : recoded(v, from, to),
  ]));
}

for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { path, body } = JSON.parse(line);
  const type = types[path];
  const message = type.fromObject(recoded(JSON.parse(body), "hex", "base64"));
  const again = type.decode(type.encode(message).finish());
  const object = type.toObject(again, {
    longs: String, bytes: String, defaults: false, json: true });
  console.log(JSON.stringify(recoded(object, "base64", "hex")));
}
