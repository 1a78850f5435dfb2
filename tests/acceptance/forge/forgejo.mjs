// Forgejo's side, and Gitea's. Its description (forgejo.openapi.json) is our own short one, of the operations that are
// used.
import { page, Refusal, seconds } from "./state.mjs";

export const prefix = ["/api/v1"];
export const operations = [
  "get /user",
  "get /repos/{owner}/{repo}/pulls",
  "get /repos/{owner}/{repo}/pulls/{index}",
  "get /repos/{owner}/{repo}/issues/{index}/comments",
  "post /repos/{owner}/{repo}/issues/{index}/comments",
  "patch /repos/{owner}/{repo}/issues/comments/{id}",
  "delete /repos/{owner}/{repo}/issues/comments/{id}",
  "post /repos/{owner}/{repo}/statuses/{sha}",
  "get /repos/{owner}/{repo}/collaborators/{collaborator}/permission",
];

const idOf = (name) => 1000 + [...name].reduce((sum, c) => sum * 31 % 1_000_003 + c.charCodeAt(0), 7);
const user = (name) => ({ id: idOf(name), login: name, full_name: "", email: `${name}@noreply.example.org`, html_url: `https://codeberg.org/${name}` });

export function login(forge, headers) {
  const token = /^(?:token|Bearer) (\S+)$/.exec(headers.authorization ?? "")?.[1];
  const name = forge.tokens.get(token);
  if (name === undefined) throw new Refusal(401, "token is required");
  return name;
}
export const checkHeaders = () => [];
export const error = (refusal) => ({ message: refusal.message, url: "https://codeberg.org/api/swagger" });
// Neither has limits of its own; a proxy before it does.
export const tooMany = (wait) => new Refusal(429, "Too Many Requests", { "Retry-After": String(wait) });
export const primary = (reset) => new Refusal(429, "Too Many Requests", { "Retry-After": String(Math.max(1, reset - Math.floor(Date.now() / 1000))) });

function pullBody(repository, pull) {
  const repo = (id) => ({ id, name: repository.name.split("/")[1], full_name: repository.name });
  const headRepo = pull.fork === "gone" ? null : pull.fork ? repository.id + 500_000 : repository.id;
  const time = seconds(pull.updated);
  return { id: 90_000 + pull.number, number: pull.number, user: user(pull.author), title: pull.title, body: "",
    state: pull.state === "open" ? "open" : "closed", draft: pull.draft, merged: pull.state === "merged",
    merged_at: pull.state === "merged" ? time : null, merge_commit_sha: pull.merge_commit, flow: pull.agit ? 1 : 0,
    html_url: `https://codeberg.org/${repository.name}/pulls/${pull.number}`,
    base: { label: pull.base_branch, ref: pull.base_branch, sha: pull.base_sha, repo_id: repository.id, repo: repo(repository.id) },
    head: { label: pull.head_branch, ref: pull.agit ? `refs/pull/${pull.number}/head` : pull.head_branch, sha: pull.head_sha,
      repo_id: headRepo ?? 0, repo: headRepo === null ? null : repo(headRepo) },
    merge_base: pull.base_sha, created_at: seconds(pull.created), updated_at: time, closed_at: pull.state === "open" ? null : time };
}

function commentBody(repository, comment) {
  return { id: comment.id, html_url: `https://codeberg.org/${repository.name}/pulls/${comment.number}#issuecomment-${comment.id}`,
    pull_request_url: `https://codeberg.org/${repository.name}/pulls/${comment.number}`, issue_url: "", user: user(comment.author),
    original_author: "", original_author_id: 0, body: comment.body, assets: [], created_at: seconds(comment.created), updated_at: seconds(comment.updated) };
}

export function handle(forge, who, found, url, body) {
  const v = found.values;
  const repository = v.owner === undefined ? null : forge.repository(`${v.owner}/${v.repo}`);
  switch (found.name) {
    case "get /user":
      return { status: 200, body: user(who) };
    case "get /repos/{owner}/{repo}/pulls": {
      const state = url.searchParams.get("state") ?? "open";
      const key = url.searchParams.get("sort") === "recentupdate" ? "updated" : "created";
      const all = [...repository.pulls.values()].filter((p) => state === "all" || (p.state === "open") === (state === "open")).sort((a, b) => b[key] - a[key]);
      const { items, headers } = page(all, url, "limit", 50, 30);
      return { status: 200, headers, body: items.map((p) => pullBody(repository, p)) };
    }
    case "get /repos/{owner}/{repo}/pulls/{index}":
      return { status: 200, body: pullBody(repository, repository.pull(v.index)) };
    case "get /repos/{owner}/{repo}/issues/{index}/comments": {
      repository.pull(v.index);
      const since = Date.parse(url.searchParams.get("since") ?? "1970-01-01T00:00:00Z");
      const all = repository.commentsOf(v.index).filter((c) => Math.floor(c.updated / 1000) * 1000 >= since);
      return { status: 200, body: all.map((c) => commentBody(repository, c)) };  // all of them: it knows no pages here
    }
    case "post /repos/{owner}/{repo}/issues/{index}/comments":
      return { status: 201, body: commentBody(repository, repository.addComment(v.index, who, body.body)) };
    case "patch /repos/{owner}/{repo}/issues/comments/{id}":
      if (repository.comment(v.id).author !== who) throw new Refusal(403, "");
      return { status: 200, body: commentBody(repository, repository.editComment(v.id, body.body)) };
    case "delete /repos/{owner}/{repo}/issues/comments/{id}":
      repository.deleteComment(v.id);
      return { status: 204 };
    case "post /repos/{owner}/{repo}/statuses/{sha}": {
      if (![...repository.pulls.values()].some((p) => p.head_sha === v.sha)) throw new Refusal(404, "object does not exist");
      const made = repository.addStatus(v.sha, who, { state: body.state, context: body.context ?? "default", description: body.description ?? "", target_url: body.target_url ?? "" });
      return { status: 201, body: { id: made.id, status: made.state, target_url: made.target_url, description: made.description, url: "",
        context: made.context, creator: user(who), created_at: seconds(made.at), updated_at: seconds(made.at) } };
    }
    case "get /repos/{owner}/{repo}/collaborators/{collaborator}/permission": {
      if (v.collaborator.toLowerCase() !== who && repository.people.get(who) !== "admin") {
        throw new Refusal(403, "Only admins can query all permissions, repo admins can query all repo permissions, collaborators can query only their own");
      }
      const permission = repository.people.get(v.collaborator.toLowerCase());
      if (permission === undefined) throw new Refusal(404, "user does not exist");
      return { status: 200, body: { permission: permission === "admin" ? "owner" : permission, role_name: permission, user: user(v.collaborator) } };
    }
    default:
      throw new Refusal(404, "The target couldn't be found.");
  }
}
