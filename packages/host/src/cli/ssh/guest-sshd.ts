/**
 * An sshd for one connection on its stdin and stdout, as `dev` and with nothing but `dev`'s rights. Its key is made at the
 * first one; two first ones at once each make one, and one of them stays. `$1` is who may log in: one line.
 */
const SCRIPT = `
umask 077
folder=$HOME/.ssh/cspace
mkdir -p "$folder"
if [ ! -f "$folder/host_key" ]; then
  made=$folder/made.$$
  ssh-keygen -q -t ed25519 -N '' -f "$made" </dev/null && mv "$made" "$folder/host_key"
  rm -f "$made" "$made.pub"
fi
printf '%s\\n' "$1" >"$folder/authorized.$$" && mv "$folder/authorized.$$" "$folder/authorized"
exec /usr/sbin/sshd -i -e -f /dev/null \\
  -o HostKey="$folder/host_key" -o AuthorizedKeysFile="$folder/authorized" -o StrictModes=no \\
  -o UsePAM=no -o PidFile=none -o LogLevel=ERROR -o Subsystem='sftp internal-sftp'
`;

/** Its argv in the sandbox. */
export const getGuestSshd = (authorized: string): string[] => ['sh', '-c', SCRIPT, 'sh', authorized];
