# Sourced by the set-up scripts: progress lines, system and npm packages.

say() { printf 'setup: %s\n' "$1"; }

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo -n "$@"
    fi
}

can_apt_install() {
    command -v apt-get >/dev/null && { ((EUID == 0)) || sudo -n true 2>/dev/null; }
}

is_installed() {
    [[ $(dpkg-query -W -f='${Status}' "$1" 2>/dev/null) == 'install ok installed' ]]
}

# True if apt offers all the packages; refreshes its lists once where it knows one of them not.
apt_offers() {
    apt-cache show --no-all-versions "$@" >/dev/null 2>&1 && return
    as_root apt-get update -qq
    apt-cache show --no-all-versions "$@" >/dev/null 2>&1
}

apt_install() {
    local missing=() package
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    can_apt_install || return 1
    say "installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Installs what a folder's package-lock.json says, unless it is there. Further arguments go to npm.
npm_packages() {
    (
        cd "$1"
        if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
            say "installing npm packages of $1"
            npm ci --silent --no-fund --no-audit "${@:2}"
        fi
    )
}
