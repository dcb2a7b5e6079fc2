#!/usr/bin/env bun
import { createProcessContext, flushOutput } from './cli/process-context.ts';
import { runCli } from './cli/run-cli.ts';

const exitCode = await runCli(createProcessContext());
await flushOutput();
process.exit(exitCode);
