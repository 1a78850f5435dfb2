// GitHub's side: answers are the examples of its own description, with what the test made put in.
import { page, Refusal, seconds } from "./state.mjs";

export const prefix = ["/api/v3", ""];
export const operations = [
  "get /user",
  "get /repos/{owner}/{repo}/pulls",
  "get /repos/{owner}/{repo}/pulls/{pull_number}",
  "get /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "post /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "patch /repos/{owner}/{repo}/issues/comments/{comment_id}",
  "delete /repos/{owner}/{repo}/issues/comments/{comment_id}",
  "post /repos/{owner}/{repo}/statuses/{sha}",
  "get /repos/{owner}/{repo}/collaborators/{username}/permission",
];
export const hasConditional = true;

export function login(forge, headers) {
  if ((headers["user-agent"] ?? "") === "") throw new Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header");
  const token = /^(?:Bearer|token) (\S+)$/.exec(headers.authorization ?? "")?.[1];
  const name = forge.tokens.get(token);
  if (name === undefined) throw new Refusal(401, "Bad credentials");
  return name;
}

// Headers that no schema of the description holds and its text asks for.
export function checkHeaders(headers) {
  const problems = [];
  if (headers["x-github-api-version"] !== "2022-11-28") problems.push("no X-GitHub-Api-Version: 2022-11-28");
  if (headers.accept !== "application/vnd.github+json") problems.push(`Accept is "${headers.accept}"`);
  return problems;
}

