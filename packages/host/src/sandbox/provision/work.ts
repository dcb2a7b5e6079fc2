export interface UniqueWork { commits: number; changed: string[]; untracked: string[]; stashes: number }
export async function findUniqueWork(_: unknown): Promise<UniqueWork> { throw new Error('placeholder'); }
