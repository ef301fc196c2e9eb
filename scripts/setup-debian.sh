#!/usr/bin/env bash
# Installs what the tests, benches and checks need on Debian 12 or newer. Run as root. Quick when all is there, safe to repeat, and
# leaves no service running: the tests start their own servers on free ports.
set -euo pipefail

packages=(g++ make cmake ninja-build ccache python3
  libgtest-dev libgmock-dev libbenchmark-dev
  clang clang-format clang-tidy "libclang-rt-$(. /etc/os-release && [ "${VERSION_ID:-12}" = 12 ] && echo 14 || echo 19)-dev"
  redis-server redis-tools chromium prometheus prometheus-redis-exporter)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: everything is installed"
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "setup: run as root to install: ${missing[*]}" >&2
  exit 1
fi

# Debian starts a service when its package is installed; a policy-rc.d that answers 101 forbids that meanwhile.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

export DEBIAN_FRONTEND=noninteractive
for attempt in 1 2 3 4 5; do
  if apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}"; then
    break
  fi
  if [ "$attempt" = 5 ]; then
    echo "setup: apt-get failed five times" >&2
    exit 1
  fi
  sleep $((attempt * 3))
done

if [ -d /run/systemd/system ]; then
  for service in redis-server prometheus prometheus-redis-exporter prometheus-node-exporter; do
    systemctl disable --now "$service" >/dev/null 2>&1 || true
  done
fi
echo "setup: installed ${missing[*]}"
