// Stands in for GitHub, GitLab and Forgejo/Gitea in tests: one HTTP(S) server for all three, and a control port.
//
//   node server.mjs --modules DIR [--certificate FILE --key FILE]
//
// DIR is where package.json's dependencies are installed. It prints one line of JSON when it is ready:
// {"port": …, "control": …}, both on 127.0.0.1, and ends when its standard input ends.
//
// The forges' addresses (https with --certificate, else http):
//   GitHub    http://127.0.0.1:PORT            and as an Enterprise server: http://127.0.0.1:PORT/api/v3
//   GitLab    http://127.0.0.1:PORT/api/v4
//   Forgejo   http://127.0.0.1:PORT/api/v1
// Every request is checked against the forge's OpenAPI description (GitHub's own from @octokit/openapi; short ones of
// ours, gitlab.openapi.json and forgejo.openapi.json, from the other two's documentation); what does not fit is answered
// with an error and kept under "violations". So are this server's own answers that do not fit.
//
// The control port: POST / with a JSON object {"op": …} answers a JSON object; an error is status 400 with {"error": …}.
// "forge" is "github", "gitlab" or "forgejo"; "repository" is "owner/name". A repository is there from its first use.
//
//   {"op":"reset"}                                                  everything as at the start
//   {"op":"token", forge, token, login}                             an account with a token
//   {"op":"revoke", forge, token}
//   {"op":"person", forge, repository, login, permission}           "admin", "write", "read", "none" (known, no rights)
//   {"op":"pull", forge, repository, title?, author?, head_sha, head_branch?, base_branch?, base_sha?, fork?, draft?,
//         agit?, number?}                                           → {number}; fork: true, or "gone" (its repository)
//   {"op":"change", forge, repository, number, …}                   any of the above, and state: "open", "closed",
//                                                                   "merged" with merge_commit
//   {"op":"comment", forge, repository, number, author, body}       → {id}
//   {"op":"edit_comment", forge, repository, id, body}, {"op":"delete_comment", forge, repository, id}
//   {"op":"read", forge, repository}    → {pulls: […], comments: [{id, number, author, body, created, updated,
//         history: [{at, body}]}], statuses: [{id, sha, author, state, context, description, target_url, at}]}, in the
//         order of creation; times in milliseconds since 1970. A GitLab status of failure is "failed".
//   {"op":"log"}    → {requests: [{at, forge, method, path, login, status}], violations: [text], broken: [text]}.
//         broken: a limit of the forge that was not kept (too many writes, too long a text). status 0: not answered.
//   {"op":"limits", forge, per_minute?, per_hour?}                  of writes; 80 and 500 at the start
//   {"op":"fault", forge, method?, path?, times?, kind, …}          for the next `times` (1) requests whose method is
//         `method` and whose path, without the query, matches the regular expression `path`. kind:
//         "status" {status, body?, headers?}   answered so, and not carried out
//         "after_status" {status, …}           carried out, then answered so
//         "cut"                                the connection is cut, not carried out
//         "cut_after"                          carried out, then the connection is cut without an answer
//         "late" {ms}                          carried out at once, answered so much later
//         "late_done" {ms}                     carried out so much later, then answered (also when nobody listens)
//         "hang"                               never answered
//         "primary_limit" {seconds}            the forge's hourly limit is reached, and over in so many seconds
//         "secondary_limit" {seconds}          the forge's limit of writes, with Retry-After
//         "huge" {bytes}                       an answer of so many bytes
//         "redirect" {location, status?}       302, or the status
//         "garbage"                            200 with what is not JSON
//   {"op":"clear_faults"}
import http from "node:http";
import https from "node:https";
import fs from "node:fs";
import path from "node:path";
import crypto from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Description } from "./openapi.mjs";
import { Limits, Refusal, Repository, now } from "./state.mjs";
import * as github from "./github.mjs";
import * as gitlab from "./gitlab.mjs";
import * as forgejo from "./forgejo.mjs";

const options = Object.fromEntries(process.argv.slice(2).reduce((pairs, word, i, all) =>
  word.startsWith("--") ? [...pairs, [word.slice(2), all[i + 1]]] : pairs, []));
const load = createRequire(path.join(options.modules, "package.json"));
const Ajv = load("ajv").default;
const addFormats = load("ajv-formats").default;
const here = path.dirname(fileURLToPath(import.meta.url));
const readJson = (file) => JSON.parse(fs.readFileSync(file, "utf8"));
const descriptions = {
  github: () => readJson(path.join(options.modules, "node_modules/@octokit/openapi/generated/api.github.com.json")),
  gitlab: () => readJson(path.join(here, "gitlab.openapi.json")),
  forgejo: () => readJson(path.join(here, "forgejo.openapi.json")),
};
const sides = { github, gitlab, forgejo };

