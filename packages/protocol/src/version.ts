/** The version of cspace; the three packages and the git tag carry the same one. */
export const VERSION = '0.1.0';

/**
 * The version of the language between daemon and supervisor. A daemon that speaks N also speaks N - 1;
 * it is raised when a message changes in a way that an older peer would misread.
 */
export const PROTOCOL = 1;
