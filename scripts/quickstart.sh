#!/usr/bin/env bash
# ./dev quickstart: builds, starts podwrightd with its state in .quickstart/, declares three lab servers with a database,
# a cache and a balancer by tofu, terraform or the CLI, and proves that they work. ./dev quickstart --down takes all of
# it away again (packages and image cache stay). QUICKSTART_BIN: programs that are built already; QUICKSTART_STATE: another
# folder for its state.
set -euo pipefail

root="$PWD"
state="${QUICKSTART_STATE:-$root/.quickstart}"
bin="${QUICKSTART_BIN:-$root/build/dev/bin}"
export PODWRIGHT_CONFIG="$state/context.yaml"
api_port="${QUICKSTART_API_PORT:-7440}"
https_port="${QUICKSTART_HTTPS_PORT:-7441}"
agents_port="${QUICKSTART_AGENTS_PORT:-7442}"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n%s\n' "$*"; }

daemon_pid() {
  local pid
  pid=$(cat "$state/podwrightd.pid" 2>/dev/null) || return 1
  [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$bin/podwrightd" ] && echo "$pid"
}

engine() {
  if command -v tofu >/dev/null; then echo tofu
  elif command -v terraform >/dev/null; then echo terraform
  fi
}

tofu_environment() {
  cat >"$state/tofurc" <<RC
provider_installation {
  dev_overrides {
    "registry.opentofu.org/podwright/podwright"  = "$bin"
    "registry.terraform.io/podwright/podwright" = "$bin"
  }
  direct {}
}
RC
  export TF_CLI_CONFIG_FILE="$state/tofurc" TF_DATA_DIR="$state/tofu" TF_IN_AUTOMATION=1
}

# on SERVER SCRIPT [ARGUMENT…]: runs it there, in a shell.
on() {
  local server="$1" script="$2"
  shift 2
  "$bin/podwright" lab ssh "$server" -- bash -euc "$script" proof "$@"
}

# What a user of the shop would do, from the outside in. Passwords stay on web-1, to which they were delivered.
# shellcheck disable=SC2016
proof() {
  local login replica address
  login=$("$bin/podwright" get database/orders -o json | jq -r '.status.users.app.login')
  replica=$("$bin/podwright" get database/orders -o json |
    jq -r '.status.roles | to_entries | map(select(.value == "replica"))[0].key')
  address=$("$bin/podwright" get server/web-1 -o json | jq -r '.status.addresses[0]')

  on web-1 'export PGPASSWORD; PGPASSWORD=$(cat /etc/shop/orders-password)
    psql -qX -h 127.0.0.1 -p 5000 -U "$1" orders -c "create table if not exists visits (what text);
      insert into visits values (\$\$a row written through the balancer\$\$)"
    for _ in {1..100}; do
      row=$(psql -qXAt -h "$2.shop.internal" -p 5432 -U "$1" orders -c "select what from visits limit 1") || row=
      [ -z "$row" ] || break
      sleep 0.1
    done
    echo "PostgreSQL, read from the replica $2 over the mesh: $row"; [ -n "$row" ]' "$login" "$replica"
  on web-1 'export REDISCLI_AUTH; REDISCLI_AUTH=$(cat /etc/shop/sessions-password)
    redis-cli -p 6000 --user app set greeting "a key set through the balancer" >/dev/null
    echo "Redis: $(redis-cli -p 6000 --user app get greeting)"' 2>&1
  echo "nginx on $address: $(curl -sS --fail --max-time 10 "http://$address/")"
}

up() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "The lab makes servers with Podman and systemd, which needs root: sudo ./dev quickstart" >&2
    exit 1
  fi
  if [ -z "${QUICKSTART_BIN:-}" ]; then
    say "1/5 Building"
    ./dev build dev
  fi

  say "2/5 Starting podwrightd"
  mkdir -p "$state"
  chmod 700 "$state"
  if ! daemon_pid >/dev/null; then
    rm -f "$state/ready"
    nohup "$bin/podwrightd" --data-dir "$state/data" --envelope-key "$state/envelope.key" \
      --api-listen "127.0.0.1:$api_port" --https-listen "127.0.0.1:$https_port" --agents-listen "0.0.0.0:$agents_port" \
      --context-file "$PODWRIGHT_CONFIG" --lab-cache "$root/.lab" --ready-file "$state/ready" \
      >"$state/podwrightd.log" 2>&1 </dev/null &
    local started=$!
    echo "$started" >"$state/podwrightd.pid"
    until [ -e "$state/ready" ]; do
      if ! kill -0 "$started" 2>/dev/null; then # not daemon_pid: it may not have become podwrightd yet
        echo "podwrightd did not start:" >&2
        tail -n 20 "$state/podwrightd.log" >&2
        exit 1
      fi
      sleep 0.2
    done
  fi
  echo "running, log in $state/podwrightd.log"

  local tool
  tool=$(engine)
  say "3/5 Declaring servers, mesh, database, cache and balancer${tool:+ with $tool} (the first time a Debian image is made)"
  if [ -n "$tool" ]; then
    tofu_environment
    "$tool" -chdir=examples/terraform/quickstart apply -auto-approve -state="$state/terraform.tfstate"
  else
    echo "Neither tofu nor terraform is on PATH; OpenTofu is at https://opentofu.org/docs/intro/install/"
    echo "Applying the same plan from examples/gitops/quickstart:"
    "$bin/podwright" apply examples/gitops/quickstart --yes
  fi

  say "4/5 What there is now"
  local kind
  for kind in server mesh database cache load_balancer; do "$bin/podwright" get "$kind"; done

  say "5/5 Proof"
  proof
  cat <<TXT

Look around:
  export PODWRIGHT_CONFIG=$PODWRIGHT_CONFIG PATH=$bin:\$PATH
  podwright describe database/orders
  podwright events
  podwright run list
  podwright lab ssh web-1           # then change /etc/motd, and watch it come back
  podwright diff examples/gitops/quickstart
  ./dev quickstart --down
TXT
}

down() {
  local pid
  if pid=$(daemon_pid); then
    kill -TERM "$pid"
    tail --pid="$pid" -f /dev/null
  fi
  if [ -d "$state/data" ] && [ -x "$bin/podwrightd" ]; then
    "$bin/podwrightd" destroy-lab --data-dir "$state/data" --envelope-key "$state/envelope.key" --lab-cache "$root/.lab"
  fi
  rm -rf "$state"
  echo "The quick start is gone; the image in .lab/ is kept for the next time."
}

case "${1:-}" in
  "") up ;;
  --down) down ;;
  *) echo "usage: ./dev quickstart [--down]" >&2; exit 2 ;;
esac
