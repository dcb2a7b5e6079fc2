#!/usr/bin/env bun
import { createProcessContext, endOutput } from './cli/process-context.ts';
import { runCli } from './cli/run-cli.ts';

const exitCode = await runCli(createProcessContext());
await endOutput();
process.exit(exitCode);
