"""What runs were made of, as `podwright run get -o json` tells it."""
import datetime


def millis(text):
    """Milliseconds since 1970 of a time as the CLI writes it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def actions(run):
    """The actions of one run that were done, in order of their beginning."""
    found = [{"action": record["action"]["verb"], "object": record["action"]["object"]["name"],
              "server": record["action"].get("server", ""), "from": millis(record["sent"]), "until": millis(record["done"])}
             for record in run["actions"] if record.get("sent") and record.get("done")]
    return sorted(found, key=lambda action: action["from"])
