#!/bin/sh
# Installs the cspace binary for this machine, for the user who runs it; needs no root, and asks nothing.
#   CSPACE_VERSION=0.1.0   that version; the latest one by default
#   CSPACE_INSTALL=/path   the folder it is put in; ~/.local/bin by default
set -eu

releases=${CSPACE_RELEASES:-@RELEASES@}

fail() {
  echo "error: $1" >&2
  [ -z "${2:-}" ] || echo "  $2" >&2
  exit "${3:-1}"
}

# What the release has for this machine, by its name; says why there is nothing.
get_target() {
  case $(uname -s) in
    Darwin)
      if [ "$(uname -m)" != arm64 ]; then
        [ "$(sysctl -n sysctl.proc_translated 2> /dev/null || echo 0)" = 1 ] ||
          fail 'this Mac has an Intel processor' "Apple's container, which makes the machines, is for Apple silicon only" 3
      fi
      macos=$(sw_vers -productVersion)
      [ "${macos%%.*}" -ge 26 ] ||
        fail "macOS $macos is older than 26" 'before macOS 26 machines do not reach each other: update it first' 3
      echo darwin-arm64
      ;;
    Linux)
      # The binary is for glibc; musl has a loader of another name.
      for loader in /lib/ld-musl-*; do
        [ ! -e "$loader" ] || [ -e /lib64/ld-linux-x86-64.so.2 ] || [ -e /lib/ld-linux-aarch64.so.1 ] ||
          fail 'this Linux has musl instead of glibc' 'no binary is made for it' 3
      done
      case $(uname -m) in
        x86_64) echo linux-x64 ;;
        aarch64 | arm64) echo linux-arm64 ;;
        *) fail "no binary is made for Linux on $(uname -m)" '' 3 ;;
      esac
      ;;
    *) fail "no binary is made for $(uname -s)" '' 3 ;;
  esac
}

# Fetches $1 into file $2.
fetch() {
  if command -v curl > /dev/null; then
    curl -fsSL --retry 3 --connect-timeout 20 -o "$2" "$1"
  elif command -v wget > /dev/null; then
    wget -q -T 20 -O "$2" "$1"
  else
    fail 'neither curl nor wget is installed' '' 3
  fi || fail "could not fetch $1"
}

get_sum() {
  if command -v sha256sum > /dev/null; then
    sum=$(sha256sum "$1")
  elif command -v shasum > /dev/null; then
    sum=$(shasum -a 256 "$1")
  else
    fail 'neither sha256sum nor shasum is installed' 'what was fetched cannot be checked' 3
  fi
  echo "${sum%% *}"
}

main() {
  target=$(get_target)
  archive=cspace-$target.tar.gz
  from=$releases/latest/download
  [ -z "${CSPACE_VERSION:-}" ] || from=$releases/download/v$CSPACE_VERSION
  folder=${CSPACE_INSTALL:-$HOME/.local/bin}
  mkdir -p "$folder"
  # Beside its place, so that it gets there by a rename.
  work=$(mktemp -d "$folder/.cspace-install.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP

  echo "fetching $archive" >&2
  fetch "$from/SHA256SUMS" "$work/sums"
  fetch "$from/$archive" "$work/$archive"
  expected=$(sed -n "s/^\([0-9a-f]\{64\}\)  $archive\$/\1/p" "$work/sums")
  [ -n "$expected" ] || fail "$from/SHA256SUMS does not name $archive"
  found=$(get_sum "$work/$archive")
  [ "$found" = "$expected" ] || fail "$archive is not what was released" "its SHA-256 is $found, expected $expected"

  tar -xzf "$work/$archive" -C "$work" cspace
  chmod 755 "$work/cspace"
  version=$("$work/cspace" --version) || fail 'what was fetched does not run on this machine'
  mv -f "$work/cspace" "$folder/cspace"
  echo "cspace $version is $folder/cspace"
  case :$PATH: in
    *":$folder:"*) ;;
    *) echo "note: $folder is not on your PATH: export PATH=\"$folder:\$PATH\"" ;;
  esac
}

# The last line: of a script that came only in part nothing is run.
main
