/**
 * security(1), as far as we call it: items are files `SERVICE ACCOUNT` below `$state/items`; a file `$state/locked` makes
 * it refuse to tell a value. In `-i` it reads a command a line, cuts one at 4096 bytes, and always ends with 0.
 */
export const SECURITY = `
items="$state/items"; mkdir -p "$items"
missing() { echo 'security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain.' >&2; exit 44; }
usage() { echo "Usage: $1" >&2; exit 2; }
act() {
  verb=$1; shift
  service= account= hex= update= wants= has=
  while [ $# -gt 0 ]; do
    case $1 in
      -s) service=$2; shift 2 ;;
      -a) account=$2; shift 2 ;;
      -X) hex=$2; has=1; shift 2 ;;
      -U) update=1; shift ;;
      -w) wants=1; shift ;;
      *) usage "$verb: $1" ;;
    esac
  done
  [ -n "$service" ] && [ -n "$account" ] || usage "$verb"
  item="$items/$service $account"
  case $verb in
    find-generic-password)
      [ -f "$item" ] || missing
      [ -z "$wants" ] || {
        if [ -f "$state/locked" ]; then
          echo 'security: SecKeychainItemCopyContent: User interaction is not allowed.' >&2; exit 36
        fi
        cat "$item"; echo
      } ;;
    add-generic-password)
      [ -n "$has" ] || usage "$verb"
      if [ -f "$state/locked" ]; then echo 'security: SecKeychainItemCreateFromContent: User interaction is not allowed.' >&2; exit 36; fi
      if [ -f "$item" ] && [ -z "$update" ]; then
        echo 'security: The specified item already exists in the keychain.' >&2; exit 45
      fi
      LC_ALL=C perl -e 'print pack "H*", shift' "$hex" >"$item" ;;
    delete-generic-password)
      [ -f "$item" ] || missing
      rm "$item"; echo 'password has been deleted.' >&2 ;;
    *) usage "$verb" ;;
  esac
}
if [ "$1" = -i ]; then
  cut -b 1-4095 | while read -r line; do (act $line); done
  exit 0
fi
act "$@"`;
