import { join } from 'node:path';

/** A documented behaviour of Apple's that is another one in a mutant: one place in one file of the stand-in. */
export interface Mutation {
  /** What is different then. */
  name: string;
  /** Below `stand-in`. */
  file: string;
  /** There once. */
  from: string;
  to: string;
}

/** Twenty of them: each is found out by a test of the adapter's, or the adapter does not care, and a test shows that. */
export const MUTATIONS = [
  {
    name: 'machines have no state but a word, as before 1.0',
    file: 'render/container.ts',
    from: 'status: { state: container.state, networks, startedDate: started },',
    to: 'status: container.state, networks, startedDate: started,',
  },
  {
    name: 'a running machine is in state unknown',
    file: 'render/container.ts',
    from: 'state: container.state, networks',
    to: "state: container.state === 'running' ? 'unknown' : container.state, networks",
  },
  {
    name: 'a machine does not tell its gateway',
    file: 'render/container.ts',
    from: 'ipv4Gateway: gateway,',
    to: '',
  },
  {
    name: 'an address has no length of its network',
    file: 'render/container.ts',
    from: '/24`',
    to: '`',
  },
  {
    name: 'labels are not shown',
    file: 'render/container.ts',
    from: 'labels: record.labels,',
    to: 'labels: {},',
  },
  {
    name: 'slashes are not escaped',
    file: 'render/json.ts',
    from: ".replaceAll('/', '\\\\/')",
    to: '',
  },
  {
    name: 'inspect of what is missing is an empty list',
    file: 'commands/inspect.ts',
    from: 'if (!container && isNew)',
    to: 'if (!container && !isNew)',
  },
  {
    name: 'run -d and create say more than the id',
    file: 'commands/run.ts',
    from: '  print(id);\n  return 0;\n};\n\nexport const run',
    to: '  print("created");\n  print(id);\n  return 0;\n};\n\nexport const run',
  },
  {
    name: 'a taken name is taken over',
    file: 'commands/run.ts',
    from: 'if (findContainer(world, id))',
    to: 'if (false)',
  },
  {
    name: 'a machine may have less memory than 200 MiB',
    file: 'containers/sizes.ts',
    from: 'const LEAST_MEMORY = 200 * MIB;',
    to: 'const LEAST_MEMORY = 0;',
  },
  {
    name: 'memory without a unit is in bytes',
    file: 'containers/sizes.ts',
    from: 'Number(text) * MIB',
    to: 'Number(text)',
  },
  {
    name: 'starting a machine that runs is a failure',
    file: 'containers/start.ts',
    from: "if (found.state !== 'stopped') return false;",
    to: "if (found.state !== 'stopped') throw new Failure('invalidState', 'container is running');",
  },
  {
    name: 'removing a machine that is not there succeeds',
    file: 'containers/remove.ts',
    from: 'if (!found) throw',
    to: 'if (!found) return;\n    if (!found) throw',
  },
  {
    name: 'removing by force is refused while a machine runs',
    file: 'containers/remove.ts',
    from: "(found.state === 'running' && !force)",
    to: "found.state === 'running'",
  },
  {
    name: 'stopping a stopped machine is a failure',
    file: 'containers/stop.ts',
    from: "if (container.state === 'stopped') return;",
    to: "if (container.state === 'stopped') throw new Failure('invalidState', 'container is not running');",
  },
  {
    name: 'NET_ADMIN is never given',
    file: 'containers/capabilities.ts',
    from: '...add.map(strip)',
    to: "...add.map(strip).filter((name) => name !== 'NET_ADMIN')",
  },
  {
    name: 'the variant for arm64 comes first',
    file: 'render/image.ts',
    from: '[getAttestation(image), getVariant(image, version)]',
    to: '[getVariant(image, version), getAttestation(image)]',
  },
  {
    name: 'an image that is missing is an empty list',
    file: 'commands/image.ts',
    from: '    if (!image) throw getMissing(context, name);\n    found.push',
    to: '    if (!image) continue;\n    found.push',
  },
  {
    name: 'volumes are empty at first',
    file: 'volumes/volumes.ts',
    from: "    [join(folder, 'lost+found'), 0o700],\n",
    to: '',
  },
  {
    name: 'a machine keeps its address over a start',
    file: 'network/attach.ts',
    from: 'if (keepAddress && own !== undefined) return own;',
    to: 'if (own !== undefined) return own;',
  },
] as const satisfies readonly Mutation[];

const SOURCE = join(import.meta.dir, 'stand-in');

/** Makes one file of the stand-in, with a mutation. Throws where its place is not there, or there twice. */
export async function bundleMutant(program: string, { file, from, to }: Mutation): Promise<void> {
  const mutated = join(SOURCE, file);
  const text = await Bun.file(mutated).text();
  if (text.split(from).length !== 2) throw new Error(`${file} does not have this once: ${from}`);
  const built = await Bun.build({
    entrypoints: [join(SOURCE, 'main.ts')],
    target: 'bun',
    plugins: [
      {
        name: 'mutation',
        setup: (build) => {
          build.onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
            contents: path === mutated ? text.replace(from, () => to) : await Bun.file(path).text(),
            loader: 'ts',
          }));
        },
      },
    ],
  });
  const [output] = built.outputs;
  if (!built.success || !output)
    throw new Error(`the mutant of ${file} cannot be bundled: ${built.logs.join('\n')}`);
  await Bun.write(program, await output.text());
}
