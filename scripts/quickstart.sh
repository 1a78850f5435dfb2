#!/usr/bin/env bash
# ./dev quickstart: builds, starts podwrightd with its state in .quickstart/, declares three lab servers with a database,
# a cache and a balancer by tofu, terraform or the CLI, and proves that they work; then pushes a site to a Git repository,
# and previews a branch of it. ./dev quickstart --down takes all of it away again (packages and image cache stay).
# QUICKSTART_BIN: programs that are built already; QUICKSTART_STATE: another folder for its state.
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

# The running podwrightd of this state, also where its program was built anew meanwhile.
daemon_pid() {
  local pid
  pid=$(cat "$state/podwrightd.pid" 2>/dev/null) || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -Fxq -e "$state/data" && echo "$pid"
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

# in_site ARGUMENT…: git in the clone, whatever the user's own settings are.
in_site() {
  GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
    git -C "$state/site" -c user.name="Quick start" -c user.email=quickstart@podwright.invalid "$@"
}

# A bare repository whose branch main is what the source `site` applies, and a clone. The hook stands for a forge's
# webhook: whoever pushes sees what came of it.
site_repository() {
  [ ! -d "$state/site" ] || return 0
  rm -rf "$state/site.git"
  git init -q --bare -b main "$state/site.git"
  cat >"$state/site.git/hooks/post-receive" <<HOOK
#!/usr/bin/env bash
while read -r _ _ branch; do
  [ "\$branch" != refs/heads/main ] || PODWRIGHT_CONFIG=$(printf %q "$PODWRIGHT_CONFIG") $(printf %q "$bin/podwright") source sync site
done
HOOK
  chmod 0755 "$state/site.git/hooks/post-receive"
  git clone -q "$state/site.git" "$state/site" 2>/dev/null # that it is empty is as it should be
  in_site symbolic-ref HEAD refs/heads/main
}

# served ADDRESS TEXT: waits until the site answers just that.
served() {
  local said=""
  for _ in {1..300}; do
    said=$(curl -sS --fail --max-time 5 "http://$1:8080/" 2>&1) || true
    if [ "$said" = "$2" ]; then echo "http://$1:8080/ says: $said"; return 0; fi
    sleep 0.1
  done
  echo "http://$1:8080/ should say \"$2\", and says: $said" >&2
  "$bin/podwright" source describe site >&2
  return 1
}

# A push converges; what a branch would do is known before it is merged.
push_and_preview() {
  local address release file="$state/site/prod/site.yaml"
  address=$("$bin/podwright" get server/web-1 -o json | jq -r '.status.addresses[0]')
  site_repository
  [ ! -e "$file" ] || in_site checkout -q main
  if [ ! -e "$file" ]; then
    mkdir -p "$state/site/prod"
    cp examples/gitops/site/site.yaml "$file"
    in_site add prod
    in_site commit -q -m "The site"
  fi
  if ! "$bin/podwright" source get site >/dev/null 2>&1; then
    in_site push -q origin main 2>/dev/null # the hook knows no source yet
    "$bin/podwright" source add site "file://$state/site.git" --path prod --interval 1h --yes
    "$bin/podwright" source sync site
  fi
  release=$(sed -n 's/.*Release \([0-9]*\),.*/\1/p' "$file")
  served "$address" "Release $release, from Git."

  release=$((release + 1))
  sed -i "s/Release [0-9]*,/Release $release,/" "$file"
  in_site commit -q -a -m "Release $release"
  echo "\$ git push origin main"
  in_site push -q origin main
  served "$address" "Release $release, from Git."

  in_site checkout -q -B health
  printf '    health:\n      path: /health\n      respond: {body: "ok\\n"}\n' >>"$file"
  in_site commit -q -a -m "A page for health checks"
  printf '\n$ podwright preview --source site --base main --head health\n'
  "$bin/podwright" preview --source site --repo "$state/site" --base main --head health
  in_site checkout -q main
  in_site branch -q -D health
}

up() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "The lab makes servers with Podman and systemd, which needs root: sudo ./dev quickstart" >&2
    exit 1
  fi
  if [ -z "${QUICKSTART_BIN:-}" ]; then
    say "1/6 Building"
    ./dev build dev
  fi

  say "2/6 Starting podwrightd"
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
  say "3/6 Declaring servers, mesh, database, cache and balancer${tool:+ with $tool} (the first time a Debian image is made)"
  if [ -n "$tool" ]; then
    tofu_environment
    "$tool" -chdir=examples/terraform/quickstart apply -auto-approve -state="$state/terraform.tfstate"
  else
    echo "Neither tofu nor terraform is on PATH; OpenTofu is at https://opentofu.org/docs/intro/install/"
    echo "Applying the same plan from examples/gitops/quickstart:"
    "$bin/podwright" apply examples/gitops/quickstart --yes
  fi

  say "4/6 What there is now"
  local kind
  for kind in server mesh database cache load_balancer; do "$bin/podwright" get "$kind"; done

  say "5/6 Proof"
  proof

  say "6/6 Git: a push converges, a branch is previewed"
  push_and_preview
  cat <<TXT

Look around:
  export PODWRIGHT_CONFIG=$PODWRIGHT_CONFIG PATH=$bin:\$PATH
  podwright describe database/orders
  podwright events
  podwright run list
  podwright lab ssh web-1           # then change /etc/motd, and watch it come back
  podwright diff examples/gitops/quickstart
  podwright source describe site    # push to $state/site.git, branch main: it converges
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
