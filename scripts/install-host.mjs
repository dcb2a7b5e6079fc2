// Run by ./cspace, by plain Node, where node_modules may lack something: installs the pinned dependencies of the host's
// package only. What is there already and fits the lock file is left alone, a developer's full install above all.
// Two at once: one installs, the other waits. Prints what it does on stderr; npm's own words only where it fails.
import { spawn } from 'node:child_process';
import { copyFileSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockFile = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.cspace-lock');
const mutex = join(root, '.cspace-install.lock');

const INSTALL_TIMEOUT_MS = 10 * 60_000;
const WAIT_MS = 100;
/** The host's package and the workspace's root, without the agent SDK and the tools of developers. */
const NPM_ARGS = [
  'ci',
  '-w',
  'packages/host',
  '--include-workspace-root',
  '--omit=dev',
  '--no-audit',
  '--no-fund',
];

class InstallError extends Error {}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return {};
  }
}

/** The paths in node_modules of all that the root and the host's package need, by npm's own way of finding a package. */
function getNeeded(wanted) {
  const needed = new Set();
  const visit = (from) => {
    const { dependencies = {}, optionalDependencies = {} } = wanted[from] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const path = findPackage(wanted, from, name);
      if (path === undefined || needed.has(path)) continue;
      needed.add(path);
      visit(wanted[path].link ? wanted[path].resolved : path);
    }
  };
  visit('');
  visit('packages/host');
  return needed;
}

/** The nearest node_modules upwards that has it. */
function findPackage(wanted, from, name) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = folder === '' || folder === '.' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (wanted[path]) return path;
    if (folder === '' || folder === '.') return undefined;
  }
}

/** npm writes node_modules/.package-lock.json last, so an install that was broken off shows. */
function isSatisfied() {
  const wanted = readPackages(lockFile);
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  for (const path of getNeeded(wanted)) {
    const { version, link, optional } = wanted[path];
    const found = installed[path];
    if (link ? !found : found ? found.version !== version : !optional) return false;
  }
  return Object.keys(installed).length > 0;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** A symbolic link that points to our pid: made with its content in one step. */
async function takeMutex() {
  let told = false;
  for (;;) {
    try {
      symlinkSync(String(process.pid), mutex);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw new InstallError(error.message);
    }
    const holder = readHolder();
    if (holder !== undefined && !isAlive(Number(holder))) dropStale(holder);
    if (!told && holder !== undefined)
      console.error(`waiting for another cspace that installs (pid ${holder})`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}

function readHolder() {
  try {
    return readlinkSync(mutex);
  } catch {
    return undefined;
  }
}

/** Renamed before it is removed: of several that find it stale one gets it, and a fresh one taken by mistake shows. */
function dropStale(holder) {
  const aside = `${mutex}.${process.pid}`;
  try {
    renameSync(mutex, aside);
    if (readlinkSync(aside) === holder) rmSync(aside);
    else renameSync(aside, mutex);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

/** npm as whoever the checkout belongs to: as root it would leave files that its owner cannot replace. */
function getUser() {
  const { uid, gid } = statSync(root);
  if (process.getuid() !== 0 || uid === 0) return {};
  const home = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(uid))?.[5];
  return { uid, gid, env: { ...process.env, ...(home ? { HOME: home } : {}) } };
}

async function install() {
  console.error('installing the dependencies of cspace (npm ci), once');
  const user = getUser();
  const child = spawn('npm', NPM_ARGS, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...user });
  let output = '';
  const collect = (chunk) => {
    output += chunk;
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const stop = (signal) => {
    child.kill('SIGTERM');
    child.on('close', () => {
      rmSync(mutex, { force: true });
      process.exit(128 + constants.signals[signal]);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  const timer = setTimeout(() => child.kill('SIGKILL'), INSTALL_TIMEOUT_MS);
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += error.code === 'ENOENT' ? 'npm is not installed' : error.message;
    });
    child.on('close', resolve);
  });
  clearTimeout(timer);
  if (code !== 0) throw new InstallError(output.trimEnd());
}

try {
  if (!isSatisfied()) {
    await takeMutex();
    try {
      if (!isSatisfied()) await install();
    } finally {
      rmSync(mutex, { force: true });
    }
  }
  try {
    copyFileSync(lockFile, stamp);
  } catch {
    // A checkout that we may not write to: it is looked at anew each time, which takes a moment and is right.
  }
} catch (error) {
  console.error(error.message);
  console.error('error: the dependencies of cspace could not be installed');
  console.error(`  fix: (cd ${root} && npm ${NPM_ARGS.slice(0, 5).join(' ')})`);
  process.exit(error instanceof InstallError ? 3 : 70);
}
