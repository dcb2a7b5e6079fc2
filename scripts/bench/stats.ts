import { createRandom } from '../../packages/host/test/support/random.ts';

/** The value that the share `q` of all values does not exceed; between two, in proportion. */
export function getQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const [low = Number.NaN, high = low] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export const getMedian = (values: readonly number[]): number => getQuantile(values, 0.5);

export interface Ratio {
  value: number;
  /** 95 % of what the same measurement would give again, by bootstrap. */
  interval: [number, number];
}

const RESAMPLES = 2000;
const SEED = 10;

/** The ratio of two medians. */
export function getRatio(ours: readonly number[], peers: readonly number[]): Ratio {
  const random = createRandom(SEED);
  const resample = (values: readonly number[]) => getMedian(values.map(() => random.pick(values)));
  const ratios = Array.from({ length: RESAMPLES }, () => resample(ours) / resample(peers));
  return {
    value: getMedian(ours) / getMedian(peers),
    interval: [getQuantile(ratios, 0.025), getQuantile(ratios, 0.975)],
  };
}
