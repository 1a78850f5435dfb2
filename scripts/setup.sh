#!/usr/bin/env bash
# Installs the Debian packages that are missing; says nothing and touches nothing when none is.
set -euo pipefail

build_packages=(
  g++ cmake ninja-build ccache mold pkg-config git python3
  libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libprotoc-dev
  libgit2-dev libyaml-cpp-dev libspdlog-dev libfmt-dev libgtest-dev libgmock-dev libsqlite3-dev
  libcli11-dev libcpp-httplib-dev libmsgpack-cxx-dev nlohmann-json3-dev libbenchmark-dev librapidcheck-dev
  libssl-dev libcurl4-openssl-dev libc-ares-dev libre2-dev libabsl-dev tzdata
  clang-format clang-tidy shellcheck
)
run_packages=(
  podman runc conmon netavark debootstrap iproute2 nftables jq unzip zip ca-certificates openssl
  openssh-client procps curl
  dpkg-dev binutils gpg gpg-agent gpgv
)
fuzz_packages=(clang libclang-rt-14-dev)

wanted=("${build_packages[@]}" "${run_packages[@]}")
# Tests of forges run servers on Node.js; where it comes from does not matter.
command -v node >/dev/null || wanted+=(nodejs)
command -v npm >/dev/null || wanted+=(npm)
if [ -n "${FUZZ:-}" ]; then wanted+=("${fuzz_packages[@]}"); fi

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$state" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "These packages are missing: ${missing[*]}" >&2
  echo "Install them with: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "Installing: ${missing[*]}"
mkdir -p build/log
{
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
} >build/log/setup.log 2>&1 || { tail -n 30 build/log/setup.log; exit 1; }
