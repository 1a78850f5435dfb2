// GitLab's side. Its description (gitlab.openapi.json) is our own short one, of the operations that are used.
import { page, Refusal } from "./state.mjs";

export const prefix = ["/api/v4"];
export const operations = [
  "get /user",
  "get /users",
  "get /projects/{id}/merge_requests",
  "get /projects/{id}/merge_requests/{merge_request_iid}",
  "get /projects/{id}/merge_requests/{merge_request_iid}/notes",
  "post /projects/{id}/merge_requests/{merge_request_iid}/notes",
  "put /projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}",
  "delete /projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}",
  "post /projects/{id}/statuses/{sha}",
  "get /projects/{id}/members/all/{user_id}",
];

const LEVELS = { none: 0, read: 20, write: 30, admin: 40 };
const time = (at) => new Date(at).toISOString();
const idOf = (name) => 1000 + [...name].reduce((sum, c) => sum * 31 % 1_000_003 + c.charCodeAt(0), 7);
const user = (name) => ({ id: idOf(name), username: name, name, state: "active", web_url: `https://gitlab.com/${name}` });

export function login(forge, headers) {
  const token = /^Bearer (\S+)$/.exec(headers.authorization ?? "")?.[1] ?? headers["private-token"];
  const name = forge.tokens.get(token);
  if (name === undefined) throw new Refusal(401, "401 Unauthorized");
  return name;
}
export const checkHeaders = () => [];
export const error = (refusal) => ({ message: refusal.status === 404 ? "404 Not found" : refusal.message });
export const tooMany = (wait) => new Refusal(429, "This endpoint has been requested too many times. Try again later.", { "Retry-After": String(wait) });
export const primary = (reset) => new Refusal(429, "Retry later", { "RateLimit-Remaining": "0", "RateLimit-Reset": String(reset) });

function mergeRequest(repository, pull, full) {
  const state = { open: "opened", closed: "closed", merged: "merged" }[pull.state];
  const body = { id: 90_000 + pull.number, iid: pull.number, project_id: repository.id, title: pull.title, state, draft: pull.draft,
    created_at: time(pull.created), updated_at: time(pull.updated), target_branch: pull.base_branch, source_branch: pull.head_branch,
    author: user(pull.author), source_project_id: pull.fork === "gone" ? null : pull.fork ? repository.id + 500_000 : repository.id,
    target_project_id: repository.id, sha: pull.head_sha, merge_commit_sha: pull.merge_commit, squash_commit_sha: null,
    merged_at: pull.state === "merged" ? time(pull.updated) : null,
    web_url: `https://gitlab.com/${repository.name}/-/merge_requests/${pull.number}` };
  if (full) body.diff_refs = { base_sha: pull.base_sha, head_sha: pull.head_sha, start_sha: pull.base_sha };
  return body;
}

function note(comment) {
  return { id: comment.id, type: null, body: comment.body, author: user(comment.author), created_at: time(comment.created),
    updated_at: time(comment.updated), system: comment.system ?? false, noteable_id: 90_000 + comment.number,
    noteable_type: "MergeRequest", noteable_iid: comment.number, resolvable: false };
}

export function handle(forge, who, found, url, body) {
  const v = found.values;
  const repository = v.id === undefined ? null : forge.repository(v.id);
  switch (found.name) {
    case "get /user":
      return { status: 200, body: user(who) };
    case "get /users": {
      const wanted = (url.searchParams.get("username") ?? "").toLowerCase();
      return { status: 200, body: forge.everybody().filter((name) => name.toLowerCase() === wanted).map(user) };
    }
    case "get /projects/{id}/merge_requests": {
      const state = url.searchParams.get("state") ?? "all";
      const branch = url.searchParams.get("target_branch");
      const key = url.searchParams.get("order_by") === "updated_at" ? "updated" : "created";
      const down = (url.searchParams.get("sort") ?? "desc") === "desc";
      const all = [...repository.pulls.values()].filter((p) => (state === "all" || state === (p.state === "open" ? "opened" : p.state)) && (branch === null || p.base_branch === branch))
        .sort((a, b) => down ? b[key] - a[key] : a[key] - b[key]);
      const { items, headers } = page(all, url, "per_page", 100, 20);
      return { status: 200, headers, body: items.map((p) => mergeRequest(repository, p, false)) };
    }
    case "get /projects/{id}/merge_requests/{merge_request_iid}":
      return { status: 200, body: mergeRequest(repository, repository.pull(v.merge_request_iid), true) };
    case "get /projects/{id}/merge_requests/{merge_request_iid}/notes": {
      repository.pull(v.merge_request_iid);
      const key = url.searchParams.get("order_by") === "updated_at" ? "updated" : "created";
      const all = repository.commentsOf(v.merge_request_iid).sort((a, b) => a[key] - b[key]);
      if ((url.searchParams.get("sort") ?? "desc") === "desc") all.reverse();
      const { items, headers } = page(all, url, "per_page", 100, 20);
      return { status: 200, headers, body: items.map(note) };
    }
    case "post /projects/{id}/merge_requests/{merge_request_iid}/notes":
      forge.checkLength(body.body, 1_000_000, 400, "400 Bad request - Note is too long (maximum is 1000000 characters)");
      return { status: 201, body: note(repository.addComment(v.merge_request_iid, who, body.body)) };
    case "put /projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}":
      forge.checkLength(body.body, 1_000_000, 400, "400 Bad request - Note is too long (maximum is 1000000 characters)");
      if (repository.comment(v.note_id).author !== who) throw new Refusal(403, "403 Forbidden");
      return { status: 200, body: note(repository.editComment(v.note_id, body.body)) };
    case "delete /projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}":
      repository.deleteComment(v.note_id);
      return { status: 204 };
    case "post /projects/{id}/statuses/{sha}": {
      forge.checkLength(body.description ?? "", 255, 400, "description is too long (maximum is 255 characters)");
      if (![...repository.pulls.values()].some((p) => p.head_sha === v.sha)) throw new Refusal(404, "404 Commit Not Found");
      const name = body.name ?? body.context ?? "default";
      const last = repository.statuses.filter((s) => s.sha === v.sha && s.context === name).at(-1);
      // What is finished gives way to a new one; what still runs is changed, and never to what it is.
      if (last !== undefined && last.state === body.state && (body.state === "pending" || body.state === "running")) {
        throw new Refusal(400, "Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via \"enqueue\")");
      }
      const made = repository.addStatus(v.sha, who, { state: body.state, context: name, description: body.description ?? "", target_url: body.target_url ?? "" });
      return { status: 201, body: { id: made.id, sha: v.sha, ref: "main", status: made.state, name: made.context, target_url: made.target_url,
        description: made.description, created_at: time(made.at), started_at: null, finished_at: null, allow_failure: false, author: user(who) } };
    }
    case "get /projects/{id}/members/all/{user_id}": {
      const name = [...repository.people.keys()].find((n) => idOf(n) === Number(v.user_id));
      if (name === undefined || repository.people.get(name) === "none") throw new Refusal(404, "404 Not found");
      return { status: 200, body: { ...user(name), access_level: LEVELS[repository.people.get(name)] } };
    }
    default:
      throw new Refusal(404, "404 Not Found");
  }
}
