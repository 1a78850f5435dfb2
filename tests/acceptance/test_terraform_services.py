#!/usr/bin/env python3
"""Services declared in Terraform over a mesh: a balancer follows its database through a switchover under writes, and
everything is destroyed in one run."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Acceptance, eventually, main  # noqa: E402

# Writes a row after the other through the balancer, and notes each that was acknowledged.
WRITER = r"""
printf '[client]\nuser=app\npassword="%s"\n' "$(cat /etc/app-password)" > /root/app.cnf
i=1
while [ ! -e /root/stop ]; do
  if mariadb --defaults-extra-file=/root/app.cnf --connect-timeout=2 -h 127.0.0.1 -P 3307 shop -e "INSERT INTO t (n) VALUES ($i)" 2>>/root/writer.err; then
    echo $i >> /root/acknowledged
  fi
  i=$((i+1))
done
"""

SERVERS = """
provider "podwright" { stack = "services" }
resource "podwright_server" "db" {
  for_each = toset(["one", "two"])
  name     = each.key
  cloud    = "lab"
}
resource "podwright_server" "edge" {
  name     = "edge"
  cloud    = "lab"
  packages = { "mariadb-client-core" = {} }
  secrets  = { "/etc/app-password" = { secret = podwright_secret.app.name } }
}
resource "podwright_secret" "app" {
  name      = "app-password"
  generator = { length = 24 }
}
"""

SERVICES = """
resource "podwright_mesh" "prod" {
  name    = "prod"
  range   = "10.91.0.0/24"
  members = { for name in concat([for s in podwright_server.db : s.name], [podwright_server.edge.name]) : name => {} }
  rules = {
    mariadb = { from = ["one", "two", "edge"], to = ["one", "two"], port = 3306 }
    roles   = { from = ["one", "two", "edge"], to = ["one", "two", "edge"], port = 7443 }
  }
}
resource "podwright_database" "orders" {
  name                = "orders"
  engine              = "mysql"
  version             = "10.11"
  mesh                = podwright_mesh.prod.name
  members             = [for s in podwright_server.db : s.name]
  primary             = "%s"
  sync                = { mode = "quorum", count = 1 }
  deletion_protection = false
  users               = { app = { password = { secret = podwright_secret.app.name } } }
  databases           = { shop = { owner = "app" } }
}
resource "podwright_load_balancer" "front" {
  name      = "front"
  servers   = [podwright_server.edge.name]
  mesh      = podwright_mesh.prod.name
  listeners = { write = { protocol = "tcp", port = 3307, backend = "write" } }
  backends  = { write = { database = { name = podwright_database.orders.name, endpoint = "read_write" } } }
}
output "primary" { value = podwright_database.orders.status.primary }
"""


class ServicesInTerraform(Acceptance):
    def sh(self, server, command, **options):
        return self.world.shell(server, command, **options)

    def apply(self, primary):
        self.folder = self.world.stack(SERVERS + SERVICES % primary, "services")
        return self.world.tofu(self.folder, "apply", "-auto-approve", timeout=550)

    def root(self, server, sql):
        return self.sh(server, f"mariadb -N -B -S /run/mariadb-orders/mariadbd.sock -e '{sql}'").split()

    def acknowledged(self):
        return set(self.sh("edge", "cat /root/acknowledged 2>/dev/null", check=False).split())

    def test_a_balancer_follows_a_switchover_under_writes_and_all_of_it_is_destroyed_in_one_run(self):
        self.apply("one")
        addresses = self.world.json("get", "mesh")[0]["status"]["addresses"]
        for server in ("one", "two", "edge"):
            found = {line.split()[0] for line in self.sh(server, "getent ahostsv4 orders.prod.internal").splitlines()}
            self.assertEqual(found, {addresses["one"], addresses["two"]}, server)
        self.root("one", "CREATE TABLE shop.t (n BIGINT PRIMARY KEY)")
        self.sh("edge", f"cat > /root/writer.sh <<'X'\n{WRITER}X\nsystemd-run --quiet --unit=writer bash /root/writer.sh")
        eventually("rows through the balancer", lambda: len(self.acknowledged()) > 5, 60)
        self.apply("two")
        here = self.acknowledged()
        eventually("rows through the balancer after it", lambda: len(self.acknowledged() - here) > 5, 60)
        self.sh("edge", "touch /root/stop; while systemctl is-active --quiet writer; do sleep 0.2; done")
        self.assertEqual(self.world.json("get", "database")[0]["status"]["roles"], {"one": "replica", "two": "primary"})
        self.assertEqual(self.acknowledged() - set(self.root("two", "SELECT n FROM shop.t")), set())
        self.world.tofu(self.folder, "plan", "-detailed-exitcode", code=0)

        # The services with all that refers to them, then the servers: one run each.
        said = self.world.tofu(self.folder, "destroy", "-auto-approve", "-target=podwright_mesh.prod", timeout=300)
        self.assertIn("Destroy complete! Resources: 3 destroyed.", said)
        for kind in ("mesh", "database", "load_balancer"):
            eventually(f"no {kind} to be left", lambda kind=kind: self.world.json("get", kind) == [], 60)
        self.assertEqual(self.sh("edge", "ls /etc/podwright/load-balancers 2>/dev/null", check=False).strip(), "")
        self.world.tofu(self.folder, "destroy", "-auto-approve", timeout=300)
        eventually("no server to be left", lambda: self.world.json("get", "server") == [], 60)


if __name__ == "__main__":
    main()
