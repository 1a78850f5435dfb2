"""What runs were made of, as `podwright run get -o json` tells it."""
import datetime


def millis(text):
    """Milliseconds since 1970 of a time as the CLI writes it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def newest(world, kind):
    """The actions of the newest run over an object of this kind."""
    of_kind = [run for run in world.json("run", "list") if any(ref["kind"] == kind for ref in run["objects"])]
    return actions(world.json("run", "get", max(of_kind, key=lambda run: millis(run["created"]))["id"]))


def around(spans, moment):
    """For people: when actions began and ended, in milliseconds from a moment in seconds since 1970."""
    return "; ".join(f"{span['action'].split('.', 1)[1]} {span['from'] - moment * 1000:+.0f}…{span['until'] - moment * 1000:+.0f}"
                     for span in spans)


def actions(run):
    """The actions of one run that were done, in order of their beginning."""
    found = [{"action": record["action"]["verb"], "object": record["action"]["object"]["name"],
              "server": record["action"].get("server", ""), "from": millis(record["sent"]), "until": millis(record["done"])}
             for record in run["actions"] if record.get("sent") and record.get("done")]
    return sorted(found, key=lambda action: action["from"])
