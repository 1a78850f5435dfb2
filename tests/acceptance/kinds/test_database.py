#!/usr/bin/env python3
"""The kind `database` on three real lab servers: PostgreSQL with replicas, users, parameters, a switchover under
writes, members that come and go, drift, what is kept and what is purged."""
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

NAMES = ["one", "two", "three"]
SERVERS = "\n---\n".join(
    f"apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {{name: {name}}}\nspec:\n  cloud: lab\n" for name in NAMES)
SECRETS = "\n---\n".join(
    f"apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {{name: {name}}}\nspec: {{generator: {{length: 24}}}}\n"
    for name in ("app-password", "report-password"))
PATH = "/root/app-password"


def database(members="[one, two]", more="", name="orders", users=True, protection="false"):
    text = (f"apiVersion: podwright.dev/v1\nkind: Database\nmetadata: {{name: {name}}}\nspec:\n"
            f"  engine: postgresql\n  version: \"15\"\n  members: {members}\n  deletion_protection: {protection}\n")
    if users:
        text += ("  users:\n    app: {password: {secret: app-password}}\n"
                 "    report: {password: {secret: report-password}, grants: {orders: read}}\n"
                 "  databases:\n    orders: {owner: app, extensions: [pg_trgm]}\n")
    return text + more


def full(*arguments, **options):
    servers = SERVERS.replace("metadata: {name: three}\nspec:\n", "metadata: {name: three}\nspec:\n"
                              f"  secrets: {{{PATH}: {{secret: app-password}}, /root/report-password: {{secret: report-password}}}}\n"
                              "  packages: {postgresql-client: {}, python3-psycopg2: {}}\n")
    return "\n---\n".join([servers, SECRETS, database(*arguments, **options)])


# Inserts one row after the other into the primary, wherever it is; prints each that was acknowledged, and when.
WRITER = """
import psycopg2, sys, time
hosts, user, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
password = open("%s").read()
def connect():
    return psycopg2.connect(host=hosts, user=user, password=password, dbname="orders", connect_timeout=2,
                            target_session_attrs="read-write")
end, n, c = time.monotonic() + seconds, 0, None
print("begun", flush=True)
while time.monotonic() < end:
    n += 1
    try:
        c = c or connect()
        with c, c.cursor() as cursor:
            cursor.execute("insert into rows (n) values (%%s)", (n,))
        print(n, time.time(), flush=True)
    except psycopg2.Error:
        c = None
        time.sleep(0.01)
""" % PATH


