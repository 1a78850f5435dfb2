#!/usr/bin/env python3
"""The kind `database` with the engine mysql, which is MariaDB, on real lab servers: a primary with replicas, logins,
parameters, a member cloned under writes, a switchover that loses nothing, what is brought back, what is kept."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

HEAD = "apiVersion: podwright.dev/v1\n"
MEMBERS = ["one", "two", "three"]
SERVERS = "\n---\n".join(
    HEAD + f"kind: Server\nmetadata: {{name: {name}}}\nspec:\n  cloud: lab\n" for name in MEMBERS) + f"""
---
{HEAD}kind: Server
metadata: {{name: client}}
spec:
  cloud: lab
  packages: {{mariadb-client-core: {{}}}}
  secrets:
    /etc/app-password: {{secret: app-password}}
    /etc/report-password: {{secret: report-password}}
---
{HEAD}kind: Secret
metadata: {{name: report-password}}
spec: {{generator: {{length: 24}}}}
---
{HEAD}kind: Secret
metadata: {{name: app-password}}
spec: {{generator: {{length: 24}}}}
"""

# Writes a row after the other to whichever member takes it, and notes each that was acknowledged.
WRITER = r"""
i=$2
while [ ! -e /root/stop ]; do
  for host in $1; do
    if mariadb --defaults-extra-file=/root/app.cnf --connect-timeout=2 -h "$host" shop -e "INSERT INTO t (n) VALUES ($i)" 2>>/root/writer.err; then
      echo $i >> /root/acknowledged; i=$((i+1)); break
    fi
  done
