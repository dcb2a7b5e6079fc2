/** One word for a POSIX shell, whatever bytes are in it; a NUL cannot be in any argument. */
export function quoteWord(word: string): string {
  if (word.includes('\0')) throw new TypeError('an argument cannot hold a NUL');
  return `'${word.replaceAll("'", "'\\''")}'`;
}
