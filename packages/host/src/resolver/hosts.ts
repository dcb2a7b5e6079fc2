import { readFile } from 'node:fs/promises';
import { ProblemError } from '@cspace/protocol/problem';
import { getGateway } from '../network/addresses.ts';
import { editFile } from '../system/edit-file.ts';
import { HOST_FILES } from '../system/paths.ts';
import type { Form, HostsEntry, Target } from './form.ts';
import { hasBlock, removeBlock, setBlock } from './hosts-block.ts';
import { getHostsEntries } from './names.ts';

/** A block in /etc/hosts: for hosts whose resolver takes no rules. The daemon keeps it as sandboxes come and go. */
export const hostsForm: Form = {
  name: 'hosts',
  title: `a block in ${HOST_FILES.hosts}`,
  wildcards: false,
  describe: () => [
    `a marked block in ${HOST_FILES.hosts}, with the names of the sandboxes that run`,
    'the file knows no wildcards: api.mercury.shop… will not resolve, mercury.shop… will',
  ],
  // The daemon, where one runs, is told to fill it.
  apply: (target) => writeHostsBlock(target, getHostsEntries([], getGateway(target.subnet))),
  revert: (target) => removeHostsBlock(target.homeLabel),
  async check(target) {
    if (await hasHostsBlock(target.homeLabel)) return undefined;
    return { why: `the block is gone from ${HOST_FILES.hosts}`, fix: 'cspace dns install' };
  },
};

/** Puts the names into the block, which it makes where it is missing. Throws `host-unsupported`. */
export function writeHostsBlock(target: Target, entries: readonly HostsEntry[]): Promise<void> {
  return edit((text) => setBlock(text, entries, target));
}

export function removeHostsBlock(homeLabel: string): Promise<void> {
  return edit((text) => removeBlock(text, homeLabel));
}

/** Needs no root. */
export async function hasHostsBlock(homeLabel: string): Promise<boolean> {
  const text = await readFile(HOST_FILES.hosts, 'latin1').catch(() => '');
  return hasBlock(text, homeLabel);
}

async function edit(change: (text: string) => string): Promise<void> {
  try {
    await editFile(HOST_FILES.hosts, change);
  } catch (error) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: `could not write ${HOST_FILES.hosts}`,
      why: error instanceof Error ? error.message : String(error),
      fix: `make it a file that root can write (lsattr ${HOST_FILES.hosts}, findmnt -T ${HOST_FILES.hosts})`,
    });
  }
}