export const error = (refusal) => ({ message: refusal.message, documentation_url: "https://docs.github.com/rest", status: String(refusal.status) });
export const tooMany = (wait, origin) => new Refusal(403, `You have exceeded a secondary rate limit. Please wait a few minutes before you try again. (${origin})`, { "Retry-After": String(wait) });
export const primary = (reset) => new Refusal(403, "API rate limit exceeded for user ID 1.", { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-used": "5000", "x-ratelimit-resource": "core", "x-ratelimit-reset": String(reset) });

function user(template, name) {
  return { ...template, login: name, id: 1000 + [...name].reduce((sum, c) => sum * 31 % 1_000_003 + c.charCodeAt(0), 7), html_url: `https://github.com/${encodeURIComponent(name)}` };
}

function pullBody(forge, repository, pull, full) {
  const body = full ? forge.description.example("pull-request") : forge.description.example("pull-request-simple-items")[0];
  const time = seconds(pull.updated);
  Object.assign(body, { number: pull.number, title: pull.title, draft: pull.draft, state: pull.state === "open" ? "open" : "closed",
    user: user(body.user, pull.author), created_at: seconds(pull.created), updated_at: time,
    closed_at: pull.state === "open" ? null : time, merged_at: pull.state === "merged" ? time : null,
    merge_commit_sha: pull.merge_commit ?? "e5bd3914e2e596debea16f433f57875b5b90bcd6",
    html_url: `https://github.com/${repository.name}/pull/${pull.number}` });
  body.requested_teams = [];  // the example lacks what the description asks for
  if (full) body.merged = pull.state === "merged";
  Object.assign(body.head, { ref: pull.head_branch, sha: pull.head_sha });
  Object.assign(body.base, { ref: pull.base_branch, sha: pull.base_sha });
  Object.assign(body.base.repo, { id: repository.id, full_name: repository.name });
  if (pull.fork === "gone") body.head.repo = null;
  else Object.assign(body.head.repo, { id: pull.fork ? repository.id + 500_000 : repository.id, fork: Boolean(pull.fork) });
  return body;
}

function commentBody(forge, repository, comment) {
  const body = forge.description.example("issue-comment");
  return { ...body, id: comment.id, body: comment.body, user: user(body.user, comment.author),
    created_at: seconds(comment.created), updated_at: seconds(comment.updated),
    html_url: `https://github.com/${repository.name}/pull/${comment.number}#issuecomment-${comment.id}` };
}

export function handle(forge, who, found, url, body) {
  const v = found.values;
  const repository = v.owner === undefined ? null : forge.repository(`${v.owner}/${v.repo}`);
  switch (found.name) {
    case "get /user": {
      const template = forge.description.example("private-user-response-with-public-profile-information");
      return { status: 200, body: { ...user(template, who), user_view_type: "public" } };
    }
    case "get /repos/{owner}/{repo}/pulls": {
      const state = url.searchParams.get("state") ?? "open";
      const base = url.searchParams.get("base");
      const key = url.searchParams.get("sort") === "updated" ? "updated" : "created";
      const down = (url.searchParams.get("direction") ?? (url.searchParams.has("sort") ? "asc" : "desc")) === "desc";
      const all = [...repository.pulls.values()].filter((p) => (state === "all" || (p.state === "open") === (state === "open")) && (base === null || p.base_branch === base))
        .sort((a, b) => down ? b[key] - a[key] : a[key] - b[key]);
      const { items, headers } = page(all, url, "per_page", 100, 30);
      return { status: 200, headers, body: items.map((p) => pullBody(forge, repository, p, false)) };
    }
    case "get /repos/{owner}/{repo}/pulls/{pull_number}":
      return { status: 200, body: pullBody(forge, repository, repository.pull(v.pull_number), true) };
    case "get /repos/{owner}/{repo}/issues/{issue_number}/comments": {
      repository.pull(v.issue_number);
      const since = Date.parse(url.searchParams.get("since") ?? "1970-01-01T00:00:00Z");
      const { items, headers } = page(repository.commentsOf(v.issue_number).filter((c) => Math.floor(c.updated / 1000) * 1000 >= since), url, "per_page", 100, 30);
      return { status: 200, headers, body: items.map((c) => commentBody(forge, repository, c)) };
    }
    case "post /repos/{owner}/{repo}/issues/{issue_number}/comments":
      forge.checkLength(body.body, 65_536, 422, "Validation Failed: body is too long (maximum is 65536 characters)");
      return { status: 201, body: commentBody(forge, repository, repository.addComment(v.issue_number, who, body.body)) };
    case "patch /repos/{owner}/{repo}/issues/comments/{comment_id}":
      forge.checkLength(body.body, 65_536, 422, "Validation Failed: body is too long (maximum is 65536 characters)");
      if (repository.comment(v.comment_id).author !== who) throw new Refusal(403, "Must have admin rights to Repository.");
      return { status: 200, body: commentBody(forge, repository, repository.editComment(v.comment_id, body.body)) };
    case "delete /repos/{owner}/{repo}/issues/comments/{comment_id}":
      repository.deleteComment(v.comment_id);
      return { status: 204 };
    case "post /repos/{owner}/{repo}/statuses/{sha}": {
      forge.checkLength(body.description ?? "", 140, 422, "Validation Failed: description is too long (maximum is 140 characters)");
      if (![...repository.pulls.values()].some((p) => p.head_sha === v.sha)) throw new Refusal(422, `No commit found for SHA: ${v.sha}`);
      const made = repository.addStatus(v.sha, who, { state: body.state, context: body.context ?? "default", description: body.description ?? "", target_url: body.target_url ?? "" });
      const template = forge.description.example("status");
      return { status: 201, body: { ...template, id: made.id, state: made.state, context: made.context, description: made.description,
        target_url: made.target_url, creator: user(template.creator, who), created_at: seconds(made.at), updated_at: seconds(made.at) } };
    }
    case "get /repos/{owner}/{repo}/collaborators/{username}/permission": {
      if (!["admin", "write"].includes(repository.people.get(who))) throw new Refusal(403, "Must have push access to view collaborator permission.");
      const permission = repository.people.get(v.username.toLowerCase());
      if (permission === undefined) throw new Refusal(404, `${v.username} is not a user`);
      const template = forge.description.example("repository-collaborator-permission-response-if-user-has-admin-permissions");
      return { status: 200, body: { permission, role_name: permission, user: { ...user(template.user, v.username), role_name: permission } } };
    }
    default:
      throw new Refusal(404, "Not Found");
  }
}
