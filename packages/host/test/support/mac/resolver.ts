/**
 * How macOS resolves names, as far as files in /etc/resolver go: `scutil --dns` lists them, and `dscacheutil -q host` asks
 * what the longest domain that fits says. `$state/no-scutil` keeps them from being taken.
 */
export const RESOLVER: Record<string, string> = {
  scutil: `
[ "$*" = --dns ] || { echo 'usage: scutil' >&2; exit 64; }
echo 'DNS configuration'
[ -f "$state/deaf" ] && exit 0
n=1
for file in /etc/resolver/*; do
  [ -f "$file" ] || continue
  printf '\\nresolver #%s\\n  domain   : %s\\n' "$n" "$(basename "$file")"
  sed -n 's/^nameserver \\(.*\\)/  nameserver[0] : \\1/p; s/^port \\(.*\\)/  port     : \\1/p' "$file"
  n=$((n + 1))
done`,
  dscacheutil: `
[ "$*" = -flushcache ] && exit 0
[ "$1 $2 $3 $4" = '-q host -a name' ] || { echo 'usage: dscacheutil' >&2; exit 64; }
best=
for file in /etc/resolver/*; do
  domain=$(basename "$file")
  case $5 in "$domain" | *."$domain") [ \${#domain} -gt \${#best} ] && best=$domain ;; esac
done
[ -n "$best" ] && [ ! -f "$state/deaf" ] || exit 0
server=$(sed -n 's/^nameserver //p' "/etc/resolver/$best")
port=$(sed -n 's/^port //p' "/etc/resolver/$best")
address=$(dig +short +time=2 +tries=1 "@$server" -p "$port" "$5" A | head -n 1)
[ -z "$address" ] || printf 'name: %s\\nip_address: %s\\n\\n' "$5" "$address"`,
  killall: `[ "$*" = '-HUP mDNSResponder' ] || { echo 'No matching processes were found' >&2; exit 1; }`,
};
