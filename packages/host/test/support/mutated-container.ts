// `mutated-container.ts FILE CONTAINER ARGS…`: the stand-in, with its answers changed by the mutation that FILE names.
import { readFileSync } from 'node:fs';
import { findMutation } from './apple-mutations.ts';

const [file = '', container = '', ...argv] = process.argv.slice(2);
const mutation = findMutation(readFileSync(file, 'utf8'), argv);
if (!mutation) {
  const child = Bun.spawnSync([container, ...argv], { stdio: ['inherit', 'inherit', 'inherit'] });
  process.exit(child.exitCode);
}
const run = () => {
  const child = Bun.spawnSync([container, ...argv], { stdin: 'inherit' });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
};
const answer = mutation.instead ?? run();
const { code, stdout, stderr } = mutation.change?.(answer) ?? answer;
process.stderr.write(stderr);
process.stdout.write(stdout);
process.exitCode = code;
