import { afterAll, beforeAll } from 'bun:test';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerResult, installStandIn, type StandIn } from './install.ts';
import type { Version } from './stand-in/versions.ts';

/** A stand-in that is there while the file's tests run; where a reason speaks against it, none is made. */
export function useStandIn(version: Version, reason?: string): () => StandIn {
  let standIn: StandIn | undefined;
  if (reason === undefined) {
    beforeAll(() => {
      standIn = installStandIn({ folder: mkdtempSync(join(tmpdir(), 'stand-in-')), version });
    });
    afterAll(() => standIn?.dispose(), 60_000);
  }
  return () => {
    if (!standIn) throw new Error('the stand-in is there only while a test runs');
    return standIn;
  };
}

/** What of a result a row of the contract is about. */
export const getOutcome = ({ code, stderr }: ContainerResult): [number, string] => [code, stderr.trimEnd()];
