#!/usr/bin/env python3
"""Prints the figures of ./dev bench beside their targets, and writes them to summary.json.

Reads *_bench.json, provider_plan.json, push.json and services.json of the folder that is named. Ends with 1 when a target is missed.
"""
import json
import pathlib
import sys

MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}


def medians(folder):
    """benchmark name -> its median (or only) row."""
    rows = {}
    for path in sorted(folder.glob("*_bench.json")):
        for row in json.loads(path.read_text())["benchmarks"]:
            if row["run_type"] == "iteration" or row.get("aggregate_name") == "median":
                rows[row["run_name"]] = row
    return rows


def scripted(folder, name):
    """The rows of a script's benchmark, where it was run."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text())["benchmarks"] if path.exists() else []


class Figures:
    def __init__(self, rows):
        self.rows = rows
        self.lines = []

    def row(self, name):
        for full, row in self.rows.items():
            if full == name or full.startswith(name + "/"):
                return row
        return None

    def milliseconds(self, name, kind="real_time"):
        row = self.row(name)
        return None if row is None else row[kind] * MILLISECONDS[row["time_unit"]]

    def counter(self, name, counter):
        row = self.row(name)
        return None if row is None else row.get(counter)

    def add(self, what, value, unit, most=None, least=None):
        if value is not None:
            self.lines.append({"figure": what, "value": round(value, 3), "unit": unit, "at_most": most, "at_least": least,
                               "ok": (most is None or value <= most) and (least is None or value >= least)})


def collect(figures):
    planner = lambda name: figures.milliseconds(name, "cpu_time")
    cold, large = planner("ColdPlan/10000"), planner("ColdPlan/100000")
    figures.add("planner: 10,000 objects from cold, everything to do", cold, "ms", 150)
    figures.add("planner: 10,000 objects from cold, nothing to do", planner("ColdConverged/10000"), "ms", 150)
    figures.add("planner: after one change, nothing else to do", planner("OneChange/10000"), "ms", 5)
    figures.add("planner: after one change, everything to do", planner("OneChangeBusy/10000"), "ms", 5)
    figures.add("planner: what one put would do", planner("Preview/10000"), "ms", 5)
    figures.add("planner: 100,000 objects from cold", large, "ms")
    figures.add("planner: 100,000 over 10,000", large / cold if large and cold else None, "x", 12)
    for threads, what in ((1, "one writer"), (8, "8 writers share syncs"), (64, "64 writers share syncs")):
        figures.add(f"store: synced small commits, {what}",
                    figures.counter(f"SmallCommit/real_time/threads:{threads}", "items_per_second"), "commits/s")
    figures.add("store: one small synced commit", figures.milliseconds("SmallCommit/real_time/threads:1"), "ms")
    figures.add("store: 100 keys a synced commit", figures.counter("FullTransaction", "items_per_second"), "keys/s")
    for name, what in (("received", "received by the agent"), ("done", "the run has ended")):
        for percentile in ("p50", "p99"):
            figures.add(f"Apply until {what}, {percentile}",
                        figures.counter("ApplyToAgent", f"{name}_{percentile}_ms"), "ms")
    figures.add("agent, idle: resident memory", figures.counter("AgentIdle", "rss_mb"), "MB", 20)
    figures.add("agent, idle: CPU, of one core", figures.counter("AgentIdle", "cpu_percent"), "%")


def collect_provider(figures, plan_rows):
    mega = lambda value: None if value is None else value / 1e6
    for name in ("toy", "podwright"):
        start, schema = f"StartToHandshake/{name}", f"SchemaAnswered/{name}"
        figures.add(f"provider {name}: start until handshake", figures.milliseconds(start), "ms", 5)
        figures.add(f"provider {name}: whole schema answered", figures.milliseconds(schema), "ms", 1)
        figures.add(f"provider {name}: resident after the schema",
                    mega(figures.counter(schema, "rss_after_schema_bytes")), "MB", 16)
        figures.add(f"provider {name}: binary", mega(figures.counter(start, "binary_bytes")), "MB", 25)
    for name, what in (("Decode", "values decoded"), ("DecodeByTheLibrary", "the same by the msgpack library alone"),
                       ("Encode", "values encoded"), ("EncodeByTheLibrary", "the same by the msgpack library alone"),
                       ("ReadJsonState", "state read from JSON")):
        figures.add(what, mega(figures.counter(name, "bytes_per_second")), "MB/s")
    for row in plan_rows:
        count = int(row["name"].split("/")[1])
        most = 1.5 if count == 1000 else None
        figures.add(f"plan of {count}: toy_data, of terraform_data's time", row["toy_data_ratio"], "x", most)
        figures.add(f"plan of {count}: podwright_secret, of a like terraform_data's", row["podwright_secret_ratio"], "x",
                    most)
        for name in ("terraform_data", "toy_data", "terraform_data_object", "podwright_secret", "toy_file"):
            figures.add(f"plan of {count} {name}", row[name + "_seconds"], "s")


def collect_services(figures, rows):
    handovers = {"switchover": ("PostgreSQL switchover under writes: no write is acknowledged", 2000),
                 "failover": ("Redis planned failover under writes: no write is acknowledged", 1000)}
    for row in rows:
        name, _, count = row["name"].partition("/")
        if "error" in row:
            figures.add(f"{name}: parts of the benchmark that failed", 1, "", 0)
        elif name == "reloads":
            figures.add(f"balancer: {count} reloads, requests made", row["requests"], "", least=50_000)
            figures.add(f"balancer: {count} reloads, requests that failed", row["failed"], "", 0)
            figures.add(f"balancer: {count} reloads, database sessions cut, of 8", row["sessions_cut"], "", 0)
        elif name == "route_change":
            what = f"route change: apply until the new answer, {count} other hosts"
            figures.add(f"{what}, p50 of {row['runs']}", row["p50_ms"], "ms", 600 if int(count) > 0 else 300)
            figures.add(f"{what}, p95", row["p95_ms"], "ms")
        elif name in handovers:
            what, most = handovers[name]
            figures.add(f"{what}, p50 of {row['runs']}", row["p50_ms"], "ms")
            figures.add(f"{what}, the longest", row["most_ms"], "ms", most)
            figures.add(f"{what.split(':')[0]}: acknowledged and lost, of {row['writes']}", row["lost"], "", 0)
        elif name == "mesh":
            what = f"mesh: all keys renewed under an open TCP stream, {row['runs']} times"
            figures.add(f"{what}: the rotations made", row["runs"], "", least=5)
            figures.add(f"{what}: the longest answer of one, p50", row["p50_ms"], "ms")
            figures.add(f"{what}: the longest answer of all", row["most_ms"], "ms", 1000)
        elif name == "quickstart":
            figures.add("quick start from built programs", row["seconds"], "s", 180)
            for action in row["longest"][:3]:
                figures.add(f"quick start: {action['action']} of {action['object']} on {action['server']}", action["seconds"], "s")


def collect_git(figures, rows):
    figures.add("source of 10,000 documents: fetched until the plan of 1 changed one stands",
                figures.milliseconds("OneOfMany/10000"), "ms", 250)
    figures.add("source of 10,000 documents: its status", figures.milliseconds("SourceGet/10000"), "ms", 50)
    # Published elsewhere: Flux 2.9 about 4 (1,000 Kustomizations, 16 cores), Argo CD about 38 (50,000 applications, 3
    # m5.2xlarge), both through a real Kubernetes API; here agents are in memory behind podwrightd's stream seam.
    figures.add("1,000 changed objects of 10,000, agents in memory: converged (Flux: 4, Argo CD: 38)",
                figures.counter("Converge/1000", "objects_per_second"), "objects/s", least=38)
    for counter, what, unit, most in (("last_status_s", "the last status", "s", None),
                                      ("last_s", "the last comment", "s", 300),
                                      ("most_a_minute", "the most writes within a minute", "", 80),
                                      ("most_an_hour", "the most writes within an hour", "", 500)):
        figures.add(f"previews of 100 pull requests at once, GitHub's pace: {what}",
                    figures.counter("PullRequestsAtOnce/100", counter), unit, most)
    for row in rows:
        way = row["name"].split("/")[1]
        figures.add(f"push until nginx answers with it, {way}, p50 of {row['runs']}", row["p50_ms"], "ms", 1000)
        figures.add(f"push until nginx answers with it, {way}, p99", row["p99_ms"], "ms", 3000)


def target(line):
    if line["at_least"] is not None:
        return f"at least {line['at_least']:,g} {line['unit']}"
    return "" if line["at_most"] is None else f"at most {line['at_most']:g} {line['unit']}"


def main():
    folder = pathlib.Path(sys.argv[1])
    figures = Figures(medians(folder))
    collect(figures)
    collect_provider(figures, scripted(folder, "provider_plan"))
    collect_git(figures, scripted(folder, "push"))
    collect_services(figures, scripted(folder, "services"))
    (folder / "summary.json").write_text(json.dumps(figures.lines, indent=2) + "\n")
    width = max((len(line["figure"]) for line in figures.lines), default=0)
    print(f"\n{'FIGURE':{width}}  {'MEASURED':>20}  TARGET")
    for line in figures.lines:
        print(f"{line['figure']:{width}}  {line['value']:>10,.2f} {line['unit']:<9}  {target(line)}"
              f"{'' if line['ok'] else '  missed'}")
    missed = sum(not line["ok"] for line in figures.lines)
    print(f"{len(figures.lines)} figures, {missed} beside their targets" if missed else f"{len(figures.lines)} figures")
    return 0 if all(line["ok"] for line in figures.lines) else 1


if __name__ == "__main__":
    sys.exit(main())