const log = { requests: [], violations: [], broken: [] };

class Forge {
  constructor(name, side) {
    this.name = name;
    this.side = side;
    this.description = new Description(descriptions[name](), side.operations, Ajv, addFormats);
    this.reset();
  }
  reset() {
    Object.assign(this, { tokens: new Map(), repositories: new Map(), limits: new Limits(), faults: [], ids: 1000 });
  }
  nextId() {
    return ++this.ids;
  }
  // Logins and names of repositories do not depend on case.
  repository(name, make = false) {
    const key = name.toLowerCase();
    if (!this.repositories.has(key)) {
      if (!make) throw new Refusal(404, "Not Found");
      this.repositories.set(key, new Repository(this, name, 10_000 + this.repositories.size));
    }
    return this.repositories.get(key);
  }
  everybody() {
    return [...new Set([...this.tokens.values(), ...[...this.repositories.values()].flatMap((r) => [...r.people.keys()])])];
  }
  checkLength(text, most, status, message) {
    if ([...text].length <= most) return;
    log.broken.push(`${this.name}: ${message}`);
    throw new Refusal(status, message);
  }
  takeFault(method, route) {
    const index = this.faults.findIndex((f) => (f.method ?? method) === method && new RegExp(f.path ?? "").test(route));
    if (index < 0) return null;
    const fault = this.faults[index];
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times <= 0) this.faults.splice(index, 1);
    return fault;
  }
}

const forges = Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, new Forge(name, side)]));

function forgeOf(route) {
  for (const forge of [forges.gitlab, forges.forgejo, forges.github]) {
    for (const prefix of forge.side.prefix) {
      if (prefix === "" || route.startsWith(prefix + "/")) return { forge, rest: route.slice(prefix.length) };
    }
  }
  return null;
}

function execute(forge, request, rest, url, text) {
  const who = forge.side.login(forge, request.headers);
  const found = forge.description.find(request.method, rest);
  const violation = (problem) => log.violations.push(`${forge.name}: ${request.method} ${url.pathname}${url.search}: ${problem}`);
  if (found === null) {
    violation("no such operation");
    throw new Refusal(404, "Not Found");
  }
  const { problems, value } = forge.description.checkRequest(found, url.searchParams, request.headers["content-type"] ?? "", text);
  problems.push(...forge.side.checkHeaders(request.headers));
  problems.forEach(violation);
  if (problems.length > 0) throw new Refusal(400, problems.join("; "));
  if (request.method !== "GET") {
    const wait = forge.limits.take(Date.now());
    if (wait > 0) {
      log.broken.push(`${forge.name}: ${request.method} ${url.pathname} came too soon: ${wait} s`);
      throw forge.side.tooMany(wait, url.origin);
    }
  }
  const answer = forge.side.handle(forge, who, found, url, value);
  forge.description.checkAnswer(found, answer.status, answer.body).forEach((problem) => violation(`our answer: ${problem}`));
  return { who, ...answer };
}

function encoded(forge, request, answer) {
  const body = answer.body === undefined ? "" : JSON.stringify(answer.body);
  const headers = { ...(body === "" ? {} : { "Content-Type": "application/json; charset=utf-8" }), ...answer.headers };
  if (forge.side.hasConditional && request.method === "GET" && answer.status === 200) {
    headers.ETag = `W/"${crypto.createHash("sha256").update(body).digest("hex")}"`;
    if (request.headers["if-none-match"] === headers.ETag) return { status: 304, headers, body: "" };
  }
  return { status: answer.status, headers, body };
}

function attempt(forge, request, rest, url, text) {
  try {
    return encoded(forge, request, execute(forge, request, rest, url, text));
  } catch (error) {
    if (!(error instanceof Refusal)) {
      log.violations.push(`this server failed: ${error.stack}`);
      return { status: 500, headers: {}, body: "" };
    }
    return encoded(forge, request, { status: error.status, headers: error.headers, body: forge.side.error(error) });
  }
}

function refusal(forge, request, error) {
  return encoded(forge, request, { status: error.status, headers: error.headers, body: forge.side.error(error) });
}

