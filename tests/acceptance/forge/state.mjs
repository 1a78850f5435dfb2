// What the forges have in common: repositories with pull requests, comments, statuses and people.

export class Refusal extends Error {
  constructor(status, message, headers = {}) {
    super(message);
    Object.assign(this, { status, headers });
  }
}

let lastTime = 0;
// Never the same twice, so that what came later is later.
export function now() {
  lastTime = Math.max(Date.now(), lastTime + 1);
  return lastTime;
}
// Whole seconds, as forges tell times.
export const seconds = (time) => new Date(Math.floor(time / 1000) * 1000).toISOString().replace(".000Z", "Z");

export class Repository {
  constructor(forge, name, id) {
    Object.assign(this, { forge, name, id, pulls: new Map(), comments: new Map(), statuses: [], people: new Map() });
  }

  pull(number) {
    const pull = this.pulls.get(Number(number));
    if (pull === undefined) throw new Refusal(404, "Not Found");
    return pull;
  }
  comment(id) {
    const comment = this.comments.get(Number(id));
    if (comment === undefined) throw new Refusal(404, "Not Found");
    return comment;
  }
  commentsOf(number) {
    return [...this.comments.values()].filter((c) => c.number === Number(number)).sort((a, b) => a.id - b.id);
  }

  addPull(given) {
    const number = given.number ?? this.pulls.size + 1;
    const at = now();
    const pull = { title: `Change ${number}`, author: "ada", state: "open", draft: false, fork: false, agit: false,
      head_sha: "0".repeat(40), head_branch: `change-${number}`, base_branch: "main", base_sha: "0".repeat(40),
      merge_commit: null, ...given, number, created: at, updated: at };
    this.pulls.set(number, pull);
    return pull;
  }
  changePull(number, change) {
    Object.assign(this.pull(number), change, { updated: now() });
  }
  addComment(number, author, body) {
    const pull = this.pull(number);
    const at = now();
    pull.updated = at;
    const comment = { id: this.forge.nextId(), number: Number(number), author, body, created: at, updated: at,
      history: [{ at, body }] };
    this.comments.set(comment.id, comment);
    return comment;
  }
  editComment(id, body) {
    const comment = this.comment(id);
    const at = now();
    Object.assign(comment, { body, updated: at });
    comment.history.push({ at, body });
    this.pull(comment.number).updated = at;
    return comment;
  }
  deleteComment(id) {
    this.comment(id);
    this.comments.delete(Number(id));
  }
  addStatus(sha, author, status) {
    const made = { id: this.forge.nextId(), sha, author, ...status, at: now() };
    this.statuses.push(made);
    return made;
  }
}

// Writes in the last minute and hour, and what came too fast.
export class Limits {
  constructor(perMinute = 80, perHour = 500) {
    Object.assign(this, { perMinute, perHour, writes: [] });
  }
  // Seconds to wait, or 0: it is counted.
  take(time) {
    this.writes = this.writes.filter((at) => at > time - 3_600_000);
    const minute = this.writes.filter((at) => at > time - 60_000);
    if (minute.length >= this.perMinute) return Math.ceil((minute[minute.length - this.perMinute] + 60_000 - time) / 1000);
    if (this.writes.length >= this.perHour) return Math.ceil((this.writes[this.writes.length - this.perHour] + 3_600_000 - time) / 1000);
    this.writes.push(time);
    return 0;
  }
}

// The page of a list, and the Link header to the others.
export function page(items, url, sizeName, most, usual) {
  const size = Math.min(Number(url.searchParams.get(sizeName) ?? usual), most);
  const number = Number(url.searchParams.get("page") ?? 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (n, rel) => {
    const other = new URL(url);
    other.searchParams.set("page", n);
    return `<${other}>; rel="${rel}"`;
  };
  const links = [];
  if (number > 1) links.push(link(number - 1, "prev"));
  if (number < last) links.push(link(number + 1, "next"), link(last, "last"));
  return { items: items.slice((number - 1) * size, number * size), headers: links.length > 0 ? { Link: links.join(", ") } : {} };
}