done
"""


def database(members=("one", "two"), primary="one", parameters=None, sync=True, users=None, extra="", version="10.11"):
    listed = ", ".join(f"{k}: \"{v}\"" for k, v in (parameters or {"max_connections": "60"}).items())
    who = users or "app: {password: {secret: app-password}}, report: {password: {secret: report-password}, grants: {shop: read}}"
    owner = "{owner: app}" if "app:" in who else "{}"
    return (f"{HEAD}kind: Database\nmetadata: {{name: the-orders}}\nspec:\n  engine: mysql\n  version: \"{version}\"\n"
            f"  members: [{', '.join(members)}]\n  primary: {primary}\n  deletion_protection: false\n"
            + ("  sync: {mode: quorum, count: 1}\n" if sync and len(members) > 1 else "")
            + f"  users: {{{who}}}\n  databases: {{shop: {owner}, the_shop: {{}}}}\n"
            f"  parameters: {{{listed}}}\n{extra}")


def full(*arguments, **options):
    return SERVERS + "---\n" + database(*arguments, **options)


class MariaDbOnTheLab(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.world.apply(full(), timeout=900)
        except BaseException:
            cls.world.close()  # unittest does it only after what was set up
            raise
        cls.world.shell("client", "cat > /root/writer.sh <<'X'\n" + WRITER + "X\n")

    def setUp(self):
        self.apply()

    def apply(self, *arguments, **options):
        return self.world.apply(full(*arguments, **options), "--prune", timeout=500)

    def status(self):
        return self.world.json("get", "database")[0]["status"]

    def root(self, server, sql, **options):
        return self.world.shell(
            server, f"mariadb -N -B -S /run/mariadb-the_orders/mariadbd.sock <<'X'\n{sql};\nX", **options).strip()

    def host(self, server):
        endpoints = [self.status()["read_write"]] + list(self.status().get("read_only", []))
        roles = self.status()["roles"]
        if roles.get(server) == "primary":
            return endpoints[0].rsplit(":", 1)[0]
        return self.world.shell(server, "hostname -I").split()[0]

    def log_in(self, user, server, sql, database="shop", check=True):
        self.world.shell("client", f"printf '[client]\\nuser={user}\\npassword=\"%s\"\\n' \"$(cat /etc/{user}-password)\" "
                                   f"> /root/{user}.cnf; chmod 600 /root/{user}.cnf")
        return self.world.shell("client", f"mariadb --defaults-extra-file=/root/{user}.cnf -N -B -h {self.host(server)} "
                                          f"{database} -e \"{sql}\" 2>&1", check=check).strip()

    def start_writer(self, first, *servers):
        self.log_in("app", self.status()["primary"], "CREATE TABLE IF NOT EXISTS t (n BIGINT PRIMARY KEY)")
        hosts = " ".join(self.host(server) for server in servers)
        self.world.shell("client", "rm -f /root/stop /root/acknowledged; touch /root/acknowledged; systemctl reset-failed writer 2>/dev/null;"
                                   f"systemd-run --quiet --unit=writer bash /root/writer.sh '{hosts}' {first}")
        eventually("the first rows", lambda: self.acknowledged() > 5)

    def acknowledged(self):
        return int(self.world.shell("client", "wc -l < /root/acknowledged"))

    def stop_writer(self):
        self.world.shell("client", "touch /root/stop; while systemctl is-active --quiet writer; do sleep 0.2; done")
        return set(self.world.shell("client", "cat /root/acknowledged").split())

    def empty(self, *arguments, **options):
        self.world.plan(full(*arguments, **options), "--detailed-exitcode", code=0)

    def test_a_primary_and_its_replica_run(self):
        status = self.status()
        self.assertEqual(status["primary"], "one")
        self.assertEqual(status["roles"], {"one": "primary", "two": "replica"})
        self.assertEqual(len(status["read_only"]), 1)
        self.assertEqual(self.root("one", "SELECT @@read_only"), "0")
        self.assertEqual(self.root("two", "SELECT @@read_only"), "1")
        self.assertEqual(self.root("one", "SELECT @@rpl_semi_sync_master_enabled"), "1")
        self.log_in("app", "one", "CREATE TABLE IF NOT EXISTS hello (n INT); INSERT INTO hello VALUES (7)")
        eventually("the row on the replica", lambda: "7" in self.log_in("app", "two", "SELECT n FROM hello", check=False))
        refused = self.log_in("app", "two", "INSERT INTO hello VALUES (8)", check=False)
        self.assertIn("read-only", refused)
        self.assertEqual(self.world.shell("one", "systemctl is-enabled podwright-mariadb@the_orders").strip(), "enabled")
        self.empty()

    def test_users_do_what_they_were_granted(self):
        self.log_in("app", "one", "CREATE TABLE IF NOT EXISTS g (n INT)")
        self.assertEqual(self.log_in("report", "one", "SELECT COUNT(*) FROM g"), "0")
        self.assertIn("denied", self.log_in("report", "one", "INSERT INTO g VALUES (1)", check=False))
        # `_` in a name stands for any letter in a grant: not here.
        self.root("one", "CREATE DATABASE IF NOT EXISTS thexshop")
        self.assertIn("denied", self.log_in("app", "one", "CREATE TABLE x (n INT)", database="thexshop", check=False))
        self.root("one", "DROP DATABASE thexshop")
        for server in ("one", "two"):
            password = self.world.shell("client", "cat /etc/app-password").strip()
            found = self.world.shell(server, f"grep -rls -- '{password}' /etc/mysql /var/lib/podwright-agent /var/log; "
                                             f"journalctl | grep -c -- '{password}'", check=False).split()
            self.assertEqual(found, ["0"])

    def test_a_parameter_is_reloaded_or_restarted_as_it_needs(self):
        before = self.world.shell("one", "systemctl show -P InvocationID podwright-mariadb@the_orders").strip()
        self.apply(parameters={"max_connections": "70", "wait_timeout": "600"})
        self.assertEqual(self.root("one", "SELECT @@global.max_connections, @@global.wait_timeout"), "70\t600")
        self.assertEqual(self.root("two", "SELECT @@global.max_connections"), "70")
        self.assertEqual(self.world.shell("one", "systemctl show -P InvocationID podwright-mariadb@the_orders").strip(), before)
        options = {"parameters": {"max_connections": "70", "innodb_buffer_pool_size": "160M", "performance_schema": "ON"}}
        self.apply(**options)
        self.assertEqual(self.root("one", "SELECT @@performance_schema, @@innodb_buffer_pool_size"), f"1\t{160 * 2**20}")
        self.assertEqual(self.root("two", "SELECT @@performance_schema"), "1")
        self.assertEqual(self.status()["primary"], "one")
        self.empty(**options)

    def test_an_unknown_parameter_is_refused_with_the_servers_words(self):
        said = self.world.apply(full(parameters={"max_connectionz": "70"}), code=1, timeout=300)
        self.assertIn("unknown variable 'max_connectionz=70'", said)
        self.assertEqual(self.root("one", "SELECT @@global.max_connections"), "60")

    def test_a_member_is_cloned_under_writes_and_leaves_again(self):
        self.log_in("app", "one", "DROP TABLE IF EXISTS t")
        self.start_writer(1, "one")
        self.apply(members=("one", "two", "three"))
        written = self.stop_writer()
        self.assertEqual(self.status()["roles"]["three"], "replica")
        last = max(written, key=int)
        eventually("the last row", lambda: self.root("three", f"SELECT COUNT(*) FROM shop.t WHERE n={last}") == "1")
        self.assertEqual(set(self.root("three", "SELECT n FROM shop.t").split()) & written, written)
        self.empty(members=("one", "two", "three"))
        self.apply()
        self.assertNotIn("three", self.status()["roles"])
        self.assertNotEqual(self.world.shell("three", "systemctl is-active podwright-mariadb@the_orders", check=False).strip(), "active")
        self.world.shell("three", "test -d /var/lib/mariadb/the_orders/shop")

    def test_a_switchover_under_writes_loses_nothing(self):
        self.log_in("app", "one", "DROP TABLE IF EXISTS t")
        self.start_writer(1, "one", "two")
        self.apply(primary="two")
        here = self.acknowledged()
        eventually("rows on the new primary", lambda: self.acknowledged() > here + 3)
        written = self.stop_writer()
        self.assertEqual(self.status()["primary"], "two")
        self.assertEqual(self.status()["roles"], {"one": "replica", "two": "primary"})
        self.assertEqual(written - set(self.root("two", "SELECT n FROM shop.t").split()), set())
        eventually("all of it on the former primary",
                   lambda: not written - set(self.root("one", "SELECT n FROM shop.t").split()))
        self.assertEqual(self.root("two", "SELECT epoch>=2 FROM podwright.epoch"), "1")
        # After a boot it is no primary again.
        self.world.shell("one", "systemctl restart podwright-mariadb@the_orders")
        self.assertEqual(self.root("one", "SELECT @@read_only"), "1")
        self.empty(primary="two")
        # Back again.
        self.apply(primary="one")
        self.assertEqual(self.status()["primary"], "one")

    def test_what_differs_comes_back(self):
        self.world.shell("two", "systemctl stop podwright-mariadb@the_orders")
        eventually("the service to run again", lambda: "1" == self.root("two", "SELECT @@read_only", check=False), 90)
        self.world.shell("one", "echo 'max_connections = 5' >> /etc/mysql/podwright/the_orders.cnf")
        eventually("the file to be as it was", lambda: "= 5\n" not in self.world.shell(
            "one", "cat /etc/mysql/podwright/the_orders.cnf"), 60)
        self.root("one", "UPDATE mysql.db SET Select_priv='N', Delete_priv='Y' WHERE User='report'; FLUSH PRIVILEGES")
        eventually("the grant to be as it was", lambda: set(self.root(
            "one", "SELECT CONCAT(Select_priv, Delete_priv) FROM mysql.db WHERE User='report'").split()) == {"YN"}, 120)
        self.root("one", "DELETE FROM mysql.global_priv WHERE User='report'; FLUSH PRIVILEGES")
        eventually("the user to be back", lambda: self.log_in("report", "one", "SELECT 1", check=False) == "1", 120)

    def test_a_replica_that_cannot_go_on_is_cloned_anew(self):
        self.apply(sync=False)  # else nothing would be committed without the replica
        self.log_in("app", "one", "DROP TABLE IF EXISTS s; CREATE TABLE s (n BIGINT PRIMARY KEY); INSERT INTO s VALUES (1)")
        eventually("the row on the replica", lambda: self.root("two", "SELECT n FROM shop.s", check=False) == "1")
        # The primary has thrown the log away that it needs.
        self.world.shell("two", "systemctl stop podwright-agent")
        self.root("two", "STOP SLAVE")
        self.root("one", "INSERT INTO shop.s VALUES (2); FLUSH BINARY LOGS")
        eventually("the log to be gone", lambda: self.root("one", "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY; SHOW BINARY LOGS").count("\n") == 0)
        self.root("two", "START SLAVE")
        self.world.shell("two", "systemctl start podwright-agent")
        eventually("both rows", lambda: self.root("two", "SELECT n FROM shop.s", check=False).split() == ["1", "2"], 180)
        eventually("everything to be in order", lambda: self.status()["in_sync"], 60)
        # What it has is not what the primary had.
        self.root("two", "SET sql_log_bin=0; INSERT INTO shop.s VALUES (3), (4)")
        self.root("one", "INSERT INTO shop.s VALUES (3)")
        eventually("the primary's rows alone", lambda: self.root("two", "SELECT n FROM shop.s", check=False).split() == ["1", "2", "3"], 180)
        eventually("everything to be in order again", lambda: self.status()["in_sync"], 60)
        self.assertIn("Duplicate entry", "".join(
            self.world.run("run", "get", run["id"], "-o", "json") for run in self.world.json("run", "list")[:10]))
        self.world.shell("two", "test -f /var/lib/mariadb/the_orders.apart-*/shop/s.ibd")

    def test_the_password_changes_without_a_gap(self):
        old = self.world.shell("client", "cat /etc/app-password").strip()
        self.world.run("secret", "rotate", "app-password", code=0)
        eventually("the new password", lambda: self.world.shell("client", "cat /etc/app-password").strip() != old)
        eventually("a login with it", lambda: self.log_in("app", "one", "SELECT 1", check=False) == "1")
        self.assertEqual(self.status()["users"]["app"]["login"], "app")

    def test_zz_a_deleted_database_keeps_its_data_and_the_same_name_goes_on_with_it(self):
        self.log_in("app", "one", "CREATE TABLE IF NOT EXISTS kept (n INT); INSERT INTO kept VALUES (11)")
        self.world.apply(SERVERS, "--prune", timeout=300)
        eventually("the database to be gone", lambda: self.world.json("get", "database") == [])
        for server in ("one", "two"):
            self.world.shell(server, "test -d /var/lib/mariadb/the_orders/shop")
            self.assertNotEqual(self.world.shell(server, "systemctl is-active podwright-mariadb@the_orders", check=False).strip(), "active")
        self.apply()
        self.assertEqual(self.status()["roles"], {"one": "primary", "two": "replica"})
        self.assertEqual(self.log_in("app", "one", "SELECT DISTINCT n FROM kept"), "11")
        self.log_in("app", "one", "INSERT INTO kept VALUES (12)")
        eventually("the row on the replica", lambda: "12" in self.log_in("app", "two", "SELECT n FROM kept", check=False))
        self.apply(extra="  on_delete: purge\n")
        self.world.apply_approved(SERVERS, "--prune", timeout=300)
        eventually("the database to be gone", lambda: self.world.json("get", "database") == [])
        for server in ("one", "two"):
            self.world.shell(server, "test ! -e /var/lib/mariadb/the_orders")
            self.world.shell(server, "test ! -e /etc/mysql/podwright/the_orders.cnf")

    def test_zzz_an_instance_made_by_hand_is_taken_over_and_given_back(self):
        self.world.shell("three", "DEBIAN_FRONTEND=noninteractive apt-get install -y -q mariadb-server", timeout=300)
        self.world.shell("three", "printf '[mysqld]\\nsort_buffer_size = 4M\\nmax_connections = 77\\n' > "
                                  "/etc/mysql/mariadb.conf.d/99-hand.cnf; systemctl restart mariadb")
        self.world.shell("three", "mariadb -e 'CREATE DATABASE legacy; CREATE TABLE legacy.t (n INT); INSERT INTO legacy.t VALUES (4711)'")

        def hand(name="hand", more=""):
            return (f"{full()}\n---\n{HEAD}kind: Database\nmetadata: {{name: {name}}}\nspec:\n  engine: mysql\n  version: \"10.11\"\n"
                    "  members: [three]\n  deletion_protection: false\n  parameters: {max_connections: \"70\"}\n" + more)

        def row():
            return self.world.shell("three", "mariadb -N -B -S /run/mariadb-hand/mariadbd.sock -e 'SELECT n FROM legacy.t'").strip()

        with self.assertRaises(Failed) as failure:  # one of its own, on the port of the other
            self.world.apply(hand("clash"), timeout=300)
        self.assertIn("in use", failure.exception.out + failure.exception.err)
        self.apply()
        said = self.world.plan(hand(more="  adopt: existing\n"), "--detailed-exitcode", code=2)
        self.assertIn("take over the instance hand", said)
        self.assertIn("sort_buffer_size=4194304", said)
        self.assertNotIn("max_connections=77", said)
        self.world.apply(hand(more="  adopt: existing\n"), timeout=300)
        self.assertEqual(row(), "4711")
        self.assertEqual(self.world.shell("three", "systemctl is-active mariadb", check=False).strip(), "inactive")
        self.world.plan(hand(more="  adopt: existing\n"), "--detailed-exitcode", code=0)
        self.apply()
        self.assertEqual(self.world.shell("three", "systemctl start mariadb; mariadb -N -B -e 'SELECT n FROM legacy.t'").strip(), "4711")
        self.world.apply(hand(more="  adopt: existing\n"), timeout=300)
        self.assertEqual(row(), "4711")
        self.apply()
        self.world.shell("three", "test -d /var/lib/mysql/legacy")


if __name__ == "__main__":
    main()
