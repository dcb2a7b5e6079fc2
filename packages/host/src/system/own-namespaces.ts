/**
 * A program in mount and pid namespaces of its own: with its first process the kernel takes away every mount and process
 * that it made, however that ends, and it ends with us (unshare(1), setpriv(1)). Needs root.
 */
export function getOwnNamespacesArgv(argv: readonly string[]): string[] {
  return [
    ...['setpriv', '--pdeathsig', 'KILL'],
    ...['unshare', '--mount', '--propagation', 'private'],
    ...['--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
    ...argv,
  ];
}
