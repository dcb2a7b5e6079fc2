// Exit 0: node_modules lacks something of package-lock.json. Exit 1: all is there. Run by plain Node, before Bun is.
// npm keeps what it installed in node_modules/.package-lock.json and writes that last, so a broken-off install shows.
import { readFileSync } from 'node:fs';

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return {};
  }
}

const wanted = readPackages('package-lock.json');
const installed = readPackages('node_modules/.package-lock.json');
const missing = Object.entries(wanted).filter(([path, { version, link, optional }]) => {
  if (!path.startsWith('node_modules/') || link) return false;
  const found = installed[path];
  return found ? found.version !== version : !optional; // an optional one may be for another platform
});
process.exit(missing.length > 0 ? 0 : 1);
