import { realpathSync } from 'node:fs';

/**
 * The one name of an existing file or folder: without links, and with the case that the file system keeps. Where that does
 * not tell cases apart (macOS), `/users/ada` and `/Users/ada` are the same folder; only the system's own realpath(3) knows.
 */
export const getRealPath = (path: string): string => realpathSync.native(path);
