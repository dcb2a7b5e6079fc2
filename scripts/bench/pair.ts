/** Figures of one round, by the name of the metric. */
export type Figures = Record<string, number>;

export interface Pair {
  ours: () => Promise<Figures>;
  peer: () => Promise<Figures>;
}

export interface Samples {
  ours: Record<string, number[]>;
  peer: Record<string, number[]>;
}

const WARM_UPS = 2;

/** Measures A B A B …: what slows the machine for a while slows both. The first two rounds do not count. */
export async function measurePair(
  { ours, peer }: Pair,
  rounds: number,
  warmUps = WARM_UPS,
): Promise<Samples> {
  const samples: Samples = { ours: {}, peer: {} };
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const [side, measure] of [
      ['ours', ours],
      ['peer', peer],
    ] as const) {
      const figures = await measure();
      if (round < 0) continue;
      for (const [metric, value] of Object.entries(figures)) {
        samples[side][metric] ??= [];
        samples[side][metric].push(value);
      }
    }
  }
  return samples;
}
