import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchCommandLines } from '../support/command-lines.ts';
import { answerGithubApi } from '../support/fake-github.ts';
import { type GitHttpServer, startGitHttpServer } from '../support/git-http-server.ts';
import { makeOutsideHost, type OutsideHost } from '../support/outside-host.ts';
import { createWorld, type World } from '../support/world.ts';

const TOKEN = 'ghp_CANARY0123456789abcdefghijklmnopqrst';

let world: World;
let upstream: string;
let outside: OutsideHost;
let github: GitHttpServer | undefined;
beforeAll(async () => {
  // A project of its own: machines' names are the host's, whatever the home.
  world = createWorld({ project: 'pushed' });
  upstream = join(world.folder, 'github/acme/shop.git');
  mkdirSync(upstream, { recursive: true });
  world.git(['init', '-q', '--bare', '-b', 'main', upstream]);
  world.git(['push', '-q', upstream, 'main']);
  world.git(['remote', 'add', 'origin', 'git@github.com:acme/shop.git']);
  world.git(['commit', '-q', '--allow-empty', '-m', 'second commit, never pushed']);

  expect(await world.cspace(['up', 'mercury'], { env: { GH_TOKEN: TOKEN } })).toMatchObject({ code: 0 });
  const tls = await makeCertificate('mercury');
  outside = await makeOutsideHost();
  github = startGitHttpServer({
    root: join(world.folder, 'github'),
    hostname: outside.near,
    port: 443,
    tls,
    token: TOKEN,
    fallback: (request) => answerGithubApi(request, TOKEN),
  });
  await outside.forward(443);
  await leadToServer('mercury', tls.cert);
  expect(await world.cspace(['up', 'venus'])).toMatchObject({ code: 0 });
  await leadToServer('venus', tls.cert);
  const wrong = { GITHUB_TOKEN: 'ghp_expired' };
  expect(await world.cspace(['up', 'earth'], { env: wrong })).toMatchObject({ code: 0 });
  await leadToServer('earth', tls.cert);
});
afterAll(async () => {
  await github?.close();
  await world.dispose();
  await outside?.dispose();
});

const exec = (name: string, ...argv: string[]) => world.cspace(['exec', name, '--', ...argv]);
const inUpstream = (...args: string[]) => world.git(['--git-dir', upstream, ...args]);

