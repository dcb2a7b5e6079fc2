const WITH_VALUE = ['-w', '--workdir'];

/**
 * `exec NAME OPTIONS -- COMMAND` with the name behind the options, where the parser wants it: it takes all that follows the
 * name for the command, so that `exec NAME ls -la` works without `--`. Other command lines come back as they are.
 */
export function orderExecArgv(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  if (argv[0] !== 'exec' || end === -1) return [...argv];
  const head = argv.slice(1, end);
  const operands = head.filter((word, i) => !word.startsWith('-') && !WITH_VALUE.includes(head[i - 1] ?? ''));
  const [name] = operands;
  if (name === undefined || operands.length > 1) return [...argv];
  const at = head.indexOf(name);
  return ['exec', ...head.slice(0, at), ...head.slice(at + 1), name, ...argv.slice(end)];
}
