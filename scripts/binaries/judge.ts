import { isElf, parseElf } from './elf.ts';
import { checkSignature, isMachO, parseMachO } from './macho.ts';
import type { Target } from './targets.ts';

/** The C library and its parts, by the names they have on every Linux with glibc, and the run-time of C++. */
const GLIBC =
  /^(?:libc|libm|libdl|libpthread|librt|libutil|libresolv|libgcc_s|libstdc\+\+|libatomic|ld-linux-[\w-]+)\.so\.\d+$/;
/** What every macOS has. */
const SYSTEM_DYLIB = /^\/(?:usr\/lib|System\/Library)\//;
/** The macOS that we ask for anyway. */
const MAX_MACOS = 26;

export interface Judged {
  /** For people. */
  facts: string;
  /** What is wrong, a line each. */
  faults: string[];
}

/** Whether a program is of that kind of host and asks it for nothing unusual. Pure. */
export function judgeProgram(bytes: Buffer, target: Target): Judged {
  const [os, arch] = target.split('-');
  if (os === 'darwin') return isMachO(bytes) ? judgeMachO(bytes, arch) : none('no Mach-O file');
  return isElf(bytes) ? judgeElf(bytes, arch) : none('no ELF file');
}

const none = (fault: string): Judged => ({ facts: '', faults: [fault] });

function judgeElf(bytes: Buffer, arch: string | undefined): Judged {
  const { machine, interpreter, needed } = parseElf(bytes);
  const odd = needed.filter((name) => !GLIBC.test(name));
  return {
    facts: `ELF ${machine}, ${interpreter ?? 'static'}, ${needed.join(' ') || 'no libraries'}`,
    faults: [...(machine === arch ? [] : [`it is for ${machine}`]), ...odd.map((name) => `it needs ${name}`)],
  };
}

function judgeMachO(bytes: Buffer, arch: string | undefined): Judged {
  const found = parseMachO(bytes);
  const { machine, type, dylibs, minimum } = found;
  const signature = checkSignature(bytes, found);
  const odd = dylibs.filter((path) => !SYSTEM_DYLIB.test(path));
  const isSigned = signature !== undefined && signature.broken === 0;
  return {
    facts: `Mach-O ${machine}, macOS ${minimum ?? '?'}, ${dylibs.join(' ')}, ${describe(signature)}`,
    faults: [
      ...(machine === arch ? [] : [`it is for ${machine}`]),
      ...(type === 'executable' ? [] : ['it is no program']),
      ...odd.map((path) => `it loads ${path}`),
      ...(Number.parseInt(minimum ?? '', 10) <= MAX_MACOS ? [] : [`it wants macOS ${minimum}`]),
      ...(isSigned ? [] : ['its signature does not hold, so that macOS would kill it']),
    ],
  };
}

function describe(signature: ReturnType<typeof checkSignature>): string {
  if (!signature) return 'not signed';
  return `signed ${signature.adhoc ? 'by nobody' : 'by somebody'}, ${signature.broken} of ${signature.pages} pages broken`;
}
