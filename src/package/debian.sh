# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts: what all of poolgrad needs on Debian, and how it gets there.

# poolgrad itself, and pkg-config for programs that use it.
packages=(gcc libc6-dev make cmake pkg-config libsimde-dev libgmp-dev libmpfr-dev libjansson-dev libpng-dev zlib1g-dev)

missing_packages() { # PACKAGE...
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
    done
}

install_packages() { # PACKAGE...
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q && apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

can_install() { command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; }

# Other systems have other names: what is not seen may be there all the same.
tell_missing() { # PACKAGE...
    echo "not seen, and installed only on Debian and by root: $*"
    if command -v apt-get >/dev/null; then echo "to install it, as root: apt-get install $*"; fi
}