/** A self-signed certificate of GitHub's names, made inside: openssl is in the image, and maybe not on the host. */
async function makeCertificate(name: string): Promise<{ key: string; cert: string }> {
  const script = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout - \\
    -subj '/CN=GitHub of the tests' -addext 'subjectAltName=DNS:github.com,DNS:api.github.com' 2>/dev/null`;
  const { stdout } = await exec(name, 'sh', '-c', script);
  const [key = '', cert = ''] = stdout.match(/-----BEGIN [\s\S]+?-----END [A-Z ]+-----\n/g) ?? [];
  return { key, cert };
}

/** Makes GitHub's names lead to our server in one sandbox, and its certificate trusted there. */
async function leadToServer(name: string, cert: string): Promise<void> {
  const script = `cat >/usr/local/share/ca-certificates/test.crt && update-ca-certificates >/dev/null 2>&1 &&
    echo '${outside.address} github.com api.github.com' >>/etc/hosts`;
  const done = await world.cspace(['exec', '--root', name, '--', 'sh', '-c', script], { input: cert });
  expect(done).toMatchObject({ code: 0 });
}

describe('git and gh inside, with the GitHub token of the host', () => {
  test('git ls-remote: an ssh origin is reached over https', async () => {
    const list = await exec('mercury', 'git', 'ls-remote', 'origin');
    expect(list).toMatchObject({ code: 0 });
    expect(list.stdout).toContain('refs/heads/main');
    expect(github?.requests).toContain('GET github.com/acme/shop.git/info/refs 200');
    const url = ['git', 'ls-remote', '--exit-code', 'ssh://git@github.com/acme/shop.git', 'main'];
    expect(await exec('mercury', ...url)).toMatchObject({ code: 0 });
  });

  test('git fetch brings what was pushed meanwhile', async () => {
    const other = join(world.folder, 'other');
    world.git(['clone', '-q', upstream, other]);
    world.git(['commit', '-q', '--allow-empty', '-m', 'work of a colleague'], other);
    world.git(['push', '-q'], other);
    expect(await exec('mercury', 'git', 'fetch')).toMatchObject({ code: 0 });
    const log = await exec('mercury', 'git', 'log', '-1', '--format=%s', 'origin/main');
    expect(log.stdout).toBe('work of a colleague\n');
  });

  test('git push makes the branch of the sandbox upstream, with the commits that only the host had', async () => {
    await exec('mercury', 'git', 'commit', '--allow-empty', '-qm', 'work of the sandbox');
    expect(await exec('mercury', 'git', 'push')).toMatchObject({ code: 0 });
    expect(inUpstream('log', '-2', '--format=%s', 'cspace/mercury').split('\n')).toEqual([
      'work of the sandbox',
      'second commit, never pushed',
    ]);
  });

  test('git push by the agent', async () => {
    const turn = 'run: git commit --allow-empty -qm "work of the agent" && git push 2>&1';
    expect(await world.cspace(['send', 'mercury', '--follow', turn])).toMatchObject({ code: 0 });
    expect(inUpstream('log', '-1', '--format=%s', 'cspace/mercury')).toBe('work of the agent');
  });

  test('gh knows who it is, and which repository it is in', async () => {
    const status = await exec('mercury', 'gh', 'auth', 'status');
    expect(status).toMatchObject({ code: 0 });
    expect(status.stdout).toContain('Logged in to github.com account ada (GH_TOKEN)');
    expect(await exec('mercury', 'gh', 'api', 'user', '--jq', '.login')).toMatchObject({ stdout: 'ada\n' });
    const repository = ['gh', 'api', 'repos/{owner}/{repo}', '--jq', '.full_name'];
    expect(await exec('mercury', ...repository)).toMatchObject({ code: 0, stdout: 'acme/shop\n' });
  });

  test('the token stands on no command line, in no configuration of git or gh', async () => {
    const watch = await watchCommandLines(world, 'mercury');
    for (const command of ['git push --force', 'git fetch', 'gh api user']) {
      expect(await exec('mercury', ...command.split(' '))).toMatchObject({ code: 0 });
    }
    const lines = await watch.stop();
    expect(lines.some((line) => line.includes('git-remote-http') || line.includes('git remote-http'))).toBe(
      true,
    );
    expect(lines.filter((line) => line.includes('CANARY'))).toEqual([]);
    expect(readFileSync(join(world.home, 'clones/pushed/mercury/.git/config'), 'utf8')).not.toContain(
      'CANARY',
    );
    const files = await exec('mercury', 'grep', '-rlI', 'CANARY', '/home/dev', '/etc', '/workspace');
    expect(files.stdout).toBe('');
  });

  test('the token goes to GitHub over https, and to no other server', async () => {
    const ask = (url: string) =>
      world.cspace(['exec', '-i', 'mercury', '--', 'git', 'credential', 'fill'], { input: `url=${url}\n\n` });
    expect((await ask('https://github.com/acme/shop.git')).stdout).toContain(TOKEN);
    for (const url of ['https://example.com', 'https://github.com.example.com', 'http://github.com']) {
      const { stdout, stderr } = await ask(url);
      expect(stdout + stderr).toContain('could not read Username');
      expect(stdout + stderr).not.toContain('CANARY');
    }
  });
});

describe('without a token that counts', () => {
  const AT_ONCE = { timeoutMs: 15_000 };

  test('git push and git fetch say what is missing and how to give it', async () => {
    for (const command of ['push', 'fetch', 'ls-remote']) {
      const done = await world.cspace(['exec', 'venus', '--', 'git', command], AT_ONCE);
      expect(done.code).toBe(128);
      expect(done.stderr).toContain('no GitHub token');
      expect(done.stderr).toContain('GH_TOKEN');
    }
  });

  test('gh says what is missing', async () => {
    const done = await world.cspace(['exec', 'venus', '--', 'gh', 'api', 'user'], AT_ONCE);
    expect(done.code).toBe(4);
    expect(done.stderr).toContain('GH_TOKEN');
  });

  test('a token that GitHub does not take: git and gh say so', async () => {
    const push = await world.cspace(['exec', 'earth', '--', 'git', 'push'], AT_ONCE);
    expect(push.code).toBe(128);
    expect(push.stderr).toContain('Authentication failed');
    const api = await world.cspace(['exec', 'earth', '--', 'gh', 'api', 'user'], AT_ONCE);
    expect(api.code).toBe(1);
    expect(api.stdout + api.stderr).toContain('Bad credentials');
    // Its exit code is 0 all the same (2.46).
    const status = await world.cspace(['exec', 'earth', '--', 'gh', 'auth', 'status'], AT_ONCE);
    expect(status.stdout + status.stderr).toContain('Failed to log in to github.com');
  });
});
