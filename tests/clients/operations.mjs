// Plays operations through a client of the npm registry, as somebody does who
// installed it and changed nothing, and reports how many of each case ended well.
//
// usage: node operations.mjs CLIENT <cases.json
//
// Reads {"first": URL, "cases": [{"name", "method", "body", "url",
// "operations", "step_ms"}]}. Operation N of a case carries `X-Op: NAME.N`. The first URL,
// which need not be there, is got once before all, so that no wait has the
// compiling of the client in it; then the operations are started, each a step
// after the last, and run side by side. On standard output comes
// {"version": "...", "succeeded": {NAME: COUNT}, "late_ms": N}, where the last
// is how late a plain timer of this process was in the mean. What each attempt
// was is in the books of the server.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

async function withAxios(options) {
    const { default: axios } = await import("axios");
    const { default: axiosRetry, exponentialDelay } =
        await import("axios-retry");
    const client = axios.create({ proxy: false });
    axiosRetry(client, options === "exponential"
        ? { retryDelay: exponentialDelay } : {});
    return ({ url, method, headers, body }) =>
        client.request({ url, method, headers, data: body });
}

async function withFunction(name) {
    const { default: client } = await import(name);
    return ({ url, ...options }) => client(url, options);
}

// The SDKs of one generator: any path of the service, through their retries.
async function withGeneratedSdk(name) {
    const { default: Sdk } = await import(name);
    return ({ url, method, headers, body }) => {
        const { origin, pathname } = new URL(url);
        const client = new Sdk({ apiKey: "none", baseURL: origin });
        return client.request({ method: method.toLowerCase(), path: pathname,
            body, headers: { ...headers, "Content-Type": "text/plain" } });
    };
}

async function withAzure() {
    const { createDefaultHttpClient, createHttpHeaders,
        createPipelineFromOptions, createPipelineRequest } =
        await import("@azure/core-rest-pipeline");
    const transport = createDefaultHttpClient();
    const pipeline = createPipelineFromOptions({});
    return async ({ headers, ...options }) => {
        const { status } = await pipeline.sendRequest(transport,
            createPipelineRequest({ ...options,
                headers: createHttpHeaders(headers),
                allowInsecureConnection: true }));
        if (status >= 400) {
            throw new Error(`status ${status}`);
        }
    };
}

async function withUndici() {
    const { Agent, RetryAgent, request } = await import("undici");
    const dispatcher = new RetryAgent(new Agent());
    return async ({ url, ...options }) => {
        const { body } = await request(url, { ...options, dispatcher });
        await body.dump();
    };
}

const clients = {
    "@anthropic-ai/sdk": () => withGeneratedSdk("@anthropic-ai/sdk"),
    "@azure/core-rest-pipeline": withAzure,
    "axios-retry": () => withAxios(),
    "axios-retry-exponential": () => withAxios("exponential"),
    "got": () => withFunction("got"),
    "ky": () => withFunction("ky"),
    "openai": () => withGeneratedSdk("openai"),
    "undici": withUndici,
};

function versionOf(name) {
    const path = new URL(`node_modules/${name}/package.json`, import.meta.url);
    return `${name} ${JSON.parse(readFileSync(path)).version}`;
}

const client = process.argv[2];
const send = await clients[client]();
const { first, cases } = JSON.parse(await text(process.stdin));
const succeeded = {};

async function operate({ name, method, url, body }, number) {
    const headers = { "X-Op": `${name}.${number}` };
    try {
        await send({ url, method, headers, body: body ?? undefined });
        succeeded[name] += 1;
    } catch {
        // Retried in vain, or not at all: the books show.
    }
}

async function watchTimers() {
    let late = 0;
    let count = 0;
    while (!isDone) {
        const start = performance.now();
        await setTimeout(10);
        late += performance.now() - start - 10;
        count += 1;
    }
    return late / count;
}

if (first) {
    await send({ url: first, method: "GET" });
}
let isDone = false;
const lateness = watchTimers();
const running = [];
for (const one of cases) {
    succeeded[one.name] = 0;
    for (let number = 0; number < one.operations; number += 1) {
        running.push(operate(one, number));
        await setTimeout(one.step_ms);
    }
}
await Promise.all(running);
isDone = true;

const version = client.startsWith("axios")
    ? `${versionOf("axios-retry")}, ${versionOf("axios")}`
    : versionOf(client);
const late_ms = await lateness;
console.log(JSON.stringify({ version, succeeded, late_ms }));
