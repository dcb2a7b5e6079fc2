import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const TIMEOUT_MS = 10 * 60_000;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** apt of another architecture, with all that it keeps in a folder of ours: the host's own is not touched. */
export interface Apt {
  /** The packages that an install would bring, all that they depend on included. Throws where one is not there. */
  resolve(packages: readonly string[]): Promise<string[]>;
  /** Unpacks some into a folder. */
  unpack(packages: readonly string[], folder: string): Promise<void>;
}

export async function openApt(folder: string, suite: string, arch: string): Promise<Apt> {
  const at = (name: string) => join(folder, name);
  for (const name of ['lists/partial', 'archives/partial', 'debs'])
    await mkdir(at(name), { recursive: true });
  const source = `deb [arch=${arch} signed-by=${KEYRING}] http://deb.debian.org/debian ${suite} main\n`;
  await writeFile(at('sources.list'), source);
  await writeFile(at('status'), '');
  await writeFile(at('apt.conf'), getConfig(folder, arch));
  const env = { ...process.env, APT_CONFIG: at('apt.conf'), LC_ALL: 'C.UTF-8' };
  const call = (argv: string[]) => run(argv, { cwd: at('debs'), env });
  await call(['apt-get', '-qq', 'update']);
  return {
    async resolve(packages) {
      const said = await call(['apt-get', '-qq', '-s', '--no-install-recommends', 'install', ...packages]);
      return said.split('\n').flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? []);
    },
    async unpack(packages, into) {
      await call(['apt-get', '-qq', 'download', ...packages]);
      await call(['sh', '-ec', 'for deb in *.deb; do dpkg-deb -x "$deb" "$1"; done', 'sh', into]);
    },
  };
}

function getConfig(folder: string, arch: string): string {
  const settings = {
    'APT::Architecture': arch,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': folder,
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Debug::NoLocking': 'true',
    'Acquire::Languages': 'none',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";`);
  return `${lines.join('\n')}\nAPT::Architectures { "${arch}"; };\nAPT::Sandbox::User "root";\n`;
}

async function run(argv: string[], options: { cwd: string; env: Record<string, string | undefined> }) {
  const child = Bun.spawn(argv, { ...options, stdout: 'pipe', stderr: 'pipe', timeout: TIMEOUT_MS });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${argv.slice(0, 4).join(' ')}: ${stderr}`);
  return stdout;
}