function withFault(forge, fault, request, response, send, carryOut) {
  const said = () => ({ status: fault.status, headers: { "Content-Type": "application/json", ...fault.headers }, body: fault.body === undefined ? "{}" : JSON.stringify(fault.body) });
  const reset = Math.floor(Date.now() / 1000) + (fault.seconds ?? 60);
  switch (fault.kind) {
    case "status": return send(said());
    case "after_status": carryOut(); return send(said());
    case "cut": return request.socket.destroy();
    case "cut_after": carryOut(); return request.socket.destroy();
    case "late": { const answer = carryOut(); return setTimeout(() => send(answer), fault.ms); }
    case "late_done": return setTimeout(() => send(carryOut()), fault.ms);
    case "hang": return undefined;
    case "primary_limit": return send(refusal(forge, request, forge.side.primary(reset)));
    case "secondary_limit": return send(refusal(forge, request, forge.side.tooMany(fault.seconds ?? 60, "")));
    case "huge": return send({ status: 200, headers: { "Content-Type": "application/json" }, body: `["${"x".repeat(fault.bytes)}"]` });
    case "redirect": return send({ status: fault.status ?? 302, headers: { Location: fault.location }, body: "" });
    case "garbage": return send({ status: 200, headers: { "Content-Type": "text/html" }, body: "<html>It works!</html>" });
    default: throw new Error(`no such fault: ${fault.kind}`);
  }
}

function read(request, then) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => then(Buffer.concat(parts).toString("utf8")));
  request.on("error", () => {});
}

function serve(request, response) {
  read(request, (text) => {
    const url = new URL(request.url, `http://${request.headers.host}`);
    const { forge, rest } = forgeOf(url.pathname);
    const entry = { at: now(), forge: forge.name, method: request.method, path: url.pathname + url.search, login: "", status: 0 };
    log.requests.push(entry);
    try { entry.login = forge.side.login(forge, request.headers); } catch { /* the answer says it */ }
    const send = (answer) => {
      entry.status = answer.status;
      if (response.destroyed) return;
      response.writeHead(answer.status, { ...answer.headers, "Content-Length": Buffer.byteLength(answer.body) });
      response.end(answer.body);
    };
    const carryOut = () => attempt(forge, request, rest, url, text);
    const fault = forge.takeFault(request.method, url.pathname);
    if (fault === null) send(carryOut());
    else withFault(forge, fault, request, response, send, carryOut);
  });
}

const operations = {
  reset() {
    Object.values(forges).forEach((forge) => forge.reset());
    Object.values(log).forEach((list) => { list.length = 0; });
  },
  token: ({ forge, token, login }) => { forges[forge].tokens.set(token, login); },
  revoke: ({ forge, token }) => { forges[forge].tokens.delete(token); },
  person: ({ forge, repository, login, permission }) => { forges[forge].repository(repository, true).people.set(login.toLowerCase(), permission); },
  pull: ({ op, forge, repository, ...given }) => ({ number: forges[forge].repository(repository, true).addPull(given).number }),
  change: ({ op, forge, repository, number, ...change }) => { forges[forge].repository(repository).changePull(number, change); },
  comment: ({ forge, repository, number, author, body }) => ({ id: forges[forge].repository(repository).addComment(number, author, body).id }),
  edit_comment: ({ forge, repository, id, body }) => { forges[forge].repository(repository).editComment(id, body); },
  delete_comment: ({ forge, repository, id }) => { forges[forge].repository(repository).deleteComment(id); },
  read({ forge, repository }) {
    const { pulls, comments, statuses } = forges[forge].repository(repository, true);
    return { pulls: [...pulls.values()], comments: [...comments.values()], statuses };
  },
  log: () => log,
  limits: ({ forge, per_minute, per_hour }) => { forges[forge].limits = new Limits(per_minute, per_hour); },
  fault: ({ op, forge, ...fault }) => { forges[forge].faults.push(fault); },
  clear_faults: () => { Object.values(forges).forEach((forge) => { forge.faults = []; }); },
};

function control(request, response) {
  read(request, (text) => {
    let status = 200;
    let answer;
    try {
      const given = JSON.parse(text);
      if (!Object.hasOwn(operations, given.op)) throw new Error(`no such operation: ${given.op}`);
      answer = operations[given.op](given) ?? {};
    } catch (error) {
      status = 400;
      answer = { error: String(error.message ?? error) };
    }
    const body = JSON.stringify(answer);
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  });
}

const secure = options.certificate !== undefined;
const server = secure
  ? https.createServer({ cert: fs.readFileSync(options.certificate), key: fs.readFileSync(options.key) }, serve)
  : http.createServer(serve);
const controls = http.createServer(control);
server.listen(0, "127.0.0.1", () => controls.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port, control: controls.address().port })}\n`);
}));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
