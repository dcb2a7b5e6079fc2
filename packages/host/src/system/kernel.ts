import { release } from 'node:os';

/** `uname -r`, without asking a program. */
export const getKernelRelease = (): string => release();
