export interface KernelLineOptions {
  accel: 'kvm' | 'tcg';
  /** Of the host's time stamp counter, where it is certain. */
  tscKhz: number | undefined;
  /** More of it, for tests. */
  extra?: readonly string[];
}

/** Debian's CONFIG_HZ. */
const HZ = 250;

/**
 * The kernel's command line. A panic ends the guest at once (`panic=-1`), and only what is fatal is on the console. An
 * emulated guest sees the host's own counter: where its frequency is told, the kernel need not measure it, which is slow
 * there and goes wrong on a busy host.
 */
export function getKernelLine({ accel, tscKhz, extra = [] }: KernelLineOptions): string {
  const line = ['console=ttyS0', 'quiet', 'loglevel=1', 'panic=-1', 'cryptomgr.notests'];
  if (accel === 'tcg') line.push('no_timer_check', 'tsc=reliable');
  if (accel === 'tcg' && tscKhz !== undefined) {
    line.push(`tsc_early_khz=${tscKhz}`, `lpj=${Math.round((tscKhz * 1000) / HZ)}`);
  }
  return [...line, ...extra].join(' ');
}

/** From /proc/cpuinfo. Where the host changes the frequency of its processors this is not the counter's: `hasCpufreq`. */
export function parseTscKhz(cpuinfo: string, hasCpufreq: boolean): number | undefined {
  const mhz = Number(/^cpu MHz\s*:\s*([\d.]+)$/m.exec(cpuinfo)?.[1]);
  return hasCpufreq || !(mhz > 0) ? undefined : Math.round(mhz * 1000);
}