class PostgresqlOnTheLab(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.world.apply(full(), timeout=900)
            cls.world.shell("three", f"cat > /root/writer.py <<'X'\n{WRITER}X\n")
        except BaseException:
            cls.world.close()
            raise

    def sh(self, server, command, **options):
        return self.world.shell(server, command, **options)

    def sql(self, server, statement, name="orders", database="postgres", port=5432, **options):
        return self.sh(server, f"cd /; runuser -u postgres -- psql -X -A -t -v ON_ERROR_STOP=1 -p {port} -d {database} <<'X'\n{statement}\nX",
                       **options).strip()

    def status(self, name="orders"):
        return [d for d in self.world.json("get", "database") if d["name"] == name][0]["status"]

    def login(self, user="app"):
        return self.status()["users"][user]["login"]

    def as_user(self, statement, host, user=None, path=PATH, check=True, database="orders"):
        user = user or self.login()
        return self.sh("three", f"PGPASSWORD=$(cat {path}) psql -X -A -t -v ON_ERROR_STOP=1 'host={host} port=5432 user={user} "
                                f"dbname={database} connect_timeout=5' 2>&1 <<'X'\n{statement}\nX", check=check).strip()

    def address(self, endpoint):
        return endpoint.rsplit(":", 1)[0]

    def primary(self):
        return self.address(self.status()["read_write"])

    def test_a_a_primary_with_its_replica_users_and_logins(self):
        status = self.status()
        self.assertEqual(status["primary"], "one")
        self.assertEqual(status["roles"], {"one": "primary", "two": "replica"})
        self.assertEqual(len(status["read_only"]), 1)
        self.as_user("create table rows (n bigint primary key, at timestamptz default now()); insert into rows (n) values (0);",
                     self.primary())
        self.assertEqual(self.as_user("select tableowner from pg_tables where tablename = 'rows'", self.primary()), "app")
        replica = self.address(status["read_only"][0])
        eventually("the row on the replica", lambda: self.as_user("select count(*) from rows", replica) == "1", 20)
        self.assertIn("read-only", self.as_user("insert into rows (n) values (1)", replica, check=False))
        report = self.login("report")
        self.assertEqual(self.as_user("select count(*) from rows", self.primary(), report, "/root/report-password"), "1")
        self.assertIn("permission denied", self.as_user("insert into rows (n) values (1)", self.primary(), report,
                                                        "/root/report-password", check=False))
        self.assertEqual(self.sql("one", "select extname from pg_extension where extname = 'pg_trgm'", database="orders"), "pg_trgm")
        self.assertEqual(self.sql("one", "show data_checksums"), "on")
        self.world.plan(full(), "--detailed-exitcode", code=0)

    def test_a_nothing_is_in_clear(self):
        secret = self.sh("three", f"cat {PATH}").strip()
        replication = self.sh("one", "cut -d: -f5 /etc/postgresql/15/orders/podwright.pgpass").strip()
        self.assertEqual(self.sh("one", "stat -c %a /etc/postgresql/15/orders/podwright.pgpass").strip(), "600")
        told = self.world.run("get", "database", "-o", "json") + self.world.run("describe", "database/orders") + self.world.log()
        for value in (secret, replication):
            self.assertGreater(len(value), 10)
            self.assertNotIn(value, told)
            for server in ("one", "two"):
                self.assertNotIn(value, self.sh(server, "cat /var/log/postgresql/*.log; journalctl --no-pager -q | tail -n 2000; "
                                                        "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))
            self.assertEqual(self.sh("one", f"grep -rlaF '{value}' /var/lib/podwright-agent || true").strip(), "")

    def test_b_a_parameter_is_reloaded_and_restarts_only_where_the_server_asks(self):
        started = {s: self.sh(s, "systemctl show -p InvocationID postgresql@15-orders") for s in ("one", "two")}
        text = full(more="  parameters: {work_mem: 9MB}\n")
        said = self.world.plan(text, "--detailed-exitcode", code=2)
        self.assertIn("reload", said)
        self.world.apply(text)
        self.assertEqual(self.sql("one", "show work_mem"), "9MB")
        self.assertEqual(self.sql("two", "show work_mem"), "9MB")
        self.assertEqual({s: self.sh(s, "systemctl show -p InvocationID postgresql@15-orders") for s in started}, started)
        text = full(more="  parameters: {work_mem: 9MB, max_connections: '120'}\n")
        self.world.apply(text)
        self.assertEqual(self.sql("one", "show max_connections"), "120")
        self.assertEqual(self.sql("two", "show max_connections"), "120")
        self.assertNotEqual(self.sh("one", "systemctl show -p InvocationID postgresql@15-orders"), started["one"])
        self.world.plan(text, "--detailed-exitcode", code=0)
        with self.assertRaises(Failed) as failure:
            self.world.apply(full(more="  parameters: {work_mem: 9MB, max_connections: '120', no_such_thing: '1'}\n"))
        self.assertIn("unrecognized configuration parameter", failure.exception.out + failure.exception.err)
        self.assertEqual(self.sql("one", "show work_mem"), "9MB")
        self.assertNotIn("no_such_thing", self.sh("one", "cat /etc/postgresql/15/orders/conf.d/podwright.conf"))
        with self.assertRaises(Failed) as failure:
            self.world.apply(full(more="  parameters: {work_mem: 9MB, max_connections: '120'}\n").replace("[pg_trgm]", "[pg_trgm, no_such_extension]"))
        self.assertIn("no_such_extension", failure.exception.out + failure.exception.err)
        self.world.apply(full())
        self.assertEqual(self.sql("one", "show work_mem"), "4MB")
        self.world.plan(full(), "--detailed-exitcode", code=0)

    def writer(self, hosts, seconds):
        argv = self.world.run("lab", "ssh", "three", "--print").split()
        stream = subprocess.Popen([*argv, "python3", "/root/writer.py", hosts, self.login(), str(seconds)], text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(stream.stdout.readline(), "begun\n")
        return stream

    def acknowledged(self, stream):
        out = stream.communicate(timeout=120)[0]
        rows = [line.split() for line in out.splitlines() if re.fullmatch(r"\d+ [\d.]+", line)]
        self.assertGreater(len(rows), 20, out)
        gap = max(float(b[1]) - float(a[1]) for a, b in zip(rows, rows[1:]))
        return {int(row[0]) for row in rows}, gap

    def hosts(self):
        return ",".join(self.address(e) for e in [self.status()["read_write"], *self.status()["read_only"]])

    def rows(self):
        return {int(n) for n in self.as_user("select n from rows", self.primary()).split()}

    def fresh_rows(self):
        self.as_user("drop table if exists rows; create table rows (n bigint primary key, at timestamptz default now());",
                     self.primary())

    def test_c_a_member_is_cloned_under_writes_and_leaves_with_its_slot(self):
        self.fresh_rows()
        started = self.sh("one", "systemctl show -p InvocationID postgresql@15-orders")
        stream = self.writer(self.primary(), 25)
        self.world.apply(full("[one, two, three]"))
        said, gap = self.acknowledged(stream)
        print(f"clone under writes: {len(said)} rows, the longest gap {gap * 1000:.0f} ms", flush=True)
        self.assertEqual(self.sh("one", "systemctl show -p InvocationID postgresql@15-orders"), started)
        self.assertFalse(said - self.rows())
        eventually("the rows on the new member",
                   lambda: self.sql("three", "select count(*) from rows", database="orders") == str(len(self.rows())), 20)
        self.assertIn("podwright_three", self.sql("one", "select slot_name from pg_replication_slots"))
        self.world.plan(full("[one, two, three]"), "--detailed-exitcode", code=0)
        self.world.apply(full())
        self.assertNotIn("podwright_three", self.sql("one", "select slot_name from pg_replication_slots"))
        self.assertEqual(self.sh("three", "systemctl is-active postgresql@15-orders", check=False).strip(), "inactive")
        self.sh("three", "test -e /var/lib/postgresql/15/orders/PG_VERSION")
        self.world.plan(full(), "--detailed-exitcode", code=0)

    def container(self, server):
        argv = self.world.run("lab", "ssh", server, "--print").split()
        return lambda verb: subprocess.run([*argv[:argv.index("exec")], verb, argv[-1]], check=True, capture_output=True,
                                           timeout=120)

    def test_c_b_a_server_that_dies_in_the_middle_and_a_disk_too_full_leave_the_rest_alone(self):
        text = full("[one, two, three]")
        nothing = "rm -rf /etc/postgresql/15/orders /var/lib/postgresql/15/orders /var/lib/postgresql/podwright-15-orders*"
        started = {s: self.sh(s, "systemctl show -p InvocationID postgresql@15-orders") for s in ("one", "two")}
        self.fresh_rows()
        self.sql("one", "create table large as select repeat(md5(i::text), 30) from generate_series(1, 100000) i", database="orders")
        self.sh("three", nothing)
        three = self.container("three")
        going = self.world.begin_apply(text)
        self.sh("three", "until pgrep -x pg_basebackup > /dev/null; do sleep 0.02; done", timeout=240)
        three("kill")
        self.sql("one", "insert into rows (n) values (7)", database="orders")
        eventually("the row on the other member", lambda: self.sql("two", "select n from rows", database="orders") == "7", 30)
        three("start")
        going.communicate(timeout=400)
        self.world.apply(text)
        eventually("the row on the new member", lambda: self.sql("three", "select n from rows", database="orders") == "7", 60)
        self.sql("one", "drop table large", database="orders")
        self.world.apply(full())

        self.sh("three", f"{nothing}; mount -t tmpfs -o size=160m tmpfs /var/lib/postgresql")
        with self.assertRaises(Failed) as failure:
            self.world.apply(text)
        self.assertIn("the disk has too little room for a clone", failure.exception.out + failure.exception.err)
        self.sh("three", "mount -o remount,size=1g /var/lib/postgresql")
        self.world.apply(text)
        self.assertEqual(self.status()["roles"], {"one": "primary", "two": "replica", "three": "replica"})
        for server, before in started.items():
            self.assertEqual(self.sh(server, "systemctl show -p InvocationID postgresql@15-orders"), before)
        self.world.apply(full())
        self.sh("three", f"umount /var/lib/postgresql; {nothing}")
        self.world.plan(full(), "--detailed-exitcode", code=0)

    def test_d_a_switchover_under_writes_loses_no_acknowledged_row(self):
        self.fresh_rows()
        for to, other in (("two", "one"), ("one", "two")):
            stream = self.writer(self.hosts(), 20)
            before = set() if to == "two" else self.rows()
            self.world.apply(full(more=f"  primary: {to}\n"))
            said, gap = self.acknowledged(stream)
            print(f"switchover to {to}: {len(said)} rows, the longest gap {gap * 1000:.0f} ms", flush=True)
            status = self.status()
            self.assertEqual(status["primary"], to)
            self.assertEqual(status["roles"], {to: "primary", other: "replica"})
            self.assertFalse(said - self.rows() - before)
            self.fresh_rows()
            self.assertEqual(self.sql(other, "select status from pg_stat_wal_receiver"), "streaming")
            self.world.plan(full(more=f"  primary: {to}\n"), "--detailed-exitcode", code=0)
        # A role found elsewhere is status, and no drift: only a change of the wish moves it.
        self.world.plan(full(), "--detailed-exitcode", code=0)

    def test_e_drift_comes_back(self):
        self.sh("one", "echo \"work_mem = '77MB'\" >> /etc/postgresql/15/orders/conf.d/podwright.conf; rm /etc/postgresql/15/orders/podwright-role-check")
        eventually("the configuration", lambda: "77MB" not in self.sh("one", "cat /etc/postgresql/15/orders/conf.d/podwright.conf")
                   and self.sh("one", "ls /etc/postgresql/15/orders/podwright-role-check", check=False), 40)
        self.sh("two", "systemctl stop postgresql@15-orders")
        eventually("the service", lambda: self.sh("two", "systemctl is-active postgresql@15-orders", check=False).strip() == "active", 60)
        login = self.login("report")
        self.sql("one", f"drop role {login}")
        eventually("the login", lambda: self.sql("one", f"select rolname from pg_roles where rolname = '{login}'") == login, 120)
        self.assertEqual(self.as_user("select 1", self.primary(), login, "/root/report-password"), "1")
        self.fresh_rows()
        rights = ("select string_agg(privilege_type, ',' order by 1) from information_schema.role_table_grants "
                  "where grantee = 'report' and table_name = 'rows'")
        self.assertEqual(self.sql("one", rights, database="orders"), "SELECT")
        self.sql("one", "revoke select on rows from report; grant delete on rows to report", database="orders")
        eventually("what was granted", lambda: self.sql("one", rights, database="orders") == "SELECT", 120)
        self.sql("one", "alter system set log_connections = 'on'")
        eventually("everything to be in order", lambda: self.status()["in_sync"], 60)
        self.assertIn("log_connections", self.sh("one", "cat /var/lib/postgresql/15/orders/postgresql.auto.conf"))
        self.sql("one", "alter system reset log_connections")

    def test_f_a_password_rotates_and_the_former_login_goes_when_nobody_needs_it(self):
        before, secret = self.login(), self.sh("three", f"cat {PATH}")
        self.world.run("secret", "rotate", "app-password")
        eventually("the new login", lambda: self.login() != before, 60)
        eventually("the new password on the consumer", lambda: self.sh("three", f"cat {PATH}") != secret, 60)
        self.assertEqual(self.as_user("select 1", self.primary()), "1")
        eventually("the former login to be gone",
                   lambda: before not in self.sql("one", "select rolname from pg_roles").split(), 120)
        self.assertEqual(self.as_user("select count(*) >= 0 from rows", self.primary()), "t")

    def test_g_a_rebooted_former_primary_does_not_come_up_as_one(self):
        one = self.container("one")
        # Behind a partition it takes rows that nobody else has, and it goes down without a word.
        self.fresh_rows()
        eventually("the table on the replica", lambda: self.sql("two", "select count(*) from rows", database="orders") == "0", 20)
        self.sh("two", "nft add table inet part; for hook in input output; do nft add chain inet part $hook "
                       "\"{ type filter hook $hook priority -10; }\"; nft add rule inet part $hook tcp dport 5432 drop; "
                       "nft add rule inet part $hook tcp sport 5432 drop; done")
        for n in (9001, 9002):
            self.sql("one", f"set synchronous_commit = local; insert into rows (n) values ({n})", database="orders")
        one("kill")
        self.sql("two", "select pg_promote()")
        self.sh("two", "nft delete table inet part")
        self.sql("two", "insert into rows (n) values (1)", database="orders")
        one("start")
        eventually("the server to be back", lambda: self.sh("one", "systemctl is-system-running --wait; echo up", check=False), 90)
        eventually("the former primary as a replica of the new one",
                   lambda: self.sql("one", "select pg_is_in_recovery()") == "t", 180)
        eventually("the status", lambda: self.status()["roles"] == {"one": "replica", "two": "primary"}, 60)
        eventually("the rows of the primary alone",
                   lambda: self.sql("one", "select string_agg(n::text, ',') from rows", database="orders") == "1", 60)
        self.assertIn("after it 2 transactions were committed here alone", "".join(
            self.world.run("run", "get", run["id"], "-o", "json") for run in self.world.json("run", "list")[:10]))
        self.assertNotIn("system is ready to accept connections\n--", self.sh("one", "journalctl -u postgresql@15-orders --no-pager | tail -n 50"))
        eventually("nothing to be left to do", lambda: self.status()["in_sync"], 60)
        self.world.plan(full(), "--detailed-exitcode", code=0)
        self.world.apply(full(more="  primary: two\n"))
        self.world.apply(full(more="  primary: one\n"))
        self.assertEqual(self.status()["primary"], "one")

    # More than `wal_keep_size`, and nobody holds it: the server throws it away.
    LET_GO = ("select pg_drop_replication_slot(slot_name) from pg_replication_slots;\n"
              + "select pg_logical_emit_message(true, 'x', 'y'); select pg_switch_wal();\n" * 24 + "checkpoint")

    def test_g_a_replica_whose_log_is_gone_is_cloned_anew(self):
        for primary in ("two", "one"):  # so that the replica's last checkpoint is of a former timeline
            self.world.apply(full(more=f"  primary: {primary}\n"))
        self.fresh_rows()
        for server in ("two", "one"):
            self.sh(server, "systemctl stop podwright-agent")
        self.sh("two", "systemctl stop postgresql@15-orders")
        self.sql("one", "set synchronous_commit = local; insert into rows (n) values (7);\n" + self.LET_GO, database="orders")
        for server in ("two", "one"):
            self.sh(server, "systemctl start podwright-agent")
        eventually("the row on the replica",
                   lambda: self.sql("two", "select n from rows", database="orders", check=False) == "7", 180)
        eventually("nothing to be left to do", lambda: self.status()["in_sync"], 60)
        self.assertEqual(self.sql("one", "select wal_status from pg_replication_slots where active"), "reserved")
        # The same across a promotion: it stands where it has nothing alone, on a timeline that has ended since.
        for server in ("two", "one"):
            self.sh(server, "systemctl stop podwright-agent postgresql@15-orders")
        self.sh("one", "runuser -u postgres -- touch /var/lib/postgresql/15/orders/standby.signal; systemctl start postgresql@15-orders")
        self.sql("one", "select pg_promote()")
        self.sql("one", "set synchronous_commit = local; insert into rows (n) values (8);\n" + self.LET_GO, database="orders")
        for server in ("two", "one"):
            self.sh(server, "systemctl start podwright-agent")
        eventually("both rows on the replica", lambda: self.sql(
            "two", "select string_agg(n::text, ',' order by n) from rows", database="orders", check=False) == "7,8", 180)
        eventually("nothing to be left to do again", lambda: self.status()["in_sync"], 60)
        self.assertIn("has let go of the log that it needs next", "".join(
            self.world.run("run", "get", run["id"], "-o", "json") for run in self.world.json("run", "list")[:10]))

    def test_h_what_cannot_be_is_told_at_plan_time(self):
        def refused(text):
            with self.assertRaises(Failed) as failure:
                self.world.plan(text)
            return failure.exception.out + failure.exception.err
        other = database("[one]", name="other", users=False)
        self.assertIn("both have the port 5432", refused(full() + "\n---\n" + other))
        self.assertIn("listed twice", refused(full("[one, one]")))
        self.assertIn("no commit could ever succeed", refused(full(more="  sync: {count: 2}\n")))
        self.assertIn("no version reads", refused(full().replace('version: "15"', 'version: "14"')))
        self.assertIn("sets port itself", refused(full(more="  parameters: {port: '1'}\n")))
        with self.assertRaises(Failed) as failure:
            self.world.apply(full() + "\n---\n" + database("[three]", "  port: 5499\n", "other", False).replace('"15"', '"16"'), timeout=300)
        self.assertIn("postgresql-16", failure.exception.out + failure.exception.err)
        self.world.apply(full(), "--prune")

    def make_by_hand(self, name, port):
        self.sh("three", "command -v pg_createcluster || (mkdir -p /etc/postgresql-common/createcluster.d; echo "
                         "'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/x.conf; "
                         "DEBIAN_FRONTEND=noninteractive apt-get install -y -q postgresql-15)", timeout=300)
        self.sh("three", f"pg_createcluster 15 {name} --port {port} --start")

    def test_i_an_instance_made_by_hand_is_adopted(self):
        self.make_by_hand("hand", 5444)
        self.sql("three", "create database legacy", port=5444)
        def hand(more):
            return full() + "\n---\n" + database("[three]", "  port: 5444\n  instance: hand\n" + more, "hand", False)
        with self.assertRaises(Failed) as failure:
            self.world.plan(hand(""))
        self.assertIn("adopt: existing", failure.exception.out + failure.exception.err)
        said = self.world.plan(hand("  adopt: existing\n"), "--detailed-exitcode", code=2)
        self.assertIn("take over", said)
        self.world.apply(hand("  adopt: existing\n"))
        self.assertEqual(self.sql("three", "select datname from pg_database where datname = 'legacy'", port=5444), "legacy")
        self.world.plan(hand("  adopt: existing\n"), "--detailed-exitcode", code=0)
        self.world.apply(full(), "--prune")
        self.sh("three", "test -e /var/lib/postgresql/15/hand/PG_VERSION")

    def names(self):
        """Of one that was never ready a tombstone stays for minutes: what else there was does not matter here."""
        return [row["name"] for row in self.world.json("get", "database")]

    def test_y_a_deleted_database_keeps_its_data_and_resumes(self):
        self.fresh_rows()
        self.as_user("insert into rows (n) values (4711)", self.primary())
        self.world.apply(full().split("\n---\napiVersion: podwright.dev/v1\nkind: Database")[0], "--prune")
        eventually("the database to be gone", lambda: "orders" not in self.names(), 60)
        self.assertEqual(self.sh("one", "systemctl is-active postgresql@15-orders", check=False).strip(), "inactive")
        self.sh("one", "test -e /var/lib/postgresql/15/orders/PG_VERSION")
        said = self.world.plan(full(), "--detailed-exitcode", code=2)
        self.assertIn("data that was kept", said)
        self.world.apply(full())
        self.assertEqual(self.as_user("select n from rows", self.primary()), "4711")
        self.assertEqual(self.status()["roles"], {"one": "primary", "two": "replica"})
        self.world.plan(full(), "--detailed-exitcode", code=0)

    def test_z_a_purge_is_marked_and_leaves_nothing(self):
        self.world.apply(full(protection="true"))
        with self.assertRaises(Failed) as failure:
            self.world.apply(SERVERS, "--prune")
        self.assertIn("protected", failure.exception.out + failure.exception.err)
        self.world.apply(full(more="  on_delete: purge\n"))
        without = full().split("\n---\napiVersion: podwright.dev/v1\nkind: Database")[0]
        self.assertIn("DELETE the instance", self.world.plan(without, "--prune", "--detailed-exitcode", code=2))
        self.world.apply_approved(without, "--prune")
        eventually("the database to be gone", lambda: "orders" not in self.names(), 60)
        for server in ("one", "two"):
            self.assertEqual(self.sh(server, "ls -d /var/lib/postgresql/15/orders /etc/postgresql/15/orders "
                                             "/var/lib/postgresql/podwright-15-orders* 2>/dev/null", check=False).strip(), "")

    def test_zz_a_port_in_use_is_told_in_the_programs_words(self):
        self.make_by_hand("other", 5466)
        clash = full() + "\n---\n" + database("[three]", "  port: 5466\n", "clash", False)
        for _ in range(2):  # the second attempt begins anew, and leaves the other instance alone
            with self.assertRaises(Failed) as failure:
                self.world.apply(clash, timeout=300)
            self.assertIn("Port conflict", failure.exception.out + failure.exception.err)
            self.assertEqual(self.sql("three", "select 1", port=5466), "1")
        self.world.apply(full(), "--prune", timeout=300)
        self.assertIn("database/clash was never ready: what exists of it is kept until", self.world.last.stderr)


if __name__ == "__main__":
    main()
