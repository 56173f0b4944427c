# Makes and enters small Debian trixie systems for tests; sourced by the scripts beside it. Needs root.

TRIXIE_CACHE=${TRIXIE_CACHE:-/var/cache/focuscheck-tests}

need_root_and_debootstrap() {
  if [ "$(id -u)" -ne 0 ]; then
    say "This test makes a Debian system of its own; it must run as root: sudo $0"
    exit 1
  fi
  if ! command -v debootstrap >/dev/null; then
    say "Installing debootstrap …"
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends debootstrap >/dev/null
  fi
}

# need_emulator ARCHITECTURE: let its programs run here, by qemu-user unless this machine is of that kind.
need_emulator() {
  local name binfmt=/proc/sys/fs/binfmt_misc
  case $1 in
    "$(dpkg --print-architecture)") return ;;
    arm64) name=aarch64 ;;
    *)
      say "Only arm64 can be emulated here, not $1."
      exit 2
      ;;
  esac
  if [ ! -e "/usr/lib/binfmt.d/qemu-$name.conf" ]; then
    say "Installing qemu-user-static …"
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends qemu-user-static >/dev/null
  fi
  if [ ! -e $binfmt/register ]; then mount -t binfmt_misc binfmt_misc $binfmt; fi
  if [ ! -e "$binfmt/qemu-$name" ]; then cat "/usr/lib/binfmt.d/qemu-$name.conf" >$binfmt/register; fi
}

# trixie_base [ARCHITECTURE]: a fresh trixie, this machine's kind unless named, kept in the cache; its path is printed.
trixie_base() {
  local own arch base
  own=$(dpkg --print-architecture)
  arch=${1:-$own}
  base="$TRIXIE_CACHE/base"
  if [ "$arch" != "$own" ]; then base="$base-$arch"; fi
  if [ ! -e "$base/.complete" ]; then
    say "Making a Debian trixie system in $base; this takes a few minutes …"
    rm -rf "$base"
    mkdir -p "$TRIXIE_CACHE"
    debootstrap --arch="$arch" --variant=minbase --include=ca-certificates trixie "$base" >"$TRIXIE_CACHE/debootstrap.log" 2>&1 || {
      tail -n 5 "$TRIXIE_CACHE/debootstrap.log" >&2
      return 1
    }
    touch "$base/.complete"
  fi
  printf '%s\n' "$base"
}

# copy_root BASE ROOT: a copy to spoil, with this machine's way to the network.
copy_root() {
  rm -rf "$2"
  cp -a --reflink=auto "$1" "$2"
  rm -f "$2/.complete"
  local file
  for file in /etc/resolv.conf /etc/pip.conf; do
    if [ -e "$file" ]; then cp -L --remove-destination "$file" "$2$file"; fi
  done
  if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
    cp -L --remove-destination /etc/ssl/certs/ca-certificates.crt "$2/etc/ssl/certs/ca-certificates.crt"
  fi
}

# in_root ROOT COMMAND…: run it there with its own mounts, which end with it.
in_root() {
  local root=$1
  shift
  # shellcheck disable=SC2016  # expanded inside
  unshare --mount --pid --fork -- bash -c '
    set -e
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    mount --rbind /sys "$0/sys"
    exec chroot "$0" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
      LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PIP_ROOT_USER_ACTION=ignore "$@"' "$root" "$@"
}

# copy_source ROOT FOLDER: what git holds of this work tree, changed files as they are now.
copy_source() {
  mkdir -p "$1$2"
  git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi
  done | tar --null --files-from=- -cf - | tar -xf - -C "$1$2"
}
